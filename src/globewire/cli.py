"""The command `globewire`: a table of its commands, and how each failure ends.

A command's module is loaded when its name is called, so that help is there at once. Exit codes: 0 it is done, 1 it failed,
2 the arguments, the configuration or the database cannot be used.
"""

import errno
import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from globewire import __version__
from globewire.commands.trouble import FAILED, Trouble
from globewire.errors import reason

UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
"""What the system says where the standard output takes no more."""
HELP = """\
A self-hosted international SMS gateway. It speaks the SendMessageToGlobe API (Dysmsapi 2018-05-01) and delivers over your
own carriers by SMPP 3.4; without a configuration it delivers to a simulated carrier, so that you can try it at once.

Exit codes: 0 it is done; 1 it failed; 2 the arguments, the configuration or the database cannot be used.
"""
EXAMPLES = """\
\b
Examples:
  globewire serve
  globewire send --to 6591234567 --text "Hello" --wait
  globewire message list --since 1h
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A command, or a group of them: the module that has it as `app`, and a line of help."""

    module: str
    summary: str
    group: bool = True


COMMANDS: dict[str, Row] = {
    "serve": Row("serve", "Run the gateway.", group=False),
    "send": Row("send", "Send a message as an SDK would.", group=False),
    "preview": Row("preview", "Show what would become of a message: parts, number, route.", group=False),
    "message": Row("message", "Look messages up, and see why they went as they did."),
    "carrier": Row("carrier", "See how the carriers stand."),
    "account": Row("account", "Open accounts and change them."),
    "key": Row("key", "Make AccessKeys, disable and delete them."),
    "user": Row("user", "Add RAM users to an account."),
    "policy": Row("policy", "Store RAM policies and attach them to users."),
    "callback": Row("callback", "Set where delivery receipts are pushed, test it, push again."),
    "console": Row("console", "Set the password of the console."),
    "config": Row("config", "Check a configuration file, or begin one."),
    "openapi": Row("openapi", "Print the API as an OpenAPI 3.1 document.", group=False),
    "simulate": Row("simulate", "Run the simulated carrier alone, for any SMPP client.", group=False),
    "prove": Row("prove", "Prove that nothing accepted is lost when the gateway is killed.", group=False),
    "migrate": Row("migrate", "Make the database, or bring it up to date.", group=False),
    "backup": Row("backup", "Copy the database to a file, while the gateway runs.", group=False),
    "check": Row("check", "Look the whole database file through for damage.", group=False),
    "copy": Row("copy", "Move from a SQLite file to PostgreSQL.", group=False),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. What a user did wrong ends in a sentence on stderr, never in a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - whoever closed it wants to read nothing
    command = typer.main.get_command(application(COMMANDS.keys() & set(words)))
    try:
        _check(words)
        command.main(args=words, prog_name="globewire")
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return trouble.code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except OSError as fault:
        if fault.filename is not None or fault.errno not in UNWRITABLE:
            raise
        _say_no_more()
        print(f"globewire: what it prints cannot be written: {reason(fault)}", file=sys.stderr)
        return FAILED
    return 0


def _say_no_more() -> None:
    """Let go of the standard output, with what it could not write, which would else be tried and complained of once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def application(loaded: Collection[str] = tuple(COMMANDS)) -> typer.Typer:
    """The commands, those in `loaded` ready to be run, the others with no more than their line of help."""
    app = typer.Typer(
        help=HELP,
        epilog=EXAMPLES,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 112},
    )
    app.callback()(_options)
    for name, row in COMMANDS.items():
        if name not in loaded:
            app.command(name, help=row.summary)(_nothing)
            continue
        group: typer.Typer = import_module(f"globewire.commands.{row.module}").app
        if row.group:
            app.add_typer(group, name=name, short_help=row.summary, no_args_is_help=True)
        else:
            app.add_typer(group)
    return app


def _check(words: Sequence[str]) -> None:
    for word in words:
        if not word.isprintable() and any("\ud800" <= c <= "\udfff" for c in word):
            raise Trouble("an argument is not text in UTF-8", "check the terminal's encoding, or the program that gave it")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"globewire {__version__}")
        raise typer.Exit


def _options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", envvar="GLOBEWIRE_CONFIG", help="The configuration file.")
    ] = None,
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")] = False,
) -> None:
    """What stands before the command. Its own --config comes after, and wins."""
    context.obj = config


def _nothing() -> None:
    """Stands for a command that was not called."""
