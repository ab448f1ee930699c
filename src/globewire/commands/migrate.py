"""`globewire migrate`: make the database, or bring it up to date, without serving."""

import typer

from globewire.commands import paper
from globewire.commands.options import ConfigOption, JsonOption, examples
from globewire.commands.shop import configuration, make

app = typer.Typer()


@app.command("migrate", epilog=examples("migrate", "migrate --config /etc/globewire.toml"))
def migrate(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Make the database that the configuration names, or bring it up to date.

    `globewire serve` does this by itself when it starts; this is for whoever wants it done before. A database of a newer
    Globewire is refused and stays as it is. Back the file up first: there is no way back.
    """
    settings = configuration(config).hold
    new = make(settings)
    if as_json:
        paper.as_json({"database": settings.path, "new": new})
    else:
        paper.say(f"{settings.path} {'was made' if new else 'is up to date'}.")
