"""`globewire migrate`: make the database, or bring it up to date, without serving."""

import typer

from globewire.commands import paper
from globewire.commands.options import ConfigOption, JsonOption, examples
from globewire.commands.shop import configuration, make

app = typer.Typer()


@app.command("migrate", epilog=examples("migrate", "migrate --config /etc/globewire.toml"))
def migrate(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Make the database that the configuration names, or bring it up to date.

    `globewire serve` does this by itself for a file when it starts, and never for PostgreSQL, which other processes may be
    using: stop them, migrate, start them. A database of a newer Globewire is refused and stays as it is. Back it up first:
    there is no way back.
    """
    settings = configuration(config).hold
    new = make(settings)
    if as_json:
        paper.as_json({"database": settings.place, "new": new})
    else:
        paper.say(f"{settings.place} {'was made' if new else 'is up to date'}.")
