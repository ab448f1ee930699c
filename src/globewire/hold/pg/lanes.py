"""The lanes in PostgreSQL: jobs are claimed under leases, done, given back, given up. Each function serves many callers at once.

READ COMMITTED, beside other writers: a claim locks the rows that it takes and skips those that another one has locked, and
looks at `due_at` again once it has the lock, so claims are disjoint. What a claim of TELL reads of an endpoint, it reads in a
statement after the one that locked it: everything is then seen that the last owner of the lease did.

Receipts of two parts of one message may be settled by two processes at the same time, each having seen only the other part
unsettled; both would find the message unfinished. So `done` locks the parts of the long messages that it settles and compares
them with those that the decision was made on. Where they differ, nothing of that message is written: its receipts go back
on the lane, and are decided anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, TypeGuard

import orjson

from globewire.hold.changes import Written, written
from globewire.hold.fresh import Fresh
from globewire.hold.pg import pushes
from globewire.hold.pg.batch import DAY_OF_IDS, Batch, since
from globewire.hold.pg.facts import write
from globewire.hold.pg.keeping import text
from globewire.hold.pg.turn import Turn
from globewire.hold.port import ENDPOINTS, FRESH, SEND, SETTLE, TELL, Fact, Job, SendJob, SettleJob, TellJob
from globewire.hold.rows import COLUMNS, PART, Row, report, send_job, settle_job
from globewire.message import CarrierId, Millis

Claiming = tuple[int, int, int, str]
"""How many at most, now, the lease in ms, and of whom, or after whom."""
Outcomes = Sequence[tuple[Job, Sequence[Fact]]]
Returning = tuple[Sequence[tuple[Job, Millis | None]], CarrierId | None]

_LEASE_SENDS = Batch(
    "WITH due AS MATERIALIZED (SELECT j.nth, j.until, s.message, s.leased FROM {rows} CROSS JOIN LATERAL "
    "(SELECT message, leased FROM sending WHERE carrier = j.carrier AND due_at <= j.now "
    "ORDER BY due_at, message LIMIT j.most FOR UPDATE SKIP LOCKED) AS s) "
    "UPDATE sending AS s SET leased = true, due_at = due.until FROM due WHERE s.message = due.message "
    "RETURNING due.nth, s.message, s.tried, due.leased",
    *("nth integer", "carrier text", "now bigint", "most integer", "until bigint"),
)
_MESSAGES = f"SELECT {', '.join(COLUMNS)}, state FROM message WHERE id = ANY($1::bigint[]) AND id >= $2"


async def claim_send(fresh: Fresh, turn: Turn, payloads: Sequence[Claiming]) -> list[list[SendJob]]:
    """Lease messages that are due at carriers, of each the oldest first. The lease of a single claim is committed before what is
    not in hand is read: whoever gets Unavailable frees it."""
    claims = [(nth, of, now, limit, now + lease) for nth, (limit, now, lease, of) in enumerate(payloads)]
    due: list[list[Row]] = [[] for _ in claims]
    for nth, *row in await (_LEASE_SENDS.only if len(claims) == 1 else _LEASE_SENDS.ask)(turn, claims):
        due[nth].append(row)
    jobs: dict[int, SendJob] = {}
    for (_, of, _, limit, _), rows in zip(claims, due, strict=True):
        jobs |= fresh.jobs(CarrierId(of), rows, all_due=len(rows) < limit)
    read = {row[0]: (of, *row[1:]) for (_, of, *_), rows in zip(claims, due, strict=True) for row in rows if row[0] not in jobs}
    for row in await turn.look(_MESSAGES, sorted(read), since(read)) if read else ():
        values = list(row)
        values[6] = text(values[6])
        jobs[row[0]] = send_job([*values, *read[row[0]]])
    return [[jobs[id] for id in sorted(row[0] for row in rows) if id in jobs] for rows in due]


_UNCLAIM = "UPDATE sending SET leased = false, due_at = $3 WHERE carrier = $1 AND leased AND due_at = ANY($2::bigint[])"


async def unclaim(connection: Any, payloads: Sequence[tuple[str, Sequence[int], int]]) -> list[None]:
    """Make due again what was leased until just these moments, by claims that nobody got: (carrier, lease ends, now)."""
    for carrier, ends, now in payloads:
        await connection.execute(_UNCLAIM, carrier, list(ends), now)
    return [None] * len(payloads)


_LEASE_HEARD = (
    "WITH due AS MATERIALIZED (SELECT id FROM heard WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED) "
    "UPDATE heard AS h SET tries = h.tries + 1, due_at = $3 FROM due WHERE h.id = due.id "
    "RETURNING h.id, h.carrier, h.carrier_ids, h.recipient, h.status, h.error, h.marked, h.heard_at, h.tries - 1"
)
_MATCH = Batch(
    "SELECT j.heard, j.rank, p.message, p.sequence, m.recipient, m.state FROM {rows} "
    "JOIN part AS p ON p.carrier_id = j.spelling AND p.carrier = j.carrier AND p.message >= $2 "
    "JOIN message AS m ON m.id = p.message AND m.id >= $2",
    *("heard bigint", "carrier text", "spelling text", "rank integer"),
)
_PARTS = f"SELECT {PART} FROM part WHERE message = ANY($1::bigint[]) AND message >= $2 ORDER BY message, sequence"
NEAR, FAR = 2 * DAY_OF_IDS, 62 * DAY_OF_IDS
"""Ids by which a message may be older than its receipt: two days, in which most are found, and as long as validity and grace
may last together. Each day more is an index more to look into."""


async def claim_settle(connection: Any, payloads: Sequence[Claiming]) -> list[list[SettleJob]]:
    """Lease receipts that were heard, each with the part that it speaks of, where one is known."""
    return [await _claim_settle(connection, *payload) for payload in payloads]


async def _claim_settle(connection: Any, limit: int, now: int, lease: int, of: str) -> list[SettleJob]:
    heard = sorted(await connection.fetch(_LEASE_HEARD, now, limit, now + lease), key=lambda row: row[0])
    if not heard:
        return []
    near = await _matched(connection, heard, NEAR)
    lost = [row for row, job in zip(heard, near, strict=True) if job.part is None]
    far = {job.id: job for job in await _matched(connection, lost, FAR)}
    return [far.get(job.id, job) for job in near]


async def _matched(connection: Any, heard: Sequence[Any], reach: int) -> list[SettleJob]:
    """The jobs of these receipts, with the parts of messages that are no older than `reach`."""
    spellings = [(row[0], row[1], spelling, rank) for row in heard for rank, spelling in enumerate(orjson.loads(row[2]))]
    oldest = min((row[7] for row in heard), default=0) * 100_000 - reach
    matches: dict[int, list[Any]] = {}
    for match in sorted(await _MATCH.ask(connection, spellings, oldest), key=lambda m: (m[1], -m[2])):
        matches.setdefault(match[0], []).append(match)
    messages = sorted({m[2] for found in matches.values() for m in found})
    parts: dict[int, list[Any]] = {}
    for part in await connection.fetch(_PARTS, messages, since(messages)) if messages else ():
        parts.setdefault(part[0], []).append(part)
    return [settle_job(row, matches.get(row[0], ()), parts) for row in heard]


# From one account with a report to the next, by the index: what that costs does not depend on how many accounts there are.
_OUTBOXES = (
    "WITH RECURSIVE waiting AS ((SELECT account FROM callback WHERE NOT dead AND account > $2 ORDER BY account LIMIT 1) UNION ALL "
    "SELECT (SELECT account FROM callback AS c WHERE NOT dead AND c.account > w.account ORDER BY account LIMIT 1) "
    "FROM waiting AS w WHERE w.account IS NOT NULL) "
    "SELECT o.account, a.callback FROM waiting AS w JOIN outbox AS o ON o.account = w.account AND o.due_at <= $1 "
    "JOIN account AS a ON a.id = o.account LIMIT $3 FOR UPDATE OF o SKIP LOCKED"
)
_LEASE_OUTBOX = "UPDATE outbox SET due_at = $2, last = 'pushing' WHERE account = ANY($1::text[])"
_NEXT = (
    "SELECT w.account, c.id, c.message, c.tries FROM unnest($1::text[]) AS w(account) CROSS JOIN LATERAL "
    "(SELECT * FROM callback WHERE account = w.account AND NOT dead ORDER BY id LIMIT $2) AS c ORDER BY w.account, c.id"
)
_REPORTS = (
    "SELECT id, recipient, task_id, segments, state, error_code, error, accepted_at, ended_at FROM message "
    "WHERE id = ANY($1::bigint[]) AND id >= $2"
)


async def claim_tell(connection: Any, payloads: Sequence[Claiming]) -> list[list[TellJob]]:
    """Lease endpoints whose next reports are due: those at the head that were pushed equally often, in order."""
    return [await _claim_tell(connection, *payload) for payload in payloads]


async def _claim_tell(connection: Any, limit: int, now: int, lease: int, after: str) -> list[TellJob]:
    urls = await _due_outboxes(connection, now, after)
    if not urls:
        return []
    rows = await connection.fetch(_NEXT, list(urls), limit)
    ids = sorted(row[2] for row in rows)
    messages = {row[0]: row for row in await connection.fetch(_REPORTS, ids, since(ids))}
    jobs = {}
    for account, waiting in groupby(rows, key=lambda row: row[0]):
        tries, head = next(groupby(waiting, key=lambda row: row[3]))
        reports = tuple(report((row[1], *messages[row[2]])) for row in head if row[2] in messages)
        if reports:
            jobs[account] = TellJob(account, urls[account], tries, reports)
    await connection.execute(_LEASE_OUTBOX, list(jobs), now + lease)
    return [jobs[account] for account in urls if account in jobs]


async def _due_outboxes(connection: Any, now: int, after: str) -> dict[str, str]:
    """The endpoints that are due and have a report, by account, in turn: locked, as far as nobody else has."""
    urls = dict(await connection.fetch(_OUTBOXES, now, after, ENDPOINTS))
    if after and len(urls) < ENDPOINTS:
        urls |= dict(await connection.fetch(_OUTBOXES, now, "", ENDPOINTS - len(urls)))
    return urls


_SETTLED = "DELETE FROM heard WHERE id = ANY($1::bigint[])"
_RELEASE = Batch(
    "UPDATE outbox AS o SET due_at = j.due, last = j.last FROM {rows} WHERE o.account = j.account",
    *("account text", "due bigint", "last text"),
)
_ANEW = "UPDATE heard SET due_at = heard_at, tries = tries - 1 WHERE id = ANY($1::bigint[])"


async def done(turn: Turn, payloads: Sequence[Outcomes]) -> list[Written]:
    """Take finished jobs off their lanes and write what came of them."""
    sent = [job.message.id for outcomes in payloads for job, _ in outcomes if isinstance(job, SendJob)]
    moved = await _moved_on(turn, payloads)
    outcomes = [o for n, given in enumerate(payloads) for o in given if not _is_of(o[0], moved[n])]
    if settled := [job.id for job, _ in outcomes if isinstance(job, SettleJob)]:
        await turn.execute(_SETTLED, settled)
    anew = [
        [job.id for job, _ in given if isinstance(job, SettleJob) and _is_of(job, moved[n])] for n, given in enumerate(payloads)
    ]
    if any(anew):
        await turn.execute(_ANEW, [id for ids in anew for id in ids])
    told = [job for job, _ in outcomes if isinstance(job, TellJob)]
    states = await write(turn, [fact for _, facts in outcomes for fact in facts], sent, only=not told)
    if told:
        await pushes.tell(turn, told)
        await _RELEASE.run(turn, [(job.account, 0, "acknowledged") for job in told])
    return [replace(told, anew=bool(ids)) for told, ids in zip(written(states, len(payloads)), anew, strict=True)]


_LOCK_PARTS = _PARTS + " FOR NO KEY UPDATE"


async def _moved_on(connection: Any, payloads: Sequence[Outcomes]) -> list[set[int]]:
    """For each call, the messages whose parts are no longer as its receipts were decided on. Their parts are locked now.

    A message of one part needs no looking: of two that settle it, the part's and the message's own guards let one through."""
    jobs = [[job for job, _ in given if isinstance(job, SettleJob) and job.part and job.part.total > 1] for given in payloads]
    messages = sorted({_message(job) for given in jobs for job in given})
    if not messages:
        return [set() for _ in payloads]
    stand: dict[int, list[Any]] = {}
    for row in await connection.fetch(_LOCK_PARTS, messages, since(messages)):
        stand.setdefault(row[0], []).append((row[1], row[4], row[5]))
    moved: list[set[int]] = []
    settled: set[int] = set()
    for given in jobs:
        mine = {_message(job) for job in given}
        decided_on = {(_message(job), tuple((p.sequence, p.carrier_id, p.state) for p in job.parts)) for job in given}
        moved.append((mine & settled) | {message for message, parts in decided_on if tuple(stand.get(message, ())) != parts})
        settled |= mine - moved[-1]
    return moved


def _message(job: SettleJob) -> int:
    return job.part.message if job.part else 0


def _is_of(job: Job, messages: set[int]) -> TypeGuard[SettleJob]:
    return isinstance(job, SettleJob) and _message(job) in messages


_AGAIN_SEND = Batch(
    "UPDATE sending AS s SET leased = false, due_at = coalesce(j.due, 0), carrier = coalesce(j.carrier, s.carrier), "
    "tried = j.tried FROM {rows} WHERE s.message = j.message",
    *("message bigint", "due bigint", "carrier text", "tried text"),
)
_AGAIN_SETTLE = Batch("UPDATE heard AS h SET due_at = j.due FROM {rows} WHERE h.id = j.id", "id bigint", "due bigint")


async def again(connection: Any, payloads: Sequence[Returning]) -> list[None]:
    """Put jobs back on their lanes."""
    returned = [(job, due, carrier) for jobs, carrier in payloads for job, due in jobs]
    sends = [
        (job.message.id, due, carrier, orjson.dumps(job.tried).decode())
        for job, due, carrier in returned
        if isinstance(job, SendJob)
    ]
    await _AGAIN_SEND.run(connection, sorted(sends, key=lambda row: row[0]))
    settles = [(job.id, due) for job, due, _ in returned if isinstance(job, SettleJob)]
    await _AGAIN_SETTLE.run(connection, sorted(settles, key=lambda row: row[0]))
    told = [(job, due or 0) for job, due, _ in returned if isinstance(job, TellJob)]
    if told:
        await pushes.refuse(connection, [job for job, _ in told])
        await _RELEASE.run(connection, [(job.account, due, "refused") for job, due in told])
    return [None] * len(payloads)


_BURY = "UPDATE callback SET dead = true WHERE id = ANY($1::bigint[])"
_REVIVE = "UPDATE callback SET dead = false, tries = 0 WHERE account = $1 AND dead"
_OPEN_OUTBOX = "UPDATE outbox SET due_at = 0 WHERE account = $1 AND last <> 'pushing'"


async def bury(connection: Any, payloads: Sequence[TellJob]) -> list[None]:
    """Give reports up: they stay, and the endpoint's next ones are due."""
    await pushes.refuse(connection, payloads)
    await connection.execute(_BURY, [r.id for job in payloads for r in job.reports])
    await _RELEASE.run(connection, [(job.account, 0, "given up") for job in payloads])
    return [None] * len(payloads)


async def revive(connection: Any, payloads: Sequence[str]) -> list[int]:
    """Queue an account's given-up reports again."""
    counts = []
    for account in payloads:
        status: str = await connection.execute(_REVIVE, account)
        counts.append(int(status.rpartition(" ")[2]))
        await connection.execute(_OPEN_OUTBOX, account)
    return counts


async def replay(connection: Any, payloads: Sequence[tuple[int, int]]) -> list[bool]:
    """Queue messages' reports again: (message, now). Whether it could be."""
    found = []
    for message, now in payloads:
        account = await pushes.replay(connection, message, now)
        if account is not None:
            await connection.execute(_OPEN_OUTBOX, account)
        found.append(account is not None)
    return found


_HASTEN = {
    SEND.name: "UPDATE sending SET due_at = $1 WHERE carrier = $3 AND due_at > $1::bigint + $2 AND NOT leased",
    SETTLE.name: f"UPDATE heard SET due_at = $1 WHERE due_at > $1::bigint + {FRESH} AND (tries = 0 OR due_at > $1::bigint + $2)",
    TELL.name: "UPDATE outbox SET due_at = $1 WHERE due_at > $1::bigint + $2",
}


async def hasten(connection: Any, payloads: Sequence[tuple[int, str, int, str]]) -> list[int]:
    """Make due what waits for too long: (now, lane, ahead, carrier)."""
    counts = []
    for now, lane, ahead, of in payloads:
        status: str = await connection.execute(_HASTEN[lane], *((now, ahead, of) if lane == SEND.name else (now, ahead)))
        counts.append(int(status.rpartition(" ")[2]))
    return counts


_OVER = {
    SEND.name: "UPDATE sending SET due_at = $1 WHERE leased AND carrier = $2 AND due_at < $3",
    SETTLE.name: "UPDATE heard SET due_at = $1 WHERE due_at IS NOT NULL",
    TELL.name: "UPDATE outbox SET due_at = 0 WHERE last = 'pushing'",
}


async def recover(connection: Any, payloads: Sequence[tuple[int, str, str, int]]) -> list[None]:
    """End all leases of a lane: (now, lane, carrier, the moment before which a SEND lease ends)."""
    for now, lane, of, before in payloads:
        arguments = {SEND.name: (now, of, before), SETTLE.name: (now,), TELL.name: ()}[lane]
        await connection.execute(_OVER[lane], *arguments)
    return [None] * len(payloads)
