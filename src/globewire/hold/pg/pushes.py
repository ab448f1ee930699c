"""The pushes in PostgreSQL: what came of each, and which messages went in it. Each function serves many callers at once.

One row a push, which has the messages that it told of, so that none of those is written anew. Where a message was pushed more than
once, its callback has the ids of these pushes, and the message has them once it was told.
"""

from collections.abc import Sequence
from typing import Any

from globewire.hold.pg.batch import Batch, since
from globewire.hold.port import TellJob
from globewire.hold.rows import PUSH, push, push_id, push_ids, push_row

_PUSHED = Batch(
    f"INSERT INTO push(account, {PUSH}, messages) SELECT account, {PUSH}, messages FROM {{rows}} RETURNING account, id",
    *("account text", "at bigint", "took integer", "status integer", "acknowledged boolean", "reason text", "said text"),
    *("reports integer", "messages bigint[]"),
)


async def _write(connection: Any, jobs: Sequence[TellJob]) -> list[str]:
    """Write down the pushes that were made; what each job's adds to `pushes`."""
    made = [
        (*push_row(job.account, job.push), [r.message for r in job.reports] if job.push.acknowledged else [])
        for job in jobs
        if job.push
    ]
    ids: dict[str, list[int]] = {}
    for account, id in await _PUSHED.ask(connection, made):
        ids.setdefault(account, []).append(id)
    return [push_id(ids[job.account].pop(0)) if job.push else "" for job in jobs]


_OVER = "DELETE FROM callback WHERE id = ANY($1::bigint[]) RETURNING message, pushes"
_TOLD = Batch("UPDATE message AS m SET pushes = j.pushes FROM {rows} WHERE m.id = j.id AND m.id >= $2", "id bigint", "pushes text")


async def tell(connection: Any, jobs: Sequence[TellJob]) -> None:
    """The reports of these were acknowledged."""
    added = {r.message: push for job, push in zip(jobs, await _write(connection, jobs), strict=True) for r in job.reports}
    over = await connection.fetch(_OVER, [r.id for job in jobs for r in job.reports])
    several = sorted((row[0], row[1] + added[row[0]]) for row in over if row[1])
    await _TOLD.run(connection, several, since(row[0] for row in several))


_REFUSED = Batch(
    "UPDATE callback AS c SET tries = tries + 1, pushes = c.pushes || j.added FROM {rows} WHERE c.id = j.id",
    *("id bigint", "added text"),
)


async def refuse(connection: Any, jobs: Sequence[TellJob]) -> None:
    """The reports of these were not acknowledged."""
    made = zip(jobs, await _write(connection, jobs), strict=True)
    await _REFUSED.run(connection, sorted((r.id, push) for job, push in made for r in job.reports))


_TELLS = (
    "SELECT m.account, m.ended_at FROM message AS m JOIN account AS a ON a.id = m.account "
    "WHERE m.id = $1 AND m.ended_at > 0 AND a.callback <> ''"
)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"  # as whoever queues callbacks: see `facts`
_ANEW = (
    "INSERT INTO callback(account, message, pushes) VALUES($1, $2, $3) "
    "ON CONFLICT(message) DO UPDATE SET dead = false, tries = 0 WHERE callback.dead"
)
_WILL_BE_TOLD = "UPDATE message SET told = true WHERE id = $1"
_NOTE = "INSERT INTO note(message, at, what, detail) VALUES($1, $2, 'callback', 'queued again, since somebody asked for it')"


async def replay(connection: Any, message: int, now: int) -> str | None:
    """Queue a message's report again; its account, or None where that cannot be."""
    found = await connection.fetchrow(_TELLS, message)
    if found is None:
        return None
    account = str(found[0])
    await connection.execute(_LOCK, account)
    before = "".join(push_id(id) for id in await _ids(connection, account, message, found[1]))
    await connection.execute(_ANEW, account, message, before)
    await connection.execute(_WILL_BE_TOLD, message)
    await connection.execute(_NOTE, message, now)
    return account


# --- read --------------------------------------------------------------------------------------------------------------

_KNOWN = "SELECT coalesce((SELECT pushes FROM callback WHERE message = $1), (SELECT pushes FROM message WHERE id = $1))"
_TOLD_BY = (
    "SELECT id FROM push WHERE account = $1 AND at >= $2 AND acknowledged AND $3::bigint = ANY(messages) "
    "AND NOT EXISTS (SELECT FROM callback WHERE message = $3) ORDER BY at LIMIT 1"
)
SKEW = 300_000
"""Milliseconds by which the clocks of two machines may differ: of the one that heard the receipt, and the one that pushed."""


async def _ids(connection: Any, account: str, message: int, ended_at: int) -> list[int]:
    """The ids of a message's pushes. Where none is noted, the first that went out told of it."""
    if noted := push_ids(await connection.fetchval(_KNOWN, message) or ""):
        return noted
    first = await connection.fetchval(_TOLD_BY, account, ended_at - SKEW, message)
    return [] if first is None else [first]


async def of(connection: Any, account: str, message: int, ended_at: int) -> Sequence[Any]:
    """The pushes of a message that came to its end, in order."""
    ids = await _ids(connection, account, message, ended_at)
    rows: Sequence[Any] = await connection.fetch(f"SELECT {PUSH} FROM push WHERE id = ANY($1::bigint[]) ORDER BY id", ids)
    return rows


_LAST = f"""
    SELECT a.account, good.acknowledged_at, last.* FROM unnest($1::text[]) AS a(account)
      LEFT JOIN LATERAL (SELECT {PUSH} FROM push WHERE account = a.account ORDER BY at DESC LIMIT 1) AS last ON true
      LEFT JOIN LATERAL (SELECT at + took AS acknowledged_at FROM push WHERE account = a.account AND acknowledged
                          ORDER BY at DESC LIMIT 1) AS good ON true
"""


async def last(connection: Any, accounts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of these accounts' Outboxes, the last push to the endpoint, and when one was acknowledged last."""
    return {
        account: {"pushed": push(row) if row[0] else None, "acknowledged_at": good or 0}
        for account, good, *row in await connection.fetch(_LAST, accounts)
    }
