"""What is kept in PostgreSQL, and for how long. Each function serves many callers at once, inside one transaction.

READ COMMITTED, beside other writers: a nonce and a key are inserted `ON CONFLICT DO NOTHING`, which waits for whoever else is
inserting the same one, so of two processes one gets it and the other sees that. Nonces go in before keys, both in order, so
that two batches never wait for each other. Calls without keys are kept by one statement, which is its own transaction.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from globewire import errors
from globewire.hold.admission import Admission
from globewire.hold.fresh import NOBODYS, Fresh
from globewire.hold.keeping import BELONGINGS
from globewire.hold.pg.batch import Batch
from globewire.hold.pg.turn import Turn
from globewire.hold.port import LEAP, Conversion, Nonce, Once, Submission
from globewire.hold.rows import message_row

Keeping = tuple[Sequence[Submission], Nonce | None, Sequence[Conversion], Once | None]

_MESSAGE = (
    *("id bigint", "account text", "access_key text", "request_id text", "recipient text", "sender text", "text text", "type text"),
    *("task_id text", "channel text", "encoding text", "segments integer", "country text", "country_name text", "region text"),
    *("operator text", "accepted_at bigint", "validity integer", "expires_at bigint", "decision text", "carrier text"),
    "changed_at bigint",
)
_NAMES = ", ".join(column.partition(" ")[0] for column in _MESSAGE)
_KEEP = Batch(
    f"WITH given AS MATERIALIZED (SELECT * FROM {{rows}}), "
    f"queued AS (INSERT INTO sending(message, carrier, due_at, tried) SELECT id, carrier, accepted_at, '{NOBODYS}' FROM given) "
    f"INSERT INTO message({_NAMES}) SELECT {_NAMES} FROM given",
    *_MESSAGE,
)
_KEEP_WITH_NONCES = Batch(
    "WITH given AS MATERIALIZED (SELECT * FROM {rows}), barred AS (INSERT INTO nonce(until, mark) "
    "SELECT * FROM unnest($2::bigint[], $3::bigint[]) ON CONFLICT DO NOTHING RETURNING mark), "
    "new AS MATERIALIZED (SELECT * FROM given WHERE nonce IS NULL OR nonce IN (SELECT mark FROM barred)), "
    f"queued AS (INSERT INTO sending(message, carrier, due_at, tried) SELECT id, carrier, accepted_at, '{NOBODYS}' FROM new), "
    f"kept AS (INSERT INTO message({_NAMES}) SELECT {_NAMES} FROM new) SELECT mark FROM barred",
    *_MESSAGE,
    "nonce bigint",
)
_NONCE = Batch(
    "INSERT INTO nonce(until, mark) SELECT * FROM {rows} ON CONFLICT DO NOTHING RETURNING mark", "until bigint", "mark bigint"
)
_ONCE = Batch(
    "INSERT INTO once(account, key, content, answer, until) SELECT * FROM {rows} ON CONFLICT DO NOTHING RETURNING account, key",
    *("account text", "key text", "content text", "answer text", "until bigint"),
)
_KNOWN = Batch(
    "SELECT o.account, o.key, o.content, o.answer FROM {rows} JOIN once AS o ON o.account = j.account AND o.key = j.key",
    *("account text", "key text"),
)
_CONVERT = Batch(
    "INSERT INTO conversion(account, message, delivered, rate, at) SELECT * FROM {rows}",
    *("account text", "message bigint", "delivered boolean", "rate double precision", "at bigint"),
)


async def keep(fresh: Fresh, turn: Turn, payloads: Sequence[Keeping]) -> list[str | errors.Refused | None]:
    """Keep submissions with their nonces and keys; those whose nonce or key was used are left out, and say so."""
    plain = all(once is None and not conversions for _, _, conversions, once in payloads)
    results = await (_keep_plain if plain else _keep)(turn, payloads)
    for (submissions, *_), result in zip(payloads, results, strict=True):
        if result is None:
            for submission in submissions:
                fresh.add(submission)
    return results


async def _keep_plain(turn: Turn, payloads: Sequence[Keeping]) -> list[str | errors.Refused | None]:
    """Keep submissions with their nonces, by one statement."""
    nonces: dict[int, int] = {}
    rows: list[Sequence[Any]] = []
    for submissions, nonce, _, _ in payloads:
        if nonce is None or nonce.mark not in nonces:
            mark = nonce.mark if nonce else None
            rows += [(*_row(submission), mark) for submission in submissions]
        if nonce:
            nonces.setdefault(nonce.mark, nonce.until)
    barred = sorted((until, mark) for mark, until in nonces.items())
    new = await _KEEP_WITH_NONCES.only(turn, rows, [until for until, _ in barred], [mark for _, mark in barred])
    book = Admission(nonces.keys() - {row[0] for row in new}, {})
    return [book.admit(nonce, None) for _, nonce, _, _ in payloads]


async def _keep(turn: Turn, payloads: Sequence[Keeping]) -> list[str | errors.Refused | None]:
    used = await _bar(turn, payloads)
    known = await _remember(turn, payloads, used)
    book = Admission(used, known)
    results = [book.admit(nonce, once) for _, nonce, _, once in payloads]
    kept = [payload for payload, result in zip(payloads, results, strict=True) if result is None]
    await _KEEP.run(turn, [_row(s) for submissions, *_ in kept for s in submissions])
    conversions = [c for _, _, converted, _ in kept for c in converted]
    await _CONVERT.run(turn, [(c.account, c.message, c.delivered, c.rate, c.at) for c in conversions])
    return results


def _row(submission: Submission) -> Sequence[Any]:
    row = message_row(submission)
    return (*row[:6], orjson.dumps(row[6]).decode(), *row[7:])


def text(kept: str) -> str:
    """A message's text from what is kept of it: a JSON string, since PostgreSQL's text holds no NUL; "" where it is blanked."""
    return str(orjson.loads(kept)) if kept else ""


async def _bar(connection: Any, payloads: Sequence[Keeping]) -> set[int]:
    """Bar the nonces; the marks of those that were barred before. Of equal ones in the batch, Admission tells the first."""
    nonces = sorted({(n.until, n.mark) for _, n, _, _ in payloads if n})
    new = {row[0] for row in await _NONCE.ask(connection, nonces)}
    return {mark for _, mark in nonces} - new


async def _remember(connection: Any, payloads: Sequence[Keeping], used: set[int]) -> dict[tuple[str, str], tuple[str, str]]:
    """Remember the keys of the calls whose nonces are new; the content and answer of those that were known before."""
    wanted: dict[tuple[str, str], Once] = {}
    marks = set(used)
    for _, nonce, _, once in payloads:
        if nonce and nonce.mark in marks:
            continue
        if nonce:
            marks.add(nonce.mark)
        if once:
            wanted.setdefault((once.account, once.key), once)
    rows = [(o.account, o.key, o.content, o.answer, o.until) for _, o in sorted(wanted.items())]
    new = {(row[0], row[1]) for row in await _ONCE.ask(connection, rows)}
    earlier = await _KNOWN.ask(connection, [row[:2] for row in rows if row[:2] not in new])
    return {(row[0], row[1]): (row[2], row[3]) for row in earlier}


_OLD = "SELECT id FROM message WHERE id < $1 AND ended_at > 0 ORDER BY id LIMIT $2"
_OLD_CONVERSIONS = (
    "DELETE FROM conversion WHERE id IN (SELECT id FROM (SELECT id, at FROM conversion ORDER BY id LIMIT $2) AS c WHERE at < $1)"
)
_OLD_PUSHES = "DELETE FROM push WHERE id IN (SELECT id FROM (SELECT id, at FROM push ORDER BY id LIMIT $2) AS p WHERE at < $1)"
_OLD_HEARD = "DELETE FROM heard WHERE id IN (SELECT id FROM heard WHERE due_at IS NULL AND heard_at < $1 ORDER BY id LIMIT $2)"


async def forget(connection: Any, payloads: Sequence[tuple[int, int, int, int]]) -> list[int]:
    """Blank the texts of ended messages with ids below `bodies`, delete those below `messages`; rows touched.

    Each payload is (bodies, messages, before, limit); receipts without a part that were heard, conversions that were
    reported, and pushes that were made, before `before` ms go too.
    What is deleted here are the ended messages of days that could not be dropped whole.
    """
    counts = []
    for bodies, messages, before, limit in payloads:
        ids = [row[0] for row in await connection.fetch(_OLD, messages, limit)]
        if ids:
            for table, column in (("part", "message"), ("note", "message"), ("callback", "message"), ("message", "id")):
                await connection.execute(
                    f"DELETE FROM {table} WHERE {column} = ANY($1) AND {column} BETWEEN $2 AND $3", ids, ids[0], ids[-1]
                )
        others = [_count(await connection.execute(old, before, limit)) for old in (_OLD_HEARD, _OLD_CONVERSIONS, _OLD_PUSHES)]
        counts.append(len(ids) + sum(others) + await _blank(connection, bodies, limit))
    return counts


_BLANK = (
    "UPDATE message SET text = '' WHERE id >= $1 AND id < $2 AND id IN "
    "(SELECT id FROM message WHERE id >= $1 AND id < $2 AND ended_at > 0 AND text <> '' ORDER BY id LIMIT $3) RETURNING id"
)
STEP = 60_000 * 100_000
"""Ids by which the mark of what is blanked moves at least: a minute, which is looked through once more each second."""


async def _blank(connection: Any, bodies: int, limit: int) -> int:
    """Blank texts from the mark on that `tended` has, and move it. What ends below the mark is blanked as it ends."""
    since = await connection.fetchval("SELECT blanked FROM tended FOR UPDATE")
    ids = [row[0] for row in await connection.fetch(_BLANK, since, bodies, limit)]
    reached = max(ids) if len(ids) >= limit else bodies
    if reached - since >= STEP:
        await connection.execute("UPDATE tended SET blanked = $1", reached)
    return len(ids)


def _count(status: str) -> int:
    """The rows of a command's tag: "DELETE 5"."""
    return int(status.rpartition(" ")[2])


async def clear(connection: Any, payloads: Sequence[None]) -> list[None]:
    """Forget all that was ever sent. Rows are deleted, not tables emptied, which would lock out whoever reads."""
    for table in BELONGINGS:
        if table != "outbox":  # which an account has once and for all
            await connection.execute(f"DELETE FROM {table}")
    await connection.execute("UPDATE outbox SET due_at = 0, last = ''")
    await connection.execute("UPDATE tended SET blanked = 0")
    return [None] * len(payloads)


async def bar(connection: Any, payloads: Sequence[int]) -> list[None]:
    """Forget the nonces whose requests can not be fresh any more, and the keys that nobody was promised any longer."""
    await connection.execute("DELETE FROM nonce WHERE until < $1", max(payloads) - LEAP)
    await connection.execute("DELETE FROM once WHERE until < $1", max(payloads))
    return [None] * len(payloads)
