"""The book of accounts in SQLite, and everything that people look at: one row or one page at a time, never the hot path."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import apsw
import orjson

from globewire.hold import pushes
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
from globewire.hold.sql import ask, change, insert, moment
from globewire.message import AccountId, CarrierId, MessageId, Millis

T = TypeVar("T")

# --- written by the writer: one entry or many --------------------------------------------------------------------------


def put(cursor: apsw.Cursor, payloads: Sequence[AccountEntry | KeyEntry | UserEntry | PolicyEntry]) -> list[None]:
    """Add or change entries of the book."""
    for entry in payloads:
        match entry:
            case AccountEntry():
                values = [
                    entry.id,
                    entry.sender,
                    entry.callback,
                    entry.callback_secret,
                    orjson.dumps(dict(entry.quota)).decode(),
                    entry.created_at,
                ]
                cursor.execute(
                    "INSERT INTO account VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET sender = excluded.sender, "
                    "callback = excluded.callback, callback_secret = excluded.callback_secret, quota = excluded.quota",
                    values,
                )
            case KeyEntry():
                values = [entry.id, entry.account, entry.user, entry.sealed, entry.token, int(entry.enabled), entry.created_at]
                cursor.execute("INSERT OR REPLACE INTO access_key VALUES(?, ?, ?, ?, ?, ?, ?)", values)
            case UserEntry():
                values = [entry.account, entry.name, orjson.dumps(entry.policies).decode()]
                cursor.execute("INSERT OR REPLACE INTO ram_user VALUES(?, ?, ?)", values)
            case PolicyEntry():
                cursor.execute("INSERT OR REPLACE INTO policy VALUES(?, ?, ?)", (entry.account, entry.name, entry.document))
    return _changed(cursor, [None] * len(payloads))


def delete_key(cursor: apsw.Cursor, payloads: Sequence[str]) -> list[bool]:
    """Delete AccessKeys by id."""
    return _changed(cursor, [change(cursor, "DELETE FROM access_key WHERE id = ?", key) > 0 for key in payloads])


def delete_user(cursor: apsw.Cursor, payloads: Sequence[tuple[str, str]]) -> list[bool]:
    """Delete users and their keys, by (account, name)."""
    found = []
    for who in payloads:
        cursor.execute("DELETE FROM access_key WHERE account = ? AND user = ?", who)
        found.append(change(cursor, "DELETE FROM ram_user WHERE account = ? AND name = ?", *who) > 0)
    return _changed(cursor, found)


def delete_policy(cursor: apsw.Cursor, payloads: Sequence[tuple[str, str]]) -> list[bool]:
    """Delete policies and detach them, by (account, name)."""
    found = []
    for account, name in payloads:
        found.append(change(cursor, "DELETE FROM policy WHERE account = ? AND name = ?", account, name) > 0)
        cursor.execute(
            "UPDATE ram_user SET policies = (SELECT json_group_array(value) FROM json_each(policies) WHERE value <> ?2) "
            "WHERE account = ?1",
            (account, name),
        )
    return _changed(cursor, found)


def _changed(cursor: apsw.Cursor, results: list[T]) -> list[T]:
    cursor.execute("UPDATE book SET version = version + 1")
    return results


def stand(cursor: apsw.Cursor, payloads: Sequence[Sequence[CarrierStanding]]) -> list[None]:
    """Say how carriers stand."""
    insert(cursor, f"carrier({STOOD})", [stood_row(s) for standings in payloads for s in standings], replace=True)
    return [None] * len(payloads)


def order(cursor: apsw.Cursor, payloads: Sequence[tuple[str, CarrierOrder, int]]) -> list[None]:
    """Tell whoever has a carrier's binds: (carrier, order, now)."""
    for carrier, told, now in payloads:
        cursor.execute(
            f"INSERT INTO carrier_order VALUES(?, ?, ?) ON CONFLICT(carrier) DO UPDATE SET {ORDERED[told]}",
            order_row(carrier, told, now),
        )
    return [None] * len(payloads)


# --- read on the reading connection ------------------------------------------------------------------------------------


def book(connection: apsw.Connection, after: int) -> Book | None:
    """The whole book, read at one moment."""
    with moment(connection):
        version = connection.execute("SELECT version FROM book").get
        if version == after:
            return None
        rows = {t: connection.execute(f"SELECT * FROM {t}").fetchall() for t in ("account", "access_key", "ram_user", "policy")}
    return book_of(version, rows["account"], rows["access_key"], rows["ram_user"], rows["policy"])


STANDING = (
    *COLUMNS,
    *("state", "carrier", "error_code", "error", "changed_at", "ended_at", "decision", "told_at"),
    "(SELECT tries + 1000000 * dead FROM callback WHERE callback.message = message.id)",
)
"""What is looked at of a message, in the order of `rows.standing`."""
_STANDING = f"SELECT json_group_array(json_array({', '.join(STANDING)})) FROM "


def look(connection: apsw.Connection, wanted: MessageId) -> Standing | None:
    """One message with its parts, notes and pushes."""
    rows = ask(connection.cursor(), _STANDING + "message WHERE id = ?", wanted)
    if not rows:
        return None
    parts = connection.execute(f"SELECT {PART} FROM part WHERE message = ? ORDER BY sequence", (wanted,)).fetchall()
    notes = connection.execute("SELECT at, what, detail FROM note WHERE message = ? ORDER BY id", (wanted,)).fetchall()
    return standing(rows[0], parts, notes, pushes.of(connection, wanted))


_OUTBOXES = f"""
    SELECT * FROM (
      SELECT a.id, a.callback, (SELECT count(*) FROM callback WHERE account = a.id AND dead = 0) AS waiting,
             (SELECT count(*) FROM callback WHERE account = a.id AND dead = 1) AS given_up, coalesce(o.due_at, 0),
             (SELECT coalesce(max(tries), 0) FROM
               (SELECT tries FROM callback WHERE account = a.id AND dead = 0 ORDER BY id LIMIT {HEAD})), coalesce(o.last, '')
        FROM account AS a LEFT JOIN outbox AS o ON o.account = a.id WHERE {{}} ORDER BY a.id)
     WHERE callback <> '' OR waiting > 0 OR given_up > 0
"""


def outboxes(connection: apsw.Connection, of: Sequence[AccountId] | None) -> list[Outbox]:
    """Each of these accounts that has an endpoint or callbacks."""
    which = "true" if of is None else "a.id IN (SELECT value FROM json_each(?))"
    values = () if of is None else (orjson.dumps(of).decode(),)
    rows: list[Any] = connection.execute(_OUTBOXES.format(which), values).fetchall()
    return [replace(Outbox(*row), **pushes.last(connection, row[0])) for row in rows]


_OWED = """
    SELECT * FROM (
      SELECT a.id, EXISTS (SELECT 1 FROM callback WHERE account = a.id AND dead = 1) AS given_up,
             (SELECT tries FROM callback WHERE account = a.id AND dead = 0 ORDER BY id LIMIT 1) AS tries FROM account AS a)
     WHERE given_up OR tries IS NOT NULL
"""


def owed(connection: apsw.Connection) -> dict[AccountId, bool]:
    """The accounts that have callbacks, and whether they cannot be told."""
    return {account: bool(given_up or tries) for account, given_up, tries in connection.execute(_OWED)}


_GIVEN_UP = (
    "(SELECT * FROM message WHERE id IN (SELECT message FROM callback WHERE account = ? AND dead = 1 ORDER BY id LIMIT ?) "
    "ORDER BY id) AS message"
)


def given_up(connection: apsw.Connection, account: str, limit: int) -> list[Standing]:
    """The messages whose reports were given up."""
    return [standing(row) for row in ask(connection.cursor(), _STANDING + _GIVEN_UP, account, limit)]


def carriers(connection: apsw.Connection) -> list[CarrierStanding]:
    """What was last said of each carrier."""
    return [stood(row) for row in connection.execute(f"SELECT {STOOD} FROM carrier ORDER BY id")]


def orders(connection: apsw.Connection) -> dict[CarrierId, CarrierOrders]:
    """What stands of the orders to carriers."""
    rows = connection.execute("SELECT carrier, paused_at, rebind_at FROM carrier_order")
    return {carrier: CarrierOrders(paused_at, rebind_at) for carrier, paused_at, rebind_at in rows}


def mark(connection: apsw.Connection) -> int:
    """Another number after every commit of another connection, of which the writer's is one."""
    return int(connection.execute("PRAGMA data_version").get)


def pending(connection: apsw.Connection, now: int) -> bool:
    """Whether a lane has something that is due, or that is being pushed."""
    due = " OR ".join(
        f"EXISTS (SELECT 1 FROM {lane})"
        for lane in (
            "sending WHERE due_at <= ?1",
            "heard WHERE due_at <= ?1",
            "outbox WHERE due_at <= ?1 OR last = 'pushing'",
        )
    )
    return bool(connection.execute(f"SELECT {due}", (now,)).get)


def backlog(connection: apsw.Connection, of: str) -> int:
    """How many messages wait to be sent, at one carrier or at any."""
    where, values = ("WHERE carrier = ?", (of,)) if of else ("", ())
    return int(connection.execute(f"SELECT count(*) FROM sending {where}", values).get)


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
      FROM account AS a CROSS JOIN (SELECT 'tell' AS lane, 0 AS dead UNION ALL SELECT 'dead', 1) AS l
      LEFT JOIN (SELECT account, dead, count(*) AS jobs, min(id) AS first FROM callback GROUP BY account, dead) AS c
             ON c.account = a.id AND c.dead = l.dead
     WHERE a.callback <> '' OR c.jobs > 0
"""


def load(connection: apsw.Connection) -> Load:
    """What there is to do, read at one moment."""
    with moment(connection):
        under_way = dict(connection.execute(_OPEN))
        return Load(under_way, tuple(Waiting(*row) for row in connection.execute(_WAITING)))


def counts(connection: apsw.Connection) -> dict[str, int]:
    """Messages by state, and what waits in the lanes."""
    found = {f"state.{state}": count for state, count in connection.execute("SELECT state, count(*) FROM message GROUP BY state")}
    for name, where in {
        "lane.send": "sending",
        "lane.settle": "heard WHERE due_at IS NOT NULL",
        "lane.orphan": "heard WHERE due_at IS NULL",
        "lane.tell": "callback WHERE dead = 0",
        "lane.dead": "callback WHERE dead = 1",
    }.items():
        found[name] = connection.execute(f"SELECT count(*) FROM {where}").get
    return found


def overdue(connection: apsw.Connection, before: int, limit: int) -> list[int]:
    """Ids of messages under way whose validity ended before `before`."""
    rows = connection.execute(
        "SELECT id FROM message WHERE ended_at = 0 AND expires_at <= ? ORDER BY expires_at LIMIT ?", (before, limit)
    )
    return [row[0] for row in rows]


_PAGE = (
    f"SELECT json_group_array(json_array({PAGE})) FROM (SELECT * FROM message INDEXED BY message_open "
    "WHERE ended_at = 0 AND (expires_at, id) > (?, ?) ORDER BY expires_at, id LIMIT ?)"
)
_SILENT = f"SELECT {PART} FROM json_each(?) AS j CROSS JOIN part ON message = j.value WHERE state = 'submitted' AND at < ?"


def silent(
    connection: apsw.Connection, before: Mapping[CarrierId, Millis], limit: int, after: Reached
) -> tuple[list[Silent], Reached | None]:
    """The parts that carriers have not reported on, of a page of messages under way."""
    page = ask(connection.cursor(), _PAGE, *after, limit)
    ids = orjson.dumps([row[0] for row in page]).decode()
    return silent_page(page, connection.execute(_SILENT, (ids, max(before.values()))).fetchall(), before, limit)


def oldest_open(connection: apsw.Connection, below: int) -> int:
    """The lowest id, less than `below`, of a message under way; `below` where there is none."""
    found: int | None = connection.execute(
        "SELECT min(id) FROM message INDEXED BY message_open WHERE ended_at = 0 AND id < ?", (below,)
    ).get
    return below if found is None else found


def nonces(connection: apsw.Connection, now: int) -> dict[int, Millis]:
    """Nonces that are still barred."""
    return dict(connection.execute("SELECT mark, until FROM nonce WHERE until >= ?", (now,)))
