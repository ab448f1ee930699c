"""What the writer does to the SQLite file, a batch at a time: each function takes the payloads of many callers at once.

A batch travels into a statement as one JSON array and out of it as one JSON value. So a statement costs one step whatever
the batch's size, and all that step's work happens without Python's global lock: rows bound one at a time, against a busy
event loop, came to 441 a second; as JSON, to 53,000 (Python 3.11, two cores).
"""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import orjson

from globewire import errors
from globewire.hold.port import (
    Became,
    Conversion,
    Fact,
    Heard,
    Job,
    Nonce,
    Noted,
    PartBecame,
    SendJob,
    SettleJob,
    Submission,
    Submitted,
    TellJob,
)
from globewire.hold.rows import message_row, report, send_job, settle_job
from globewire.message import FINAL, MAY_BECOME, CarrierId, Millis, State

Keeping = tuple[Sequence[Submission], Nonce | None, Sequence[Conversion]]
Claiming = tuple[int, int, int, str]
"""How many at most, now, the lease in ms, and of whom."""
Outcomes = Sequence[tuple[Job, Sequence[Fact]]]
Returning = tuple[Sequence[tuple[Job, Millis]], CarrierId | None]

_MESSAGE = (
    "id, account, access_key, request_id, recipient, sender, text, type, task_id, channel, encoding, segments, country, "
    "country_name, region, operator, accepted_at, validity"
)
_COMES_FROM = {state: "".join(f",{before}" for before, after in MAY_BECOME.items() if state in after) + "," for state in MAY_BECOME}


def run(cursor: sqlite3.Cursor, statement: str, rows: Sequence[Sequence[Any]], *more: Any) -> None:
    """Execute `statement` over `rows`, which it reads from `json_each(?)` (see `fields`); nothing where there are none."""
    if rows:
        cursor.execute(statement, (orjson.dumps(rows).decode(), *more))


def ask(cursor: sqlite3.Cursor, statement: str, *values: Any) -> Any:
    """The one JSON value that `statement` selects."""
    return orjson.loads(cursor.execute(statement, values).fetchone()[0])


def fields(count: int) -> str:
    """The first `count` members of each row of json_each, as columns."""
    return ", ".join(f"value ->> {i}" for i in range(count))


# --- accept ------------------------------------------------------------------------------------------------------------

_KEEP = f"INSERT INTO message({_MESSAGE}, expires_at, decision, carrier, changed_at) SELECT {fields(22)} FROM json_each(?)"
_QUEUE = "INSERT INTO sending(message, carrier, due_at) SELECT value ->> 0, value ->> 20, value ->> 16 FROM json_each(?)"
_NONCE = f"INSERT INTO nonce(until, mark) SELECT {fields(2)} FROM json_each(?)"
_NONCES_USED = (
    "SELECT json_group_array(mark) FROM (SELECT nonce.mark FROM json_each(?) AS j CROSS JOIN nonce "
    "ON nonce.until = j.value ->> 0 AND nonce.mark = j.value ->> 1)"
)
_CONVERT = f"INSERT INTO conversion(account, message, delivered, rate, at) SELECT {fields(5)} FROM json_each(?)"


def keep(cursor: sqlite3.Cursor, payloads: Sequence[Keeping]) -> list[errors.Refused | None]:
    """Keep submissions with their nonces; those whose nonce was used are left out, and say so."""
    nonces = [(n.until, n.mark) for _, n, _ in payloads if n]
    used = set(ask(cursor, _NONCES_USED, orjson.dumps(nonces).decode())) if nonces else set()
    results: list[errors.Refused | None] = []
    messages, kept, conversions = [], [], []
    for submissions, nonce, converted in payloads:
        if nonce and nonce.mark in used:
            results.append(errors.refuse(errors.NONCE_USED))
            continue
        if nonce:
            used.add(nonce.mark)
            kept.append((nonce.until, nonce.mark))
        messages += [message_row(s) for s in submissions]
        conversions += [(c.account, c.message, int(c.delivered), c.rate, c.at) for c in converted]
        results.append(None)
    run(cursor, _NONCE, kept)
    run(cursor, _KEEP, messages)
    run(cursor, _QUEUE, messages)
    run(cursor, _CONVERT, conversions)
    return results


# --- claim -------------------------------------------------------------------------------------------------------------

_SENDS = (
    f"SELECT json_group_array(json_array({', '.join('m.' + c for c in _MESSAGE.split(', '))}, m.state, s.carrier, s.tried, "
    "s.leased)) FROM "
    "(SELECT * FROM sending WHERE carrier = ? AND due_at <= ? ORDER BY due_at, message LIMIT ?) AS s "
    "CROSS JOIN message AS m ON m.id = s.message"
)
_LEASE_SENDS = "UPDATE sending SET leased = 1, due_at = ?2 WHERE message IN (SELECT value ->> 0 FROM json_each(?1))"


def claim_send(cursor: sqlite3.Cursor, payloads: Sequence[Claiming]) -> list[list[SendJob]]:
    """Lease messages that are due at a carrier, oldest first."""
    return [_claim_send(cursor, *payload) for payload in payloads]


def _claim_send(cursor: sqlite3.Cursor, limit: int, now: int, lease: int, of: str) -> list[SendJob]:
    rows = ask(cursor, _SENDS, of, now, limit)
    run(cursor, _LEASE_SENDS, [row[:1] for row in rows], now + lease)
    return [send_job(row) for row in rows]


_HEARD = (
    "SELECT json_group_array(json_array(id, carrier, carrier_ids, recipient, status, error, marked, heard_at, tries)) FROM "
    "(SELECT * FROM heard WHERE due_at <= ? ORDER BY due_at, id LIMIT ?)"
)
_LEASE_HEARD = "UPDATE heard SET tries = tries + 1, due_at = ?2 WHERE id IN (SELECT value ->> 0 FROM json_each(?1))"
_MATCH = (
    "SELECT json_group_array(json_array(j.value ->> 0, j.value ->> 3, p.message, p.sequence, m.recipient, m.state)) "
    "FROM json_each(?) AS j CROSS JOIN part AS p ON p.carrier_id = j.value ->> 2 AND p.carrier = j.value ->> 1 "
    "CROSS JOIN message AS m ON m.id = p.message"
)
_PARTS = (
    "SELECT json_group_array(json_array(p.message, p.sequence, p.total, p.carrier, p.carrier_id, p.state, p.at)) "
    "FROM json_each(?) AS j CROSS JOIN part AS p ON p.message = j.value ->> 0"
)


def claim_settle(cursor: sqlite3.Cursor, payloads: Sequence[Claiming]) -> list[list[SettleJob]]:
    """Lease receipts that were heard, each with the part that it speaks of, where one is known."""
    return [_claim_settle(cursor, *payload) for payload in payloads]


def _claim_settle(cursor: sqlite3.Cursor, limit: int, now: int, lease: int, of: str) -> list[SettleJob]:
    heard = ask(cursor, _HEARD, now, limit)
    if not heard:
        return []
    run(cursor, _LEASE_HEARD, [row[:1] for row in heard], now + lease)
    spellings = [(row[0], row[1], spelling, rank) for row in heard for rank, spelling in enumerate(orjson.loads(row[2]))]
    matches: dict[int, list[list[Any]]] = {}
    for match in sorted(ask(cursor, _MATCH, orjson.dumps(spellings).decode()), key=lambda m: (m[1], -m[2])):
        matches.setdefault(match[0], []).append(match)
    messages = [[message] for message in {m[2] for found in matches.values() for m in found}]
    parts: dict[int, list[list[Any]]] = {}
    for part in ask(cursor, _PARTS, orjson.dumps(messages).decode()) if messages else ():
        parts.setdefault(part[0], []).append(part)
    return [settle_job(row, matches.get(row[0], ()), parts) for row in heard]


_OUTBOXES = "SELECT json_group_array(account) FROM (SELECT account FROM outbox WHERE due_at <= ? ORDER BY due_at LIMIT ?)"
_LEASE_OUTBOX = "UPDATE outbox SET due_at = ?2, last = 'pushing' WHERE account IN (SELECT value ->> 0 FROM json_each(?1))"
_REPORTS = (
    "SELECT json_group_array(json_array(c.id, m.id, m.recipient, m.task_id, m.segments, m.state, m.error_code, m.error, "
    "m.accepted_at, m.ended_at, c.tries, a.callback)) FROM (SELECT * FROM callback WHERE account = ? AND dead = 0 "
    "ORDER BY id LIMIT ?) AS c CROSS JOIN message AS m ON m.id = c.message CROSS JOIN account AS a ON a.id = c.account"
)
ENDPOINTS = 32
"""Endpoints leased by one claim of TELL; `limit` is the number of reports for each."""


def claim_tell(cursor: sqlite3.Cursor, payloads: Sequence[Claiming]) -> list[list[TellJob]]:
    """Lease endpoints whose next reports are due: those at the head that were pushed equally often, in order."""
    return [_claim_tell(cursor, *payload) for payload in payloads]


def _claim_tell(cursor: sqlite3.Cursor, limit: int, now: int, lease: int, of: str) -> list[TellJob]:
    jobs, empty = [], []
    accounts = ask(cursor, _OUTBOXES, now, ENDPOINTS)
    for account in accounts:
        rows = ask(cursor, _REPORTS, account, limit)
        if not rows:
            empty.append((account,))
            continue
        tries, head = next(groupby(rows, key=lambda row: row[10]))
        jobs.append(TellJob(account, rows[0][11], tries, tuple(report(row) for row in head)))
    run(cursor, _LEASE_OUTBOX, [(job.account,) for job in jobs], now + lease)
    run(cursor, "DELETE FROM outbox WHERE account IN (SELECT value ->> 0 FROM json_each(?))", empty)
    return jobs


# --- done, again, record -----------------------------------------------------------------------------------------------

_SENT = "DELETE FROM sending WHERE message IN (SELECT value ->> 0 FROM json_each(?))"
_SETTLED = "DELETE FROM heard WHERE id IN (SELECT value ->> 0 FROM json_each(?))"
_TOLD = "DELETE FROM callback WHERE id IN (SELECT value ->> 0 FROM json_each(?))"
_TOLD_AT = "UPDATE message SET told_at = ended_at WHERE id IN (SELECT value ->> 0 FROM json_each(?))"
_RELEASE = "UPDATE outbox SET due_at = value ->> 1, last = value ->> 2 FROM json_each(?) WHERE account = value ->> 0"


def done(cursor: sqlite3.Cursor, payloads: Sequence[Outcomes]) -> list[None]:
    """Take finished jobs off their lanes and write what came of them."""
    outcomes = [outcome for payload in payloads for outcome in payload]
    run(cursor, _SENT, [(job.message.id,) for job, _ in outcomes if isinstance(job, SendJob)])
    run(cursor, _SETTLED, [(job.id,) for job, _ in outcomes if isinstance(job, SettleJob)])
    told = [job for job, _ in outcomes if isinstance(job, TellJob)]
    run(cursor, _TOLD, [(r.id,) for job in told for r in job.reports])
    run(cursor, _TOLD_AT, [(r.message,) for job in told for r in job.reports])
    run(cursor, _RELEASE, [(job.account, 0, "acknowledged") for job in told])
    write(cursor, [fact for _, facts in outcomes for fact in facts])
    return [None] * len(payloads)


_AGAIN_SEND = (
    "UPDATE sending SET leased = 0, due_at = value ->> 1, carrier = coalesce(value ->> 2, carrier), "
    "tried = CASE WHEN value ->> 2 IS NULL THEN tried ELSE json_insert(tried, '$[#]', carrier) END "
    "FROM json_each(?) WHERE message = value ->> 0"
)
_AGAIN_SETTLE = "UPDATE heard SET due_at = j.value ->> 1 FROM json_each(?) AS j WHERE heard.id = j.value ->> 0"
_AGAIN_TELL = "UPDATE callback SET tries = tries + 1 WHERE id IN (SELECT value ->> 0 FROM json_each(?))"


def again(cursor: sqlite3.Cursor, payloads: Sequence[Returning]) -> list[None]:
    """Put jobs back on their lanes."""
    returned = [(job, due or None, carrier) for jobs, carrier in payloads for job, due in jobs]
    run(cursor, _AGAIN_SEND, [(job.message.id, due, carrier) for job, due, carrier in returned if isinstance(job, SendJob)])
    run(cursor, _AGAIN_SETTLE, [(job.id, due) for job, due, _ in returned if isinstance(job, SettleJob)])
    told = [(job, due or 0) for job, due, _ in returned if isinstance(job, TellJob)]
    run(cursor, _AGAIN_TELL, [(r.id,) for job, _ in told for r in job.reports])
    run(cursor, _RELEASE, [(job.account, due, "refused") for job, due in told])
    return [None] * len(payloads)


_BURY = "UPDATE callback SET dead = 1, tries = tries + 1 WHERE id IN (SELECT value ->> 0 FROM json_each(?))"
_REVIVE = "UPDATE callback SET dead = 0, tries = 0 WHERE account = ? AND dead = 1"
_OPEN_OUTBOX = (
    "INSERT INTO outbox(account, due_at) VALUES(?, 0) ON CONFLICT(account) DO UPDATE SET due_at = 0 WHERE last <> 'pushing'"
)


def bury(cursor: sqlite3.Cursor, payloads: Sequence[TellJob]) -> list[None]:
    """Give reports up: they stay, and the endpoint's next ones are due."""
    run(cursor, _BURY, [(r.id,) for job in payloads for r in job.reports])
    run(cursor, _RELEASE, [(job.account, 0, "given up") for job in payloads])
    return [None] * len(payloads)


def revive(cursor: sqlite3.Cursor, payloads: Sequence[str]) -> list[int]:
    """Queue an account's given-up reports again."""
    counts = []
    for account in payloads:
        counts.append(cursor.execute(_REVIVE, (account,)).rowcount)
        cursor.execute(_OPEN_OUTBOX, (account,))
    return counts


def recover(cursor: sqlite3.Cursor, payloads: Sequence[int]) -> list[None]:
    """End all leases."""
    cursor.execute("UPDATE sending SET due_at = ? WHERE leased = 1", (payloads[0],))
    cursor.execute("UPDATE heard SET due_at = ? WHERE due_at IS NOT NULL", (payloads[0],))
    cursor.execute("UPDATE outbox SET due_at = 0 WHERE last = 'pushing'")
    return [None] * len(payloads)


def record(cursor: sqlite3.Cursor, payloads: Sequence[Sequence[Fact]]) -> list[None]:
    """Write facts that belong to no job."""
    write(cursor, [fact for facts in payloads for fact in facts])
    return [None] * len(payloads)


_SUBMITTED = (
    f"INSERT OR REPLACE INTO part(message, sequence, total, carrier, carrier_id, state, at) SELECT {fields(7)} FROM json_each(?)"
)
_PART_BECAME = (
    "UPDATE part SET state = value ->> 2, error = value ->> 3, at = value ->> 4 FROM json_each(?) "
    "WHERE message = value ->> 0 AND sequence = value ->> 1"
)
_HEAR = (
    "INSERT INTO heard(carrier, carrier_ids, recipient, status, error, marked, heard_at, due_at) "
    f"SELECT {fields(8)} FROM json_each(?)"
)
_NOTE = f"INSERT INTO note(message, at, what, detail) SELECT {fields(4)} FROM json_each(?)"


def write(cursor: sqlite3.Cursor, facts: Sequence[Fact]) -> None:
    """Write facts: parts first, then the messages' states, in the order given."""
    parts = [f.part for f in facts if isinstance(f, Submitted)]
    run(cursor, _SUBMITTED, [(p.message, p.sequence, p.total, p.carrier, p.carrier_id, p.state, p.at) for p in parts])
    run(cursor, _PART_BECAME, [(f.message, f.sequence, f.state, f.error, f.at) for f in facts if isinstance(f, PartBecame)])
    heard = [(f.receipt, f.carrier, f.at) for f in facts if isinstance(f, Heard)]
    run(
        cursor,
        _HEAR,
        [(c, orjson.dumps(r.carrier_ids).decode(), r.to, r.status, r.error, int(r.marked), at, at) for r, c, at in heard],
    )
    run(cursor, _NOTE, [(f.message, f.at, f.what, f.detail) for f in facts if isinstance(f, Noted)])
    for wave in _waves(f for f in facts if isinstance(f, Became)):
        become(cursor, wave)


def _waves(changes: Iterable[Became]) -> list[list[Became]]:
    """The changes in order, such that no wave has a message twice: one statement takes one change of a message."""
    waves: list[list[Became]] = []
    nth: dict[int, int] = {}
    for change in changes:
        n = nth[change.message] = nth.get(change.message, -1) + 1
        if n == len(waves):
            waves.append([])
        waves[n].append(change)
    return waves


_GUARD = "m.id = j.value ->> 0 AND instr(j.value ->> 6, ',' || m.state || ',')"
_CALLBACK = (
    "INSERT INTO callback(account, message) SELECT m.account, m.id FROM json_each(?) AS j CROSS JOIN message AS m "
    f"ON {_GUARD} JOIN account AS a ON a.id = m.account WHERE j.value ->> 7 AND a.callback <> ''"
)
_OUTBOX = (
    "INSERT OR IGNORE INTO outbox(account, due_at) SELECT DISTINCT m.account, 0 FROM json_each(?) AS j CROSS JOIN message AS m "
    f"ON {_GUARD} JOIN account AS a ON a.id = m.account WHERE j.value ->> 7 AND a.callback <> ''"
)
_BECAME = (
    "UPDATE message AS m SET state = j.value ->> 1, changed_at = j.value ->> 2, ended_at = iif(j.value ->> 7, j.value ->> 2, 0), "
    "carrier = coalesce(j.value ->> 3, m.carrier), error_code = j.value ->> 4, error = j.value ->> 5 FROM json_each(?) AS j "
    f"WHERE {_GUARD}"
)


def become(cursor: sqlite3.Cursor, changes: Sequence[Became]) -> None:
    """Change states where MAY_BECOME allows it; final ones queue the account's callback, if it wants one."""
    rows = [
        (c.message, c.state, c.at, c.carrier, c.error_code, c.error, _COMES_FROM[c.state], int(c.state in FINAL)) for c in changes
    ]
    if any(row[7] for row in rows):
        run(cursor, _CALLBACK, rows)
        run(cursor, _OUTBOX, rows)
    run(cursor, _SENT, [row for row in rows if row[1] == State.EXPIRED])
    run(cursor, _BECAME, rows)


# --- tend --------------------------------------------------------------------------------------------------------------

_BLANK = (
    "UPDATE message SET text = '' WHERE id IN "
    "(SELECT id FROM message WHERE id >= ?1 AND id < ?2 AND ended_at > 0 AND text <> '' ORDER BY id LIMIT ?3)"
)
_OLD = "SELECT json_group_array(json_array(id)) FROM (SELECT id FROM message WHERE id < ? AND ended_at > 0 ORDER BY id LIMIT ?)"
_OLD_HEARD = "DELETE FROM heard WHERE id IN (SELECT id FROM heard WHERE due_at IS NULL AND heard_at < ?1 ORDER BY id LIMIT ?2)"


def forget(cursor: sqlite3.Cursor, payloads: Sequence[tuple[int, int, int, int, int]]) -> list[int]:
    """Blank the texts of ended messages with ids from `since` to `bodies`, delete those below `messages`; rows touched.

    Each payload is (since, bodies, messages, before, limit); receipts without a part that were heard before `before` ms go too.
    """
    counts = []
    for since, bodies, messages, before, limit in payloads:
        rows = ask(cursor, _OLD, messages, limit)
        for table, column in (("part", "message"), ("note", "message"), ("callback", "message"), ("message", "id")):
            run(cursor, f"DELETE FROM {table} WHERE {column} IN (SELECT value ->> 0 FROM json_each(?))", rows)
        orphans = cursor.execute(_OLD_HEARD, (before, limit)).rowcount
        counts.append(len(rows) + orphans + cursor.execute(_BLANK, (since, bodies, limit)).rowcount)
    return counts


def bar(cursor: sqlite3.Cursor, payloads: Sequence[int]) -> list[None]:
    """Forget the nonces whose requests could not be fresh any more."""
    cursor.execute("DELETE FROM nonce WHERE until < ?", (max(payloads),))
    return [None] * len(payloads)
