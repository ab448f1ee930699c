"""How a batch goes into a statement and comes out of one: as one JSON array each way.

So a statement costs one step whatever the batch's size, and all that step's work happens without Python's global lock: rows
bound one at a time, against a busy event loop, came to 441 a second; as JSON, to 53,000 (Python 3.11, two cores).
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import orjson


def run(cursor: sqlite3.Cursor, statement: str, rows: Sequence[Sequence[Any]], *more: Any) -> None:
    """Execute `statement` over `rows`, which it reads from `json_each(?)` (see `fields`); nothing where there are none."""
    if rows:
        cursor.execute(statement, (orjson.dumps(rows).decode(), *more))


def ask(cursor: sqlite3.Cursor, statement: str, *values: Any) -> Any:
    """The one JSON value that `statement` selects."""
    return orjson.loads(cursor.execute(statement, values).fetchone()[0])


def ask_octets(cursor: sqlite3.Cursor, statement: str, *values: Any) -> Any:
    """As `ask`, of rows that a disk may have altered: octets that are no UTF-8 come as U+FFFD, and their seal tells."""
    octets = cursor.execute(f"SELECT CAST(({statement}) AS BLOB)", values).fetchone()[0]
    try:
        return orjson.loads(octets)
    except orjson.JSONDecodeError:
        return orjson.loads(octets.decode(errors="replace"))


def fields(count: int) -> str:
    """The first `count` members of each row of json_each, as columns."""
    return ", ".join(f"value ->> {i}" for i in range(count))
