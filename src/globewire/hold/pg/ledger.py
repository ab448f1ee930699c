"""The book of accounts in PostgreSQL, and everything that people look at: one row or one page at a time, never the hot path."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import orjson

from globewire.hold.pg import pushes
from globewire.hold.pg.batch import since
from globewire.hold.pg.keeping import text
from globewire.hold.port import (
    AccountEntry,
    Book,
    CarrierOrder,
    CarrierOrders,
    CarrierStanding,
    KeyEntry,
    Load,
    Outbox,
    PolicyEntry,
    Reached,
    Silent,
    Standing,
    UserEntry,
    Waiting,
)
from globewire.hold.rows import (
    COLUMNS,
    GIVEN_UP,
    HEAD,
    ORDERED,
    PAGE,
    PART,
    STOOD,
    book_of,
    order_row,
    silent_page,
    standing,
    stood,
    stood_row,
)
from globewire.message import AccountId, CarrierId, MessageId, Millis

T = TypeVar("T")

# --- written by a line: one entry or many ------------------------------------------------------------------------------

_ACCOUNT = (
    "INSERT INTO account VALUES($1, $2, $3, $4, $5, $6) ON CONFLICT(id) DO UPDATE SET sender = excluded.sender, "
    "callback = excluded.callback, callback_secret = excluded.callback_secret, quota = excluded.quota"
)
_KEY = (
    "INSERT INTO access_key VALUES($1, $2, $3, $4, $5, $6, $7) ON CONFLICT(id) DO UPDATE SET account = excluded.account, "
    "username = excluded.username, sealed = excluded.sealed, token = excluded.token, enabled = excluded.enabled, "
    "created_at = excluded.created_at"
)
_USER = "INSERT INTO ram_user VALUES($1, $2, $3) ON CONFLICT(account, name) DO UPDATE SET policies = excluded.policies"
_POLICY = "INSERT INTO policy VALUES($1, $2, $3) ON CONFLICT(account, name) DO UPDATE SET document = excluded.document"


async def put(connection: Any, payloads: Sequence[AccountEntry | KeyEntry | UserEntry | PolicyEntry]) -> list[None]:
    """Add or change entries of the book."""
    await _changing(connection)
    for entry in payloads:
        match entry:
            case AccountEntry(id, sender, callback, quota, at, secret):
                await connection.execute(_ACCOUNT, id, sender, callback, secret, orjson.dumps(dict(quota)).decode(), at)
                await connection.execute("INSERT INTO outbox(account) VALUES($1) ON CONFLICT DO NOTHING", id)
            case KeyEntry(key, account, user, sealed, enabled, at, token):
                await connection.execute(_KEY, key, account, user, sealed, token, enabled, at)
            case UserEntry(account, name, policies):
                await connection.execute(_USER, account, name, orjson.dumps(policies).decode())
            case PolicyEntry(account, name, document):
                await connection.execute(_POLICY, account, name, document)
    return [None] * len(payloads)


async def delete_key(connection: Any, payloads: Sequence[str]) -> list[bool]:
    """Delete AccessKeys by id."""
    await _changing(connection)
    return [_any(await connection.execute("DELETE FROM access_key WHERE id = $1", key)) for key in payloads]


async def delete_user(connection: Any, payloads: Sequence[tuple[str, str]]) -> list[bool]:
    """Delete users and their keys, by (account, name)."""
    await _changing(connection)
    found = []
    for who in payloads:
        await connection.execute("DELETE FROM access_key WHERE account = $1 AND username = $2", *who)
        found.append(_any(await connection.execute("DELETE FROM ram_user WHERE account = $1 AND name = $2", *who)))
    return found


_DETACH = (
    "UPDATE ram_user SET policies = (SELECT coalesce(jsonb_agg(p), '[]'::jsonb)::text "
    "FROM jsonb_array_elements_text(policies::jsonb) AS p WHERE p <> $2) WHERE account = $1"
)


async def delete_policy(connection: Any, payloads: Sequence[tuple[str, str]]) -> list[bool]:
    """Delete policies and detach them, by (account, name)."""
    await _changing(connection)
    found = []
    for which in payloads:
        found.append(_any(await connection.execute("DELETE FROM policy WHERE account = $1 AND name = $2", *which)))
        await connection.execute(_DETACH, *which)
    return found


async def _changing(connection: Any) -> None:
    """Count the book's change, before anything else: its one row is the lock under which the book is changed."""
    await connection.execute("UPDATE book SET version = version + 1")


def _any(status: str) -> bool:
    """Whether a command's tag ("DELETE 1") tells of any row."""
    return not status.endswith(" 0")


_STAND = (
    f"INSERT INTO carrier({STOOD}) VALUES($1, $2, $3, $4, $5, $6, $7) ON CONFLICT(id) DO UPDATE SET bound = excluded.bound, "
    "binds = excluded.binds, in_flight = excluded.in_flight, state = excluded.state, at = excluded.at, figures = excluded.figures"
)


async def stand(connection: Any, payloads: Sequence[Sequence[CarrierStanding]]) -> list[None]:
    """Say how carriers stand."""
    for s in sorted((s for standings in payloads for s in standings), key=lambda s: s.carrier):
        await connection.execute(_STAND, *stood_row(s))
    return [None] * len(payloads)


async def order(connection: Any, payloads: Sequence[tuple[str, CarrierOrder, int]]) -> list[None]:
    """Tell whoever has a carrier's binds: (carrier, order, now)."""
    for carrier, told, now in sorted(payloads, key=lambda payload: payload[0]):
        await connection.execute(
            f"INSERT INTO carrier_order VALUES($1, $2, $3) ON CONFLICT(carrier) DO UPDATE SET {ORDERED[told]}",
            *order_row(carrier, told, now),
        )
    return [None] * len(payloads)


# --- read --------------------------------------------------------------------------------------------------------------


async def book(connection: Any, after: int) -> Book | None:
    """The whole book, read at one moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        version = await connection.fetchval("SELECT version FROM book")
        if version == after:
            return None
        tables = [await connection.fetch(f"SELECT * FROM {table}") for table in ("account", "access_key", "ram_user", "policy")]
    return book_of(version, *tables)


_CALLBACK = f"(SELECT tries + CASE WHEN dead THEN {GIVEN_UP} ELSE 0 END FROM callback WHERE callback.message = message.id)"
STANDING = (
    f"SELECT {', '.join(COLUMNS)}, state, carrier, error_code, error, changed_at, ended_at, decision, "
    f"told AND NOT EXISTS (SELECT FROM callback WHERE callback.message = message.id), {_CALLBACK} FROM message "
)


async def look(connection: Any, wanted: MessageId) -> Standing | None:
    """One message with its parts, notes and pushes."""
    row = await connection.fetchrow(STANDING + "WHERE id = $1", wanted)
    if row is None:
        return None
    parts = await connection.fetch(f"SELECT {PART} FROM part WHERE message = $1 ORDER BY sequence", wanted)
    notes = await connection.fetch("SELECT at, what, detail FROM note WHERE message = $1 ORDER BY id", wanted)
    told = await pushes.of(connection, row[1], wanted, row[23]) if row[23] else ()
    return standing(decoded(row), parts, [tuple(note) for note in notes], told)


def decoded(row: Any) -> list[Any]:
    """The row of a message with its text as it was given."""
    values = list(row)
    values[6] = text(values[6])
    return values


_OUTBOXES = f"""
    SELECT * FROM (
      SELECT a.id, a.callback, (SELECT count(*) FROM callback WHERE account = a.id AND NOT dead) AS waiting,
             (SELECT count(*) FROM callback WHERE account = a.id AND dead) AS given_up, coalesce(o.due_at, 0),
             (SELECT coalesce(max(tries), 0) FROM
               (SELECT tries FROM callback WHERE account = a.id AND NOT dead ORDER BY id LIMIT {HEAD}) AS head),
             coalesce(o.last, '')
        FROM account AS a LEFT JOIN outbox AS o ON o.account = a.id
       WHERE $1::text[] IS NULL OR a.id = ANY($1) ORDER BY a.id) AS box
     WHERE callback <> '' OR waiting > 0 OR given_up > 0
"""


async def outboxes(connection: Any, of: Sequence[AccountId] | None) -> list[Outbox]:
    """Each of these accounts that has an endpoint or callbacks."""
    rows = await connection.fetch(_OUTBOXES, of)
    last = await pushes.last(connection, [row[0] for row in rows])
    return [replace(Outbox(*row), **last[row[0]]) for row in rows]


_OWED = """
    SELECT * FROM (
      SELECT a.id, EXISTS (SELECT FROM callback WHERE account = a.id AND dead) AS given_up,
             (SELECT tries FROM callback WHERE account = a.id AND NOT dead ORDER BY id LIMIT 1) AS tries FROM account AS a) AS each
     WHERE given_up OR tries IS NOT NULL
"""


async def owed(connection: Any) -> dict[AccountId, bool]:
    """The accounts that have callbacks, and whether they cannot be told."""
    return {account: bool(given_up or tries) for account, given_up, tries in await connection.fetch(_OWED)}


_GIVEN_UP = "WHERE id = ANY(ARRAY(SELECT message FROM callback WHERE account = $1 AND dead ORDER BY id LIMIT $2)) ORDER BY id"


async def given_up(connection: Any, account: str, limit: int) -> list[Standing]:
    """The messages whose reports were given up."""
    rows = await connection.fetch(STANDING + _GIVEN_UP, account, limit)
    return [standing(decoded(row), (), ()) for row in rows]


async def carriers(connection: Any) -> list[CarrierStanding]:
    """What was last said of each carrier."""
    return [stood(row) for row in await connection.fetch(f"SELECT {STOOD} FROM carrier ORDER BY id")]


_LANES = {
    "lane.send": "sending",
    "lane.settle": "heard WHERE due_at IS NOT NULL",
    "lane.orphan": "heard WHERE due_at IS NULL",
    "lane.tell": "callback WHERE NOT dead",
    "lane.dead": "callback WHERE dead",
}


async def orders(connection: Any) -> dict[CarrierId, CarrierOrders]:
    """What stands of the orders to carriers."""
    rows = await connection.fetch("SELECT carrier, paused_at, rebind_at FROM carrier_order")
    return {carrier: CarrierOrders(paused_at, rebind_at) for carrier, paused_at, rebind_at in rows}


async def mark(connection: Any) -> int:
    """A digest of which transactions have ended: another one after every commit, and now and then without any."""
    return int(await connection.fetchval("SELECT hashtextextended(pg_current_snapshot()::text, 0)"))


async def pending(connection: Any, now: int) -> bool:
    """Whether a lane has something that is due, or that is being pushed."""
    due = " OR ".join(
        f"EXISTS (SELECT FROM {lane})"
        for lane in (
            "sending WHERE due_at <= $1",
            "heard WHERE due_at <= $1",
            "outbox AS o WHERE last = 'pushing' OR due_at <= $1 AND EXISTS "
            "(SELECT FROM callback AS c WHERE c.account = o.account AND NOT c.dead)",
        )
    )
    return bool(await connection.fetchval(f"SELECT {due}", now))


async def backlog(connection: Any, of: str) -> int:
    """How many messages wait to be sent, at one carrier or at any."""
    where, values = ("WHERE carrier = $1", (of,)) if of else ("", ())
    return int(await connection.fetchval(f"SELECT count(*) FROM sending {where}", *values))


_OPEN = "SELECT state, count(*) FROM message WHERE ended_at = 0 GROUP BY state"
_WAITING = """
    SELECT 'send', s.carrier, s.jobs, m.accepted_at
      FROM (SELECT carrier, count(*) AS jobs, min(message) AS first FROM sending GROUP BY carrier) AS s
      JOIN message AS m ON m.id = s.first
    UNION ALL
    SELECT 'settle', '', s.jobs, coalesce((SELECT heard_at FROM heard WHERE id = s.first), 0)
      FROM (SELECT count(*) AS jobs, min(id) AS first FROM heard WHERE due_at IS NOT NULL) AS s
    UNION ALL
    SELECT l.lane, a.id, coalesce(c.jobs, 0),
           coalesce((SELECT m.ended_at FROM callback AS f JOIN message AS m ON m.id = f.message WHERE f.id = c.first), 0)
      FROM account AS a CROSS JOIN (VALUES ('tell', false), ('dead', true)) AS l(lane, dead)
      LEFT JOIN (SELECT account, dead, count(*) AS jobs, min(id) AS first FROM callback GROUP BY account, dead) AS c
             ON c.account = a.id AND c.dead = l.dead
     WHERE a.callback <> '' OR c.jobs > 0
"""


async def load(connection: Any) -> Load:
    """What there is to do, read at one moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        under_way = dict(await connection.fetch(_OPEN))
        return Load(under_way, tuple(Waiting(*row) for row in await connection.fetch(_WAITING)))


async def counts(connection: Any) -> dict[str, int]:
    """Messages by state, and what waits in the lanes."""
    rows = await connection.fetch("SELECT state, count(*) FROM message GROUP BY state")
    found = {f"state.{state}": count for state, count in rows}
    for name, where in _LANES.items():
        found[name] = await connection.fetchval(f"SELECT count(*) FROM {where}")
    return found


async def overdue(connection: Any, before: int, limit: int) -> list[int]:
    """Ids of messages under way whose validity ended before `before`."""
    rows = await connection.fetch(
        "SELECT id FROM message WHERE ended_at = 0 AND expires_at <= $1 ORDER BY expires_at LIMIT $2", before, limit
    )
    return [row[0] for row in rows]


_PAGE = (
    f"SELECT {PAGE} FROM message WHERE ended_at = 0 AND expires_at >= $1 AND (expires_at, id) > ($1, $2) "
    "ORDER BY expires_at, id LIMIT $3"
)
_SILENT = f"SELECT {PART} FROM part WHERE message = ANY($1::bigint[]) AND message >= $2 AND state = 'submitted' AND at < $3"


async def silent(
    connection: Any, before: Mapping[CarrierId, Millis], limit: int, after: Reached
) -> tuple[list[Silent], Reached | None]:
    """The parts that carriers have not reported on, of a page of messages under way."""
    page = [tuple(row) for row in await connection.fetch(_PAGE, *after, limit)]
    ids = [row[0] for row in page]
    return silent_page(page, await connection.fetch(_SILENT, ids, since(ids), max(before.values())), before, limit)


async def nonces(connection: Any, now: int) -> dict[int, Millis]:
    """Nonces that are still barred."""
    return dict(await connection.fetch("SELECT mark, until FROM nonce WHERE until >= $1", now))
