"""The lanes: jobs are claimed under leases, done, given back, given up. Each function serves many callers at once."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import apsw
import orjson

from globewire.hold import pushes
from globewire.hold.changes import Written, written
from globewire.hold.facts import write
from globewire.hold.port import ENDPOINTS, FRESH, SEND, SETTLE, TELL, Fact, Job, SendJob, SettleJob, TellJob
from globewire.hold.rows import COLUMNS, PART, Row, report, send_job, settle_job
from globewire.hold.sql import ask, change, run
from globewire.message import CarrierId, MessageId, Millis

Claiming = tuple[int, int, int, str]
"""How many at most, now, the lease in ms, and of whom, or after whom."""
ClaimingSends = tuple[Sequence[tuple[CarrierId, int]], int, int]
"""How many at most of each carrier, now, and the lease in ms."""
Outcomes = Sequence[tuple[Job, Sequence[Fact]]]
Returning = tuple[Sequence[tuple[Job, Millis | None]], CarrierId | None]

_DUE = (
    "SELECT json_group_array(json_array(message, tried, leased)) FROM "
    "(SELECT * FROM sending WHERE carrier = ? AND due_at <= ? ORDER BY due_at, message LIMIT ?)"
)
_SENDS = (
    f"SELECT json_group_array(json_array({', '.join('m.' + c for c in COLUMNS)}, m.state, s.carrier)) "
    "FROM json_each(?) AS j CROSS JOIN sending AS s ON s.message = j.value ->> 0 CROSS JOIN message AS m ON m.id = s.message"
)
_LEASE_SENDS = "UPDATE sending SET leased = 1, due_at = ?2 WHERE message IN (SELECT value ->> 0 FROM json_each(?1))"


def claim_sends(cursor: apsw.Cursor, payloads: Sequence[ClaimingSends]) -> list[list[list[Row]]]:
    """Lease messages that are due at carriers: of each, the oldest first, (id, tried, leased), as it was before."""
    return [_claim_sends(cursor, *payload) for payload in payloads]


def _claim_sends(cursor: apsw.Cursor, limits: Sequence[tuple[CarrierId, int]], now: int, lease: int) -> list[list[Row]]:
    due: list[list[Row]] = [ask(cursor, _DUE, of, now, limit) for of, limit in limits]
    run(cursor, _LEASE_SENDS, [row for rows in due for row in rows], now + lease)
    return due


def sends(connection: apsw.Connection, leased: Sequence[Row]) -> dict[int, SendJob]:
    """The jobs of what `claim_sends` gave, by id."""
    places = {row[0]: row[1:] for row in leased}
    return {row[0]: send_job((*row, *places[row[0]])) for row in ask(connection.cursor(), _SENDS, orjson.dumps(leased).decode())}


_UNLEASE = "UPDATE sending SET leased = value ->> 2, due_at = ?2 FROM json_each(?1) WHERE message = value ->> 0"


def unlease(cursor: apsw.Cursor, payloads: Sequence[tuple[Sequence[Row], Millis]]) -> list[None]:
    """Take leases back that came to nothing: what `claim_sends` gave, and now."""
    for rows, now in payloads:
        run(cursor, _UNLEASE, rows, now)
    return [None] * len(payloads)


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
_PARTS = f"SELECT json_group_array(json_array({PART})) FROM json_each(?) AS j CROSS JOIN part AS p ON p.message = j.value ->> 0"


def claim_settle(cursor: apsw.Cursor, payloads: Sequence[Claiming]) -> list[list[SettleJob]]:
    """Lease receipts that were heard, each with the part that it speaks of, where one is known."""
    return [_claim_settle(cursor, *payload) for payload in payloads]


def _claim_settle(cursor: apsw.Cursor, limit: int, now: int, lease: int, of: str) -> list[SettleJob]:
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


_IN_TURN = (
    "SELECT account FROM (SELECT account FROM outbox WHERE due_at <= ?1 AND account > ?2 ORDER BY account) UNION ALL "
    "SELECT account FROM (SELECT account FROM outbox WHERE due_at <= ?1 AND account <= ?2 ORDER BY account) LIMIT ?3"
)
_REPORTS = (
    "SELECT json_group_array(json_array(o.account, a.callback, c.tries, c.id, m.id, m.recipient, m.task_id, m.segments, m.state, "
    "m.error_code, m.error, m.accepted_at, m.ended_at)) "
    f"FROM ({_IN_TURN}) AS o LEFT JOIN callback AS c ON c.id IN "
    "(SELECT id FROM callback WHERE account = o.account AND dead = 0 ORDER BY id LIMIT ?4) "
    "LEFT JOIN message AS m ON m.id = c.message LEFT JOIN account AS a ON a.id = o.account"
)
_LEASE_OUTBOX = "UPDATE outbox SET due_at = ?2, last = 'pushing' WHERE account IN (SELECT value ->> 0 FROM json_each(?1))"
_CLOSE_OUTBOX = "DELETE FROM outbox WHERE account IN (SELECT value ->> 0 FROM json_each(?))"


def claim_tell(cursor: apsw.Cursor, payloads: Sequence[Claiming]) -> list[list[TellJob]]:
    """Lease endpoints whose next reports are due: those at the head that were pushed equally often, in order."""
    return [_claim_tell(cursor, *payload) for payload in payloads]


def _claim_tell(cursor: apsw.Cursor, limit: int, now: int, lease: int, after: str) -> list[TellJob]:
    jobs: list[TellJob] = []
    while True:
        due, empty = _due_tells(cursor, now, after, ENDPOINTS - len(jobs), limit)
        run(cursor, _LEASE_OUTBOX, [(job.account,) for job in due], now + lease)
        run(cursor, _CLOSE_OUTBOX, empty)
        jobs += due
        if not empty:  # else others may be due, whose place those without a report took
            return jobs


def _due_tells(cursor: apsw.Cursor, now: int, after: str, endpoints: int, limit: int) -> tuple[list[TellJob], list[tuple[str]]]:
    """Jobs for so many endpoints that are due, in turn, and the accounts among them that have no report to push."""
    jobs, empty = [], []
    for account, rows in groupby(ask(cursor, _REPORTS, now, after, endpoints, limit), key=itemgetter(0)):
        tries, head = next(groupby(rows, key=itemgetter(2)))
        if tries is None:
            empty.append((account,))
            continue
        (_, url, _, *first), *others = head
        jobs.append(TellJob(account, url, tries, (report(first), *(report(row[3:]) for row in others))))
    return jobs, empty


_SENT = "DELETE FROM sending WHERE message IN (SELECT value ->> 0 FROM json_each(?))"
_SETTLED = "DELETE FROM heard WHERE id IN (SELECT value ->> 0 FROM json_each(?))"
_RELEASE = "UPDATE outbox SET due_at = value ->> 1, last = value ->> 2 FROM json_each(?) WHERE account = value ->> 0"
_NONE_LEFT = _CLOSE_OUTBOX + " AND NOT EXISTS (SELECT * FROM callback AS c WHERE c.account = outbox.account AND c.dead = 0)"


class Finished(NamedTuple):
    """Jobs that are over, as they are taken off their lanes, and what came of them."""

    sends: list[tuple[MessageId]]
    settles: list[tuple[int]]
    tells: list[TellJob]
    facts: list[Fact]


def finished(outcomes: Outcomes) -> Finished:
    """What is to be written of jobs that are over."""
    return Finished(
        [(job.message.id,) for job, _ in outcomes if isinstance(job, SendJob)],
        [(job.id,) for job, _ in outcomes if isinstance(job, SettleJob)],
        [job for job, _ in outcomes if isinstance(job, TellJob)],
        [fact for _, facts in outcomes for fact in facts],
    )


def done(cursor: apsw.Cursor, payloads: Sequence[Finished]) -> list[Written]:
    """Take finished jobs off their lanes and write what came of them."""
    run(cursor, _SENT, [message for payload in payloads for message in payload.sends])
    run(cursor, _SETTLED, [receipt for payload in payloads for receipt in payload.settles])
    told = [job for payload in payloads for job in payload.tells]
    pushes.tell(cursor, told)
    released = [(job.account, 0, "acknowledged") for job in told]
    run(cursor, _NONE_LEFT, released)  # which are nearly all, where there are many: no need to release them before
    run(cursor, _RELEASE, released)
    return written(write(cursor, [fact for payload in payloads for fact in payload.facts]), len(payloads))


_AGAIN_SEND = (
    "UPDATE sending SET leased = 0, due_at = value ->> 1, carrier = coalesce(value ->> 2, carrier), tried = value ->> 3 "
    "FROM json_each(?) WHERE message = value ->> 0"
)
_AGAIN_SETTLE = "UPDATE heard SET due_at = j.value ->> 1 FROM json_each(?) AS j WHERE heard.id = j.value ->> 0"


def again(cursor: apsw.Cursor, payloads: Sequence[Returning]) -> list[None]:
    """Put jobs back on their lanes."""
    returned = [(job, due or None, carrier) for jobs, carrier in payloads for job, due in jobs]
    sends = [(job, due, carrier) for job, due, carrier in returned if isinstance(job, SendJob)]
    run(cursor, _AGAIN_SEND, [(job.message.id, due, to, orjson.dumps(job.tried).decode()) for job, due, to in sends])
    run(cursor, _AGAIN_SETTLE, [(job.id, due) for job, due, _ in returned if isinstance(job, SettleJob)])
    told = [(job, due or 0) for job, due, _ in returned if isinstance(job, TellJob)]
    pushes.refuse(cursor, [job for job, _ in told])
    run(cursor, _RELEASE, [(job.account, due, "refused") for job, due in told])
    return [None] * len(payloads)


_BURY = "UPDATE callback SET dead = 1 WHERE id IN (SELECT value ->> 0 FROM json_each(?))"
_REVIVE = "UPDATE callback SET dead = 0, tries = 0 WHERE account = ? AND dead = 1"
_OPEN_OUTBOX = (
    "INSERT INTO outbox(account, due_at) VALUES(?, 0) ON CONFLICT(account) DO UPDATE SET due_at = 0 WHERE last <> 'pushing'"
)


def bury(cursor: apsw.Cursor, payloads: Sequence[TellJob]) -> list[None]:
    """Give reports up: they stay, and the endpoint's next ones are due."""
    pushes.refuse(cursor, payloads)
    run(cursor, _BURY, [(r.id,) for job in payloads for r in job.reports])
    run(cursor, _RELEASE, [(job.account, 0, "given up") for job in payloads])
    return [None] * len(payloads)


def revive(cursor: apsw.Cursor, payloads: Sequence[str]) -> list[int]:
    """Queue an account's given-up reports again."""
    counts = []
    for account in payloads:
        counts.append(change(cursor, _REVIVE, account))
        cursor.execute(_OPEN_OUTBOX, (account,))
    return counts


def replay(cursor: apsw.Cursor, payloads: Sequence[tuple[int, int]]) -> list[bool]:
    """Queue messages' reports again: (message, now). Whether it could be."""
    found = []
    for message, now in payloads:
        account = pushes.replay(cursor, message, now)
        if account is not None:
            cursor.execute(_OPEN_OUTBOX, (account,))
        found.append(account is not None)
    return found


_HASTEN = {
    SEND.name: "UPDATE sending SET due_at = ?1 WHERE carrier = ?3 AND due_at > ?1 + ?2 AND leased = 0",
    SETTLE.name: f"UPDATE heard SET due_at = ?1 WHERE due_at > ?1 + {FRESH} AND (tries = 0 OR due_at > ?1 + ?2)",
    TELL.name: "UPDATE outbox SET due_at = ?1 WHERE due_at > ?1 + ?2",
}


def hasten(cursor: apsw.Cursor, payloads: Sequence[tuple[int, str, int, str]]) -> list[int]:
    """Make due what waits for too long: (now, lane, ahead, carrier)."""
    return [
        change(cursor, _HASTEN[lane], *((now, ahead, of) if lane == SEND.name else (now, ahead)))
        for now, lane, ahead, of in payloads
    ]


_OVER = {
    SEND.name: "UPDATE sending SET due_at = ?1 WHERE leased = 1 AND carrier = ?2 AND due_at < ?3",
    SETTLE.name: "UPDATE heard SET due_at = ?1 WHERE due_at IS NOT NULL",
    TELL.name: "UPDATE outbox SET due_at = 0 WHERE last = 'pushing'",
}


def recover(cursor: apsw.Cursor, payloads: Sequence[tuple[int, str, str, int]]) -> list[None]:
    """End all leases of a lane: (now, lane, carrier, the moment before which a SEND lease ends)."""
    for now, lane, of, before in payloads:
        cursor.execute(_OVER[lane], {SEND.name: (now, of, before), SETTLE.name: (now,), TELL.name: ()}[lane])
    return [None] * len(payloads)
