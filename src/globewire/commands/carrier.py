"""`globewire carrier`: how the carriers stand, as the send stage last said, and orders to whoever has their binds."""

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
from globewire.hold.port import CarrierStanding, Order, Orders
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

    What is shown of the binds is what a running server last said, and when it said so.
    """

    async def ask(shop: Shop) -> list[dict[str, Any]]:
        return list(_rows(shop.config, await shop.hold.carriers(), await shop.hold.orders()))

    rows = visit(config, ask)
    if as_json:
        paper.as_json([{**row, "paused_at": paper.iso(row["paused_at"]), "at": paper.iso(row["at"])} for row in rows])
        return
    paper.table(
        ("Carrier", "Address", "Bound", "In flight", "State", "Said at"),
        [(r["id"], r["address"], f"{r['bound']} of {r['binds']}", r["in_flight"], _state(r), paper.moment(r["at"])) for r in rows],
        "There is no carrier: add [[carrier]] to the configuration.",
    )


@app.command("pause", epilog=examples("carrier pause north"))
def pause(id: CarrierArgument, config: ConfigOption = None) -> None:
    """Submit nothing to a carrier until it is resumed, over restarts too.

    Its binds stay up, and its receipts are heard. A text of which a part was submitted is submitted whole. After `unbound_grace`
    the carrier is passed over: what waits goes to the next carrier of its route; what has no other waits.
    """
    _order(config, id, Order.PAUSE)
    paper.say(f"{id} is to be paused. {OBEYED}")


@app.command("resume", epilog=examples("carrier resume north"))
def resume(id: CarrierArgument, config: ConfigOption = None) -> None:
    """Submit to a paused carrier again."""
    _order(config, id, Order.RESUME)
    paper.say(f"{id} is to be resumed. {OBEYED}")


@app.command("rebind", epilog=examples("carrier rebind north"))
def rebind(id: CarrierArgument, config: ConfigOption = None) -> None:
    """End the sessions with a carrier and begin others, one after the other; where none stands, try at once.

    What is in flight is awaited first, for `response_timeout` at most.
    """
    _order(config, id, Order.REBIND)
    paper.say(f"{id} is to be bound anew. {OBEYED}")


def _order(path: Path | None, id: str, order: Order) -> None:
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


def _state(row: dict[str, Any]) -> str:
    """What was said of the binds, and what was ordered where nobody has said that it is done."""
    said = str(row["state"])
    return f"to be paused; {said}" if row["paused_at"] and not said.startswith(PAUSED) else said


def _rows(config: Config, standings: list[CarrierStanding], orders: Mapping[CarrierId, Orders]) -> Iterator[dict[str, Any]]:
    addresses = _addresses(config)
    said = {str(standing.carrier): standing for standing in standings}
    for id in [*addresses, *(id for id in said if id not in addresses)]:
        standing = said.get(id)
        state = (standing.state or "unknown") if standing else "nothing said yet"
        yield {
            "id": id,
            "address": addresses.get(id, "not in the configuration"),
            "bound": standing.bound if standing else 0,
            "binds": standing.binds if standing else 0,
            "in_flight": standing.in_flight if standing else 0,
            "state": state,
            "paused_at": orders.get(CarrierId(id), Orders()).paused_at,
            "at": standing.at if standing else 0,
        }
