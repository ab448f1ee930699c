"""`globewire check`: look the database file through."""

import sqlite3
from contextlib import closing
from pathlib import Path

import typer

from globewire.commands import paper
from globewire.commands.options import ConfigOption, JsonOption, examples
from globewire.commands.shop import configuration
from globewire.commands.trouble import FAILED, Trouble
from globewire.hold.database import RESTORE, faults, open_database
from globewire.hold.schema import SchemaFault
from globewire.hold.seal import altered

app = typer.Typer()
MOST = 20
"""Lines that say what is wrong, at most."""


@app.command("check", epilog=examples("check", "check --config /etc/globewire.toml"))
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read the whole SQLite file, with all its indices, and say whether it is sound.

    `globewire serve` does a part of this at the start, for files up to 256 MiB. It may run meanwhile. Messages are compared with
    their seals besides, and those that a disk has altered are named.
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
        messages, ids = (0, []) if found else (_messages(connection), [str(id) for id in altered(connection)])
    if as_json:
        paper.as_json({"database": str(path), "sound": not (found or ids), "faults": found, "altered": ids})
    if found or ids:
        lines = tuple(line for fault in found for line in fault.splitlines()) + tuple(f"message {id} was altered" for id in ids)
        more = (f"and {len(lines) - MOST:,} more: --json has all",) if len(lines) > MOST else ()
        raise Trouble(f"the database {path} is damaged", RESTORE, lines=lines[:MOST] + more, code=FAILED)
    if not as_json:
        paper.say(f"{path} is sound: {messages:,} messages.")


def _messages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM message").fetchone()[0])
