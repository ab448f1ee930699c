"""How a batch goes into a statement and comes out of one: as one JSON array each way.

So a statement costs one step whatever the batch's size, and all that step's work happens without Python's global lock: rows
bound one at a time, against a busy event loop, came to 441 a second; as JSON, to 53,000 (Python 3.11, two cores).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import apsw
import orjson


def run(cursor: apsw.Cursor, statement: str, rows: Sequence[Sequence[Any]], *more: Any) -> None:
    """Execute `statement` over `rows`, which it reads from `json_each(?)` (see `fields`); nothing where there are none."""
    if rows:
        cursor.execute(statement, (orjson.dumps(rows).decode(), *more))


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
