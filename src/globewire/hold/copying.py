"""A SQLite file's whole content into an empty PostgreSQL database: for whoever moves from one machine to several.

Rows go over in batches, each in a transaction that also counts them, in the order of their keys; so a copy that was broken off
goes on where it stopped, and nothing is there twice. Nobody may have the file open meanwhile, and no gateway starts on the
database before the copy is done. The file stays as it was.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import orjson

from globewire.hold import sums
from globewire.hold.database import faults, open_alone, refuse_damage
from globewire.hold.pg.days import TABLES, Days, day_of
from globewire.hold.pg.hosts import Hosts
from globewire.hold.pg.schema import check_durable, check_version
from globewire.hold.refused import fault_of
from globewire.hold.schema import MIGRATIONS, SchemaFault, version
from globewire.message import Millis
from globewire.values import dataclass

Told = Callable[[int, int], None]
"""Is told of each batch: the rows that are over, and all rows."""
BATCH = 5000
"""Rows in one transaction."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it goes over: the target's columns, and what of the source goes into each (`:now` is the time of the copy)."""

    name: str
    columns: tuple[str, ...]
    source: tuple[str, ...]
    order: str
    booleans: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows of a table are on either side."""

    name: str
    source: int
    target: int


class CopyFault(Exception):
    """Why nothing was copied, or no more; the sentence says what to do."""


def _table(name: str, columns: str, order: str, booleans: str = "", **changed: str) -> Table:
    names = tuple(columns.split())
    return Table(name, names, tuple(changed.get(n, n) for n in names), order, tuple(booleans.split()))


_TOLD = "told_at > 0 OR EXISTS (SELECT * FROM callback WHERE callback.message = message.id)"
"""The one engine notes when a callback was acknowledged, the other that one was queued."""

COPIED: tuple[Table, ...] = (
    _table("account", "id sender callback callback_secret quota created_at", "id"),
    _table("access_key", "id account username sealed token enabled created_at", "id", "enabled", username="user"),
    _table("ram_user", "account name policies", "account, name"),
    _table("policy", "account name document", "account, name"),
    _table("carrier", "id bound binds in_flight state at figures", "id"),
    _table("carrier_order", "carrier paused_at rebind_at", "carrier"),
    _table("quota", "name due seen", "name"),
    _table(
        "message",
        "id account access_key request_id recipient sender text type task_id channel encoding segments country country_name "
        "region operator accepted_at validity expires_at decision state carrier error_code error changed_at ended_at told pushes",
        "id",
        "told",
        told=_TOLD,
    ),
    _table(
        "part", "message sequence total carrier carrier_id state error at settled_at given_id submitted_at", "message, sequence"
    ),
    _table("note", "id message at what detail", "id"),
    # What was leased is due now, still marked: whoever had it may have sent it.
    _table("sending", "message carrier due_at leased tried", "message", "leased", due_at="iif(leased, :now, due_at)"),
    _table(
        "heard",
        "id carrier carrier_ids recipient status error marked heard_at due_at tries",
        "id",
        "marked",
        due_at="min(due_at, :now)",
    ),
    _table("callback", "id account message tries dead pushes", "id", "dead"),
    _table("push", "id account at took status acknowledged reason said reports", "id", "acknowledged"),
    _table("outbox", "account due_at last", "account", due_at="iif(last = 'pushing', 0, due_at)"),
    _table("nonce", "until mark", "until, mark"),
    _table("once", "account key content answer until", "account, key"),
    _table("conversion", "id account message delivered rate at", "id", "delivered"),
)
"""Everything but who owns what: that ended when the gateway was stopped. In this order, since a later one may name a former."""


async def copy(path: Path, url: str, now: Millis, told: Told) -> list[Count]:
    """Copy the file at `path` into the database at `url`, or go on with it; how many rows are on either side, which are equal.

    CopyFault or SchemaFault says why it cannot be: somebody has the file open, the database is not migrated or has other
    content, the server went away. The same call again goes on where it stopped; where all was copied before, it does nothing."""
    with _source(path) as source:
        hosts = Hosts(url, server_settings={"application_name": "globewire copy"}, target_session_attrs="read-write")
        try:
            async with asyncpg.create_pool(connect=hosts.connect, min_size=0, max_size=2) as pool, pool.acquire() as target:
                return await _copy(source, target, Days(pool), now, told)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, ValueError) as fault:
            raise CopyFault(
                f"the database server cannot be used: {type(fault).__name__}: {fault}: run the same again when it can"
            ) from fault


@contextmanager
def _source(path: Path) -> Iterator[apsw.Connection]:
    """The file, which nobody else can have open as long as this lasts."""
    try:
        connection = open_alone(path)
        try:
            had = version(connection)
            if had < len(MIGRATIONS) or (sums.available() and not sums.summed(connection)):
                raise SchemaFault(f"the file {path} is of an older Globewire (schema {had}): run `globewire migrate` on it first")
            refuse_damage(path, faults(connection, "quick_check"))  # before anything of it is in the database
            yield connection
        finally:
            connection.close()
    except apsw.BusyError as fault:
        raise CopyFault(f"somebody has {path} open: stop the gateway on it, and whatever else reads it") from fault
    except apsw.Error as fault:
        raise fault_of(path, fault) from fault


async def _copy(source: apsw.Connection, target: Any, days: Days, now: Millis, told: Told) -> list[Count]:
    await check_durable(target)
    await check_version(target)
    if not await target.fetchval("SELECT pg_try_advisory_lock(hashtextextended('globewire copy', 0))"):
        raise CopyFault("another copy into this database is under way: let it end")
    totals = {table.name: _count(source, table.name) for table in COPIED}
    done = await _begin(target, _mark(source, totals))
    over = dict(await target.fetch("SELECT name, rows FROM copied"))
    for table in COPIED:
        if done:
            break
        for rows in _rows(source, table, over.get(table.name, 0), now):
            if table.name in TABLES:
                await days.make({day_of(row[table.columns.index(TABLES[table.name])]) for row in rows})
            over[table.name] = await _put(target, table, rows)
            told(sum(over.values()), sum(totals.values()))
    counts = [Count(name, total, over.get(name, 0)) for name, total in totals.items()]
    return counts if done else await _finish(source, target, counts)


async def _begin(target: Any, mark: str) -> bool:
    """Whether this very copy was finished before. CopyFault where the database has other content, or another file's."""
    known = await target.fetchrow("SELECT source, done FROM copy")
    if known is not None:
        if known[0] != mark:
            raise CopyFault(
                "a copy of another file was begun into this database, or the file has changed since: make an empty database, "
                "run `globewire migrate` on it, and copy into that"
            )
        return bool(known[1])
    for table in (*COPIED, _table("owner", "what", "what")):
        if await target.fetchval(f"SELECT EXISTS (SELECT FROM {table.name})"):
            raise CopyFault(f"the database has content of its own (in table {table.name}): give an empty one, only migrated")
    await target.execute("INSERT INTO copy(source) VALUES($1)", mark)
    return False


def _mark(source: apsw.Connection, totals: dict[str, int]) -> str:
    """What tells this file, as it is now, from all others: its counts, its newest change, and its book's version."""
    newest = source.execute("SELECT coalesce(max(id), 0), coalesce(max(changed_at), 0) FROM message").get
    sequences = source.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name").fetchall()
    return orjson.dumps([totals, newest, sequences, source.execute("SELECT version FROM book").fetchall()]).decode()


def _rows(source: apsw.Connection, table: Table, after: int, now: Millis) -> Iterator[list[tuple[Any, ...]]]:
    """The table's rows in batches, without the first `after`, as PostgreSQL takes them."""
    flags = {table.columns.index(name) for name in table.booleans}
    text = table.columns.index("text") if table.name == "message" else -1
    query = f"SELECT {', '.join(table.source)} FROM {table.name} ORDER BY {table.order} LIMIT -1 OFFSET :after"
    cursor = source.execute(query, {"now": now, "after": after})
    while rows := list(islice(cursor, BATCH)):
        yield [tuple(_value(value, n in flags, n == text) for n, value in enumerate(row)) for row in rows]


def _value(value: Any, flag: bool, text: bool) -> Any:
    if flag:
        return bool(value)
    if not isinstance(value, str):
        return value
    return (orjson.dumps(value).decode() if value else "") if text else value.replace("\0", "\ufffd")


async def _put(target: Any, table: Table, rows: Sequence[tuple[Any, ...]]) -> int:
    """Write a batch; how many rows of the table are over with it."""
    async with target.transaction():
        await target.copy_records_to_table(table.name, records=rows, columns=table.columns)
        count = (
            "INSERT INTO copied VALUES($1, $2) ON CONFLICT(name) DO UPDATE SET rows = copied.rows + excluded.rows RETURNING rows"
        )
        return int(await target.fetchval(count, table.name, len(rows)))


async def _finish(source: apsw.Connection, target: Any, counts: Sequence[Count]) -> list[Count]:
    """Set what is not rows, compare the counts, and let gateways in."""
    async with target.transaction():
        for name, last in source.execute("SELECT name, seq FROM sqlite_sequence WHERE seq > 0").fetchall():
            await target.execute("SELECT setval(pg_get_serial_sequence($1, 'id'), $2)", name, last)
        await target.execute("UPDATE book SET version = $1 + 1", source.execute("SELECT version FROM book").get)
        found = [Count(c.name, c.source, await target.fetchval(f"SELECT count(*) FROM {c.name}")) for c in counts]
        if wrong := [c.name for c in found if c.source != c.target]:
            raise CopyFault(f"not everything is over ({', '.join(wrong)}): make an empty database, and copy into that")
        await target.execute("INSERT INTO outbox(account) SELECT id FROM account ON CONFLICT DO NOTHING")
        await target.execute("UPDATE copy SET done = true")
    await target.execute("ANALYZE")
    return found


def _count(source: apsw.Connection, table: str) -> int:
    return int(source.execute(f"SELECT count(*) FROM {table}").get)
