"""How a batch goes into a statement: as one JSON array of objects, which the statement reads as a table.

So a statement costs one round trip whatever the batch's size. One array for each column (unnest) took the client twice and the
server about as much: 73 µs against 46 for one message, 14 against 11 in batches of 20 (asyncpg 0.32, PostgreSQL 18).
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import orjson

from globewire.hold.pg.turn import Turn

HIGH = 2**63 - 1
DAY_OF_IDS = 86_400_000 * 100_000


class Batch:
    """A statement over rows of these columns ("id bigint"); `{rows}` in it is the table. Its own parameters begin with $2."""

    __slots__ = ("_names", "_statement")

    def __init__(self, statement: str, *columns: str) -> None:
        self._statement = statement.replace("{rows}", f"json_to_recordset($1::json) AS j({', '.join(columns)})")
        self._names = tuple(column.partition(" ")[0] for column in columns)

    async def run(self, connection: Any, rows: Sequence[Sequence[Any]], *more: Any) -> None:
        """Execute it; nothing where there are no rows."""
        if rows:
            await connection.execute(self._statement, self.json(rows), *more)

    async def ask(self, connection: Any, rows: Sequence[Sequence[Any]], *more: Any) -> Sequence[Any]:
        """The rows that it gives; none where it is given none."""
        found: Sequence[Any] = await connection.fetch(self._statement, self.json(rows), *more) if rows else ()
        return found

    async def only(self, turn: Turn, rows: Sequence[Sequence[Any]], *more: Any) -> Sequence[Any]:
        """The rows that it gives, where it is the only statement of its work; it runs without rows, too."""
        return await turn.only(self._statement, self.json(rows), *more)

    def numbered(self, offset: int) -> str:
        """The statement with its parameters counted from $(offset + 1) on."""
        return _numbered(self._statement, offset)

    def json(self, rows: Sequence[Sequence[Any]]) -> str:
        names = self._names
        text = orjson.dumps([dict(zip(names, row, strict=True)) for row in rows]).decode()
        if "\\u0000" in text:
            text = orjson.dumps([dict(zip(names, map(_clean, row), strict=True)) for row in rows]).decode()
        return text


class Together:
    """Statements that run as one: in one round trip, and in one snapshot, so that none sees what another does, but for what it
    returns. No two may change the same row."""

    __slots__ = ("_arguments", "_clauses")

    def __init__(self) -> None:
        self._clauses: list[str] = []
        self._arguments: list[Any] = []

    def batch(self, name: str, batch: Batch, rows: Sequence[Sequence[Any]], *more: Any) -> None:
        """Add a batch, where it has rows."""
        if rows:
            self._clauses.append(f"{name} AS ({batch.numbered(len(self._arguments))})")
            self._arguments += (batch.json(rows), *more)

    def clause(self, name: str, statement: str, *arguments: Any) -> None:
        """Add another statement, whose parameters are counted from $1 on."""
        self._clauses.append(f"{name} AS {_numbered(statement, len(self._arguments))}")
        self._arguments += arguments

    async def ask(self, turn: Turn, rows: str, *, only: bool) -> Sequence[Any]:
        """Run them; what the SELECT `rows` finds in what they return. `only`: see Turn."""
        if not self._clauses:
            return ()
        return await (turn.only if only else turn.fetch)(f"WITH {', '.join(self._clauses)} {rows}", *self._arguments)


@lru_cache
def _numbered(statement: str, offset: int) -> str:
    return re.sub(r"\$(\d+)", lambda found: f"${int(found[1]) + offset}", statement)


def _clean(value: Any) -> Any:
    """PostgreSQL's text knows no NUL: it is kept as U+FFFD. What must come back as it was goes in as JSON."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def since(ids: Iterable[int]) -> int:
    """The first id of the day of the least of these message ids. As a condition beside the ids, it spares the planner all days
    before; a closer one, or one from both sides, would have it think that it need only read what lies between."""
    least = min(ids, default=HIGH)
    return least - least % DAY_OF_IDS
