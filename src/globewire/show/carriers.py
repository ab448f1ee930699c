"""Carriers: how each stands and how it went of late, and orders to whoever has its binds."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from globewire.errors import Amiss
from globewire.hold.port import CarrierOrder, CarrierOrders, CarrierStanding
from globewire.message import CarrierId, Millis
from globewire.plan import Carrier
from globewire.show.access import CONFLICT, text
from globewire.show.history import by_minute, series
from globewire.show.page import page
from globewire.show.window import Window, window

SIMULATED = CarrierId("simulator")


@dataclass(frozen=True, slots=True)
class Row:
    """A carrier of the configuration or of the past, what was last said of it, and what it was told. `plan` is None where the
    configuration has it no more; `running`: somebody has its binds now, as far as is known."""

    id: CarrierId
    plan: Carrier | None
    standing: CarrierStanding
    orders: CarrierOrders
    running: bool

    @property
    def paused(self) -> bool:
        """Whether it was told to submit nothing; that it is done is in its state."""
        return self.orders.paused_at > 0

    @property
    def address(self) -> str:
        """Where it is."""
        if self.plan is None:
            return "not in the configuration"
        return "in the gateway" if self.id == SIMULATED else f"{self.plan.host}:{self.plan.port}"

    @property
    def mood(self) -> str:
        """How its state is to look."""
        if not self.running or not self.standing.bound:
            return "bad"
        return "doubt" if self.paused or self.standing.bound < self.standing.binds else "good"

    @property
    def state(self) -> str:
        """Its state in words."""
        if not self.standing.at:
            return "nothing said yet"
        if not self.running:
            return "not running"
        return "to be paused; " + self.standing.state if self.paused and not self.standing.figures.paused else self.standing.state


async def carriers(request: Request) -> Response:
    """All carriers in one table."""
    return page(request, "carriers.html", rows=(await _rows(window(request))).values())


async def carrier(request: Request) -> Response:
    """One carrier, and the orders that its forms give."""
    looking, fault = window(request), None
    row = await _row(request)
    if request.method == "POST":
        order = ORDERS.get(text(await request.form(), "do"))
        if order is None:
            fault = Amiss("this is none of the forms of this page", "load the page again")
        elif row.plan is None:
            fault = Amiss(f"the configuration has no carrier {row.id!r}", "nobody would hear the order")
        else:
            await looking.hold.order(row.id, order, looking.now())
            return RedirectResponse(f"/console/carriers/{row.id}", 303)
    minutes = by_minute(looking.history.of(row.id))
    return page(request, "carrier.html", CONFLICT if fault else 200, row=row, minutes=minutes, fault=fault)


async def history(request: Request) -> Response:
    """What the charts of a carrier draw."""
    row = await _row(request)
    drawn = {"pace": row.standing.figures.pace, "window": row.standing.figures.window}
    return Response(orjson.dumps({**drawn, **series(window(request).history.of(row.id))}), media_type="application/json")


ORDERS: Mapping[str, CarrierOrder] = {order.value: order for order in CarrierOrder}


async def _row(request: Request) -> Row:
    id = CarrierId(request.path_params["carrier"])
    row = (await _rows(window(request))).get(id)
    if row is None:
        raise Amiss(f"there is no carrier {id!r}")
    return row


async def _rows(looking: Window) -> dict[CarrierId, Row]:
    """The carriers of the configuration first, then those of which something was said once."""
    said = {standing.carrier: standing for standing in await looking.history.look()}
    orders, now = await looking.hold.orders(), looking.now()
    rows = {}
    for id in [*looking.carriers, *(id for id in said if id not in looking.carriers)]:
        standing = said.get(id, CarrierStanding(id, 0, 0, 0, "", Millis(0)))
        rows[id] = Row(id, looking.carriers.get(id), standing, orders.get(id, CarrierOrders()), standing.running(now))
    return rows
