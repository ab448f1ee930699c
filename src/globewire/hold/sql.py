"""How a batch goes into a statement and comes out of one: as one JSON array each way, or, where rows are added, as bound values
of many rows at once.

So a statement costs one step whatever the batch's size, and all that step's work happens without Python's global lock: rows
bound one at a time, against a busy event loop, came to 441 a second; as JSON, to 53,000 (Python 3.11, two cores). Of 32 messages
that are kept together each takes 45 us of processor time as JSON and 23 as bound values, of 1,000 it takes 32 and 11: of JSON,
SQLite looks for each of 22 members from the row's beginning.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import apsw
import orjson


def run(cursor: apsw.Cursor, statement: str, rows: Sequence[Sequence[Any]], *more: Any) -> None:
    """Execute `statement` over `rows`, which it reads from `json_each(?)` (see `fields`); nothing where there are none."""
    if rows:
        cursor.execute(statement, (orjson.dumps(rows).decode(), *more))


def insert(cursor: apsw.Cursor, into: str, rows: Sequence[Sequence[Any]], *, replace: bool = False) -> None:
    """Add rows, in place of those with the same key where it says `replace`; `into` names the table and the columns. Up to FEW go
    in one statement, more in several."""
    at = 0
    while (left := len(rows) - at) > 0:
        count = MOST if left >= MOST else min(left, FEW)
        values = [value for row in rows[at : at + count] for value in row]
        cursor.execute(_insert(into, len(rows[0]), count, replace), values)
        at += count


FEW, MOST = 32, 128
"""Rows in one statement. There is one for each count up to FEW, and one for MOST, and all stay prepared: one of more than 16 KiB
never would."""
PREPARED = 300
"""Statements that a connection keeps prepared: those for each count of rows, for five tables, and all others."""


@cache
def _insert(into: str, width: int, count: int, replace: bool) -> str:
    row = f"({','.join('?' * width)})"
    return f"{'REPLACE' if replace else 'INSERT'} INTO {into} VALUES {','.join([row] * count)}"


def ask(cursor: apsw.Cursor, statement: str, *values: Any) -> Any:
    """The one JSON value that `statement` selects."""
    return orjson.loads(cursor.execute(statement, values).get)


def change(cursor: apsw.Cursor, statement: str, *values: Any) -> int:
    """Execute `statement`; how many rows it changed."""
    cursor.execute(statement, values)
    return cursor.connection.changes()


@contextmanager
def moment(connection: apsw.Connection) -> Iterator[None]:
    """What is read within is of one moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:  # a page that cannot be read has ended it
            connection.execute("COMMIT")


def fields(count: int) -> str:
    """The first `count` members of each row of json_each, as columns."""
    return ", ".join(f"value ->> {i}" for i in range(count))
