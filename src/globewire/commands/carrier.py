"""`globewire carrier`: how the carriers stand, as the send stage last said."""

from collections.abc import Iterator
from typing import Any

import typer

from globewire.commands import paper
from globewire.commands.options import ConfigOption, JsonOption, examples
from globewire.commands.shop import Shop, visit
from globewire.config import SIMULATOR, Config
from globewire.hold.port import CarrierStanding

app = typer.Typer(help="See how the carriers stand.", epilog=examples("carrier list", "carrier list --json"))


@app.command("list", epilog=examples("carrier list", "carrier list --json"))
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the carriers of the configuration and how their binds stand.

    What is shown of the binds is what a running server last said, and when it said so.
    """

    async def ask(shop: Shop) -> list[dict[str, Any]]:
        return list(_rows(shop.config, await shop.hold.carriers()))

    rows = visit(config, ask)
    if as_json:
        paper.as_json([{**row, "at": paper.iso(row["at"])} for row in rows])
        return
    paper.table(
        ("Carrier", "Address", "Bound", "In flight", "State", "Said at"),
        [(r["id"], r["address"], f"{r['bound']} of {r['binds']}", r["in_flight"], r["state"], paper.moment(r["at"])) for r in rows],
        "There is no carrier: add [[carrier]] to the configuration.",
    )


def _rows(config: Config, standings: list[CarrierStanding]) -> Iterator[dict[str, Any]]:
    addresses = {str(one.id): f"{one.host}:{one.port}{' TLS' if one.tls else ''}" for one in config.carriers}
    if config.simulator.enabled:
        addresses[SIMULATOR] = "in the gateway"
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
            "at": standing.at if standing else 0,
        }
