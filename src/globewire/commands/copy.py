"""`globewire copy`: from one SQLite file to a PostgreSQL database."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from globewire.commands import paper
from globewire.commands.bar import bar
from globewire.commands.options import JsonOption, examples
from globewire.commands.trouble import FAILED, Trouble
from globewire.config import HoldSettings
from globewire.hold.copying import CopyFault, Count
from globewire.hold.copying import copy as carry_over
from globewire.hold.schema import SchemaFault
from globewire.message import Millis

app = typer.Typer()


@app.command("copy", epilog=examples("copy globewire.db postgresql://globewire@db.example/globewire"))
def copy(
    file: Annotated[Path, typer.Argument(metavar="SQLITE-FILE", help="The file of a gateway that is stopped.")],
    url: Annotated[str, typer.Argument(metavar="POSTGRES-URL", help="An empty database, on which `globewire migrate` ran.")],
    as_json: JsonOption = False,
) -> None:
    """Move an installation from a SQLite file to PostgreSQL: accounts, keys, messages, and all that waits.

    Stop the gateway first. The file stays as it is; start nothing on it again, or what waits in it is sent twice. A copy that was
    broken off goes on where it stopped when the same command is run again, and no gateway starts on the database before it is
    done. The secrets stay sealed under the master key that they have: take it along.
    """
    settings = HoldSettings(url=url)
    if not settings.shared:
        raise Trouble("the second argument is not a PostgreSQL URL", "give postgresql://USER:PASSWORD@HOST:5432/DATABASE")
    try:
        with bar("rows") as told:
            counts = asyncio.run(carry_over(file, url, Millis(time.time_ns() // 1_000_000), told))
    except SchemaFault as fault:
        raise Trouble(str(fault)) from fault
    except CopyFault as fault:
        raise Trouble(str(fault), code=FAILED) from fault
    _print(file, settings, counts, as_json)


def _print(file: Path, settings: HoldSettings, counts: list[Count], as_json: bool) -> None:
    if as_json:
        paper.as_json({"file": str(file), "database": settings.place, "rows": {count.name: count.target for count in counts}})
        return
    rows = [(count.name, f"{count.source:,}", f"{count.target:,}") for count in counts]
    paper.table(("Table", "In the file", "In the database"), rows, "")
    paper.warn(
        f'Everything is in {settings.place}. Next: [hold] url names it, and master_key_file = "{file}.key" the key as before;\n'
        f"start the gateways. Never start one on {file} again."
    )
