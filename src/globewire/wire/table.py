"""How a table is written as CSV (RFC 4180), so that no program which opens it takes a cell for a formula."""

from collections.abc import Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell may not begin with: spreadsheets take it for a formula, some of them in its wide form too."""


def line(cells: Sequence[str | int]) -> str:
    """A row with its CRLF. Text is quoted always, numbers of things never; a number or an id that is text stays text."""
    return ",".join(str(cell) if isinstance(cell, int) else quoted(cell) for cell in cells) + "\r\n"


def quoted(cell: str) -> str:
    """A cell of text: with an apostrophe before what would be a formula, and without NUL."""
    safe = cell.replace("\0", "\ufffd")
    if safe.startswith(FORMULA):
        safe = "'" + safe
    return '"' + safe.replace('"', '""') + '"'
