"""The partitions of messages, parts and notes: one for each day (UTC) of message ids, made when they are needed and dropped
whole. A message's id begins with its milliseconds, so a day of ids is a day of acceptance."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import asyncpg

DAY = 86_400_000
TABLES = {"message": "id", "part": "message", "note": "message"}
IDS = 100_000
"""Ids in a millisecond."""
_EPOCH = date(1970, 1, 1).toordinal()
_LOCK = 0x646179  # "day": one process at a time makes and drops partitions
ROOM = 70
"""Percent of a page that inserts fill: a message's new versions then stay on its page, and need no index entry."""


def day_of(message: int) -> int:
    """The day of a message id, counted from 1970."""
    return message // IDS // DAY


class Days:
    """Makes and drops partitions. It remembers which ones it knows to be there, so that asking costs nothing."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._known: set[int] = set()

    def missing(self, messages: Iterable[int]) -> set[int]:
        """The days of these messages that may have no partition."""
        return {day for message in messages if (day := day_of(message)) not in self._known}

    async def make(self, days: Iterable[int]) -> None:
        """Make the partitions of these days where they are missing. Each in a transaction of its own, since each locks out
        whoever writes, and two such locks in one transaction could meet a writer's in the other order."""
        wanted = {day for day in days if day not in self._known}
        if not wanted:
            return
        async with self._pool.acquire() as connection:
            for day in sorted(wanted):
                for table in TABLES:
                    await _make(connection, table, day)
                self._known.add(day)

    async def mend(self, fault: asyncpg.CheckViolationError) -> bool:
        """Make the partition whose lack `fault` is about; whether it was about that."""
        digits = "".join(c for c in (fault.detail or "").rpartition("=")[2] if c.isdigit())
        if fault.constraint_name or not digits:
            return False
        self._known.discard(day_of(int(digits)))
        await self.make([day_of(int(digits))])
        return True

    async def drop(self, before: int) -> int:
        """Drop the days that ended before `before` (ms) and have no message under way; how many messages there were."""
        async with self._pool.acquire() as connection:
            count = 0
            for day in await _old(connection, before // DAY):
                try:
                    count += await self._drop(connection, day)
                except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, asyncpg.UndefinedTableError):
                    continue  # someone reads it for long, and the next sweep tries again; or another process dropped it
            return count

    async def _drop(self, connection: Any, day: int) -> int:
        name, count = _name("message", day), 0
        if await connection.fetchval("SELECT to_regclass($1)", name):
            open_one = f"SELECT EXISTS (SELECT FROM {name} WHERE ended_at = 0)"
            if await connection.fetchval(open_one):
                return 0
            count = int(await connection.fetchval(f"SELECT count(*) FROM {name}", timeout=300.0))
            async with connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '1s'")
                # The whole before the part, as every writer does.
                await connection.execute(f"LOCK TABLE ONLY message, ONLY {name} IN ACCESS EXCLUSIVE MODE")
                if await connection.fetchval(open_one):  # accepted meanwhile, by a clock that is far behind
                    return 0
                await connection.execute("DELETE FROM callback WHERE message >= $1 AND message < $2", *_bounds(day))
                await connection.execute(f"DROP TABLE {name}")
        self._known.discard(day)
        for table in ("part", "note"):
            async with connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '1s'")
                await connection.execute(f"DROP TABLE IF EXISTS {_name(table, day)}")
        return count


def _bounds(day: int) -> tuple[int, int]:
    return day * DAY * IDS, (day + 1) * DAY * IDS


def _name(table: str, day: int) -> str:
    return f"{table}_{date.fromordinal(_EPOCH + day):%Y%m%d}"


async def _make(connection: Any, table: str, day: int) -> None:
    name, (since, until) = _name(table, day), _bounds(day)
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        if await connection.fetchval("SELECT to_regclass($1)", name) is None:
            await connection.execute(
                f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ({since}) TO ({until}) WITH (fillfactor = {ROOM})"
            )


async def _old(connection: Any, before: int) -> list[int]:
    rows = await connection.fetch(
        "SELECT DISTINCT substring(c.relname FROM '_(\\d{8})$') AS day "
        "FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = ANY(ARRAY['message', 'part', 'note']::regclass[]) ORDER BY 1"
    )
    days = (date(int(d[:4]), int(d[4:6]), int(d[6:])).toordinal() - _EPOCH for (d,) in rows if d)
    return [day for day in days if day < before]
