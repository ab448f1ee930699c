"""What commands print: tables and facts for people, JSON for programs.

Whatever came from outside is printed without its control characters, so that no text can steer a terminal. Numbers in lists
are masked. Times are shown in the local zone to people, in UTC to programs.
"""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import orjson
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from globewire.commands.plain import plain
from globewire.message import State

ENDLESS = 10_000
"""Columns for output that is no terminal: nothing is wrapped there."""
COLOURS = {
    State.DELIVERED: "green",
    State.FAILED: "red",
    State.REJECTED: "red",
    State.EXPIRED: "red",
    State.UNKNOWN: "yellow",
}


def console() -> Console:
    """The standard output."""
    return Console(width=None if sys.stdout.isatty() else ENDLESS, highlight=False, markup=False, emoji=False)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], none: str) -> None:
    """Print rows under their heads, or the sentence `none` where there are no rows."""
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for head in heads:
        shown.add_column(head, overflow="fold")
    for row in rows:
        shown.add_row(*map(cell, row))
    if shown.row_count:
        console().print(shown)
    else:
        say(none)


def facts(rows: Iterable[tuple[str, object]]) -> None:
    """Print names and values under one another; empty values are left out."""
    shown = Table(box=None, show_header=False, pad_edge=False)
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in rows:
        if value not in ("", None):
            shown.add_row(Text(name), cell(value))
    console().print(shown)


def say(sentence: str = "") -> None:
    """Print a line as it is."""
    console().print(Text(sentence), soft_wrap=True)


def as_json(value: object, line: bool = False) -> None:
    """Print a JSON document, or with `line` the same on one line, at once."""
    options = orjson.OPT_NON_STR_KEYS | (0 if line else orjson.OPT_INDENT_2)
    print(orjson.dumps(value, option=options).decode(), flush=True)


def warn(sentence: str) -> None:
    """Print a line to stderr, out of the way of what a program reads."""
    print(sentence, file=sys.stderr)


def progress(sentence: str) -> None:
    """Say how far it is, in place of what was said before; only to eyes."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{sentence}", end="", file=sys.stderr, flush=True)


def cell(value: object) -> Text:
    """A value as people read it; states have their colours."""
    colour = COLOURS.get(value, "") if isinstance(value, State) else ""
    return Text(plain(str(value)), style=colour)


def masked(number: str, full: bool = False) -> str:
    """A number as lists show it: without its last four digits."""
    return number if full or not number else f"{number[:-4]}****"


def moment(at: int, year: bool = True) -> str:
    """A time (ms since 1970) in the local zone; "" for 0."""
    if not at:
        return ""
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S %Z}" if year else f"{local:%H:%M:%S}.{at % 1000:03d}"


def iso(at: int) -> str | None:
    """A time (ms since 1970) for programs: ISO 8601 in UTC with milliseconds; None for 0."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None
