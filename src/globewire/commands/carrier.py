"""`globewire carrier`: how the carriers stand, as the send stage last said, and orders to whoever has their binds."""

import dataclasses
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from globewire.commands import paper
from globewire.commands.options import ConfigOption, JsonOption, examples
from globewire.commands.shop import Shop, visit
from globewire.commands.trouble import Trouble
from globewire.config import SIMULATOR, Config
from globewire.hold.port import CarrierOrder, CarrierOrders, CarrierStanding
from globewire.message import CarrierId, Millis

app = typer.Typer(
    help="See how the carriers stand; pause one, resume it, or bind it anew.",
    epilog=examples("carrier list", "carrier list --json", "carrier pause north", "carrier resume north", "carrier rebind north"),
)
CarrierArgument = Annotated[str, typer.Argument(metavar="ID", help="The carrier's id.")]
PAUSED = "paused"
OBEYED = "A running gateway does so within a second, whichever process has the carrier's binds."


@app.command("list", epilog=examples("carrier list", "carrier list --json"))
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the carriers of the configuration and how their binds stand.

    It is what the server that has a carrier's binds says, every few seconds while it runs. --json has all figures.
    """

    async def ask(shop: Shop) -> list[dict[str, Any]]:
        return list(_rows(shop.config, await shop.hold.carriers(), await shop.hold.orders()))

    rows = visit(config, ask)
    if as_json:
        paper.as_json(rows)
        return
    paper.table(
        ("Carrier", "Address", "Bound", "In flight", "Waiting", "A second", "Answer, ms", "Overdue", "State"),
        [_shown(row) for row in rows],
        "There is no carrier: add [[carrier]] to the configuration.",
    )


@app.command("pause", epilog=examples("carrier pause north"))
def pause(id: CarrierArgument, config: ConfigOption = None) -> None:
    """Submit nothing to a carrier until it is resumed, over restarts too.

    Its binds stay up, and its receipts are heard. A text of which a part was submitted is submitted whole. After `unbound_grace`
    the carrier is passed over: what waits goes to the next carrier of its route; what has no other waits.
    """
    _order(config, id, CarrierOrder.PAUSE)
    paper.say(f"{id} is to be paused. {OBEYED}")


@app.command("resume", epilog=examples("carrier resume north"))
def resume(id: CarrierArgument, config: ConfigOption = None) -> None:
    """Submit to a paused carrier again."""
    _order(config, id, CarrierOrder.RESUME)
    paper.say(f"{id} is to be resumed. {OBEYED}")


@app.command("rebind", epilog=examples("carrier rebind north"))
def rebind(id: CarrierArgument, config: ConfigOption = None) -> None:
    """End the sessions with a carrier and begin others, one after the other; where none stands, try at once.

    What is in flight is awaited first, for `response_timeout` at most.
    """
    _order(config, id, CarrierOrder.REBIND)
    paper.say(f"{id} is to be bound anew. {OBEYED}")


def _order(path: Path | None, id: str, order: CarrierOrder) -> None:
    """Write the order down for whoever has the carrier's binds."""

    async def ask(shop: Shop) -> None:
        known = _addresses(shop.config)
        if id not in known:
            raise Trouble(f"there is no carrier {id!r}", f"there are {', '.join(sorted(known)) or 'none'}")
        await shop.hold.order(CarrierId(id), order, Millis(time.time_ns() // 1_000_000))

    visit(path, ask)


def _addresses(config: Config) -> dict[str, str]:
    """The carriers of the configuration by id, and where each is."""
    addresses = {str(one.id): f"{one.host}:{one.port}{' TLS' if one.tls else ''}" for one in config.carriers}
    return {**addresses, SIMULATOR: "in the gateway"} if config.simulator.enabled else addresses


def _shown(row: dict[str, Any]) -> tuple[object, ...]:
    """A row for people: no figures where nobody runs, and what was ordered where nobody has said that it is done."""
    figures, trip = row["figures"], row["figures"]["round_trip"]
    state = str(row["state"])
    if row["paused_at"] and not state.startswith(PAUSED):
        state = f"to be paused; {state}"
    if not row["running"]:
        return row["id"], row["address"], f"0 of {row['binds']}", "", "", "", "", "", state
    flight, answer = f"{row['in_flight']} of {figures['window']}", f"{trip['p50']}, {trip['p95']}" if trip["p95"] else ""
    bound, rate = f"{row['bound']} of {row['binds']}", figures["rate"]
    return row["id"], row["address"], bound, flight, figures["waiting"], rate, answer, figures["overdue"], state


def _rows(config: Config, standings: list[CarrierStanding], orders: Mapping[CarrierId, CarrierOrders]) -> Iterator[dict[str, Any]]:
    addresses, now = _addresses(config), time.time_ns() // 1_000_000
    said = {str(standing.carrier): standing for standing in standings}
    for id in [*addresses, *(id for id in said if id not in addresses)]:
        standing = said.get(id, CarrierStanding(CarrierId(id), 0, 0, 0, "", Millis(0)))
        running = standing.running(now)
        yield {
            "id": id,
            "address": addresses.get(id, "not in the configuration"),
            "running": running,
            "bound": standing.bound if running else 0,
            "binds": standing.binds,
            "in_flight": standing.in_flight if running else 0,
            "state": standing.state if running else _silence(standing),
            "paused_at": paper.iso(orders.get(CarrierId(id), CarrierOrders()).paused_at),
            "at": paper.iso(standing.at),
            "figures": {**dataclasses.asdict(standing.figures), "since": paper.iso(standing.figures.since)},
        }


def _silence(standing: CarrierStanding) -> str:
    return f"not running since {paper.moment(standing.at)}" if standing.at else "nothing said yet"
