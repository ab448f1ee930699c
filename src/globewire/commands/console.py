"""`globewire console`: the password under which the console is served."""

import sys

import typer

from globewire.commands import paper
from globewire.commands.options import examples
from globewire.commands.trouble import Trouble
from globewire.show.sessions import hashed

app = typer.Typer(help="Set the password of the console.", epilog=examples("console password"))
LEAST = 12
"""Characters of a password; fewer could be guessed by whoever has the hash."""


@app.callback()
def console() -> None:
    """Set the password of the console."""


@app.command("password", epilog=examples("console password", "console password < password.txt"))
def password() -> None:
    """Ask for a password, twice, and print its hash for [console] password_hash; the password itself is kept nowhere.

    Where the input is no terminal the password is its first line.
    """
    given = (
        typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        if sys.stdin.isatty()
        else sys.stdin.readline()
    )
    chosen = str(given).rstrip("\r\n")
    if len(chosen) < LEAST:
        raise Trouble(f"the password has {len(chosen)} characters", f"give at least {LEAST}")
    paper.say(hashed(chosen))
