"""How a batch goes into a statement: as one array for each column, which the statement reads from `unnest`.

So a statement costs one round trip whatever the batch's size. As one JSON array it cost the server more and the client no less.
"""

from collections.abc import Iterable, Sequence
from typing import Any

LOW, HIGH = 0, 2**63 - 1


def columns(rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """The columns of rows. PostgreSQL's text knows no NUL: it is kept as U+FFFD."""
    return [_clean(column) if isinstance(column[0], str) else column for column in zip(*rows, strict=True)]


def _clean(column: Sequence[Any]) -> Sequence[Any]:
    if any(value and "\0" in value for value in column):
        return [value and value.replace("\0", "\ufffd") for value in column]
    return column


async def run(connection: Any, statement: str, rows: Sequence[Sequence[Any]], *more: Any) -> None:
    """Execute `statement` over `rows` (its first arguments are their columns); nothing where there are none."""
    if rows:
        await connection.execute(statement, *columns(rows), *more)


async def ask(connection: Any, statement: str, rows: Sequence[Sequence[Any]], *more: Any) -> Sequence[Any]:
    """The rows that `statement` gives over `rows`; none where there are none."""
    found: Sequence[Any] = await connection.fetch(statement, *columns(rows), *more) if rows else ()
    return found


def span(ids: Iterable[int]) -> tuple[int, int]:
    """The least and the greatest of message ids: as a condition beside `= ANY(ids)`, it spares the planner all other days."""
    found = list(ids)
    return (min(found), max(found)) if found else (HIGH, LOW)


def unnest(*types: str) -> str:
    """`unnest` over the statement's first arguments."""
    return f"unnest({', '.join(f'${n}::{t}[]' for n, t in enumerate(types, start=1))})"
