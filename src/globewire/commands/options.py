"""The options that commands share, and how their examples are written."""

from pathlib import Path
from typing import Annotated

import typer

from globewire.commands.trouble import Trouble
from globewire.message import MessageId


def _inherited(context: typer.Context, given: Path | None) -> Path | None:
    """What stands after the command wins over what stands before it."""
    return given or (context.obj if isinstance(context.obj, Path) else None)


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        callback=_inherited,
        help="The configuration file; else GLOBEWIRE_CONFIG, else ./globewire.toml if it is there, else none.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
AccountOption = Annotated[
    str, typer.Option("--account", "-a", metavar="ACCOUNT", help="The account; may be left out where there is only one.")
]
FullOption = Annotated[bool, typer.Option("--full", help="Show whole numbers; lists mask their last four digits.")]


def message_id(given: str) -> MessageId:
    """A MessageId that was given as an argument."""
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Trouble(f"{given!r} is not a MessageId", "give the digits that the reply to a send has, such as 176391234567800000")
    return MessageId(int(given))


NOTICED = "A running server takes the change up within a second."


def examples(*lines: str) -> str:
    """The end of a command's help: command lines that work as they stand."""
    return "\b\nExamples:\n" + "\n".join(f"  globewire {line}" for line in lines)
