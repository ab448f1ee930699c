"""`globewire check`: look the database file through."""

from contextlib import closing
from pathlib import Path

import apsw
import typer

from globewire.commands import paper
from globewire.commands.options import ConfigOption, JsonOption, examples
from globewire.commands.shop import configuration
from globewire.commands.trouble import FAILED, Trouble
from globewire.hold.database import faults, open_database
from globewire.hold.schema import RESTORE, SchemaFault

app = typer.Typer()
MOST = 20
"""Lines that say what is wrong, at most."""


@app.command("check", epilog=examples("check", "check --config /etc/globewire.toml"))
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read the whole SQLite file, with all its indices, and say whether it is sound.

    `globewire serve` does a part of this at the start, for files up to 256 MiB. It may run meanwhile. Each page is compared with
    its checksum, so that nothing a disk has altered goes unseen.
    """
    settings = configuration(config).hold
    if settings.shared:
        raise Trouble(f"the database {settings.place} is PostgreSQL's", "pg_amcheck looks it through")
    path = Path(settings.path)
    try:
        (connection,) = open_database(path, 1, create=False)
    except SchemaFault as fault:
        raise Trouble(str(fault)) from fault
    with closing(connection):
        found = faults(connection)
        messages = 0 if found else _messages(connection)
    if as_json:
        paper.as_json({"database": str(path), "sound": not found, "faults": found})
    if found:
        more = (f"and {len(found) - MOST:,} more: --json has all",) if len(found) > MOST else ()
        raise Trouble(f"the database {path} is damaged", RESTORE, lines=(*found[:MOST], *more), code=FAILED)
    if not as_json:
        paper.say(f"{path} is sound: {messages:,} messages.")


def _messages(connection: apsw.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM message").get)
