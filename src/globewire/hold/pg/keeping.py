"""What is kept in PostgreSQL, and for how long. Each function serves many callers at once, inside one transaction.

READ COMMITTED, beside other writers: a nonce and a key are inserted `ON CONFLICT DO NOTHING`, which waits for whoever else is
inserting the same one, so of two processes one gets it and the other sees that. Nonces go in before keys, both in order, so
that two batches never wait for each other.
"""

from collections.abc import Sequence
from typing import Any

from globewire import errors
from globewire.hold.admission import Admission
from globewire.hold.pg.batch import ask, run, unnest
from globewire.hold.port import Conversion, Nonce, Once, Submission
from globewire.hold.rows import COLUMNS, message_row

Keeping = tuple[Sequence[Submission], Nonce | None, Sequence[Conversion], Once | None]

_TYPES = (
    *("bigint", "text", "text", "text", "text", "text", "bytea", "text", "text", "text", "text", "integer", "text", "text", "text"),
    *("text", "bigint", "integer", "bigint", "text", "text", "bigint"),
)
_KEEP = f"INSERT INTO message({', '.join(COLUMNS)}, expires_at, decision, carrier, changed_at) SELECT * FROM {unnest(*_TYPES)}"
_QUEUE = f"INSERT INTO sending(message, carrier, due_at) SELECT * FROM {unnest('bigint', 'text', 'bigint')}"
_NONCE = f"INSERT INTO nonce(until, mark) SELECT * FROM {unnest('bigint', 'bigint')} ON CONFLICT DO NOTHING RETURNING mark"
_ONCE = (
    f"INSERT INTO once(account, key, content, answer, until) SELECT * FROM {unnest('text', 'text', 'text', 'text', 'bigint')} "
    "ON CONFLICT DO NOTHING RETURNING account, key"
)
_KNOWN = (
    f"SELECT o.account, o.key, o.content, o.answer FROM {unnest('text', 'text')} AS j(account, key) "
    "JOIN once AS o ON o.account = j.account AND o.key = j.key"
)
_CONVERT = (
    "INSERT INTO conversion(account, message, delivered, rate, at) "
    f"SELECT * FROM {unnest('text', 'bigint', 'boolean', 'double precision', 'bigint')}"
)


async def keep(connection: Any, payloads: Sequence[Keeping]) -> list[str | errors.Refused | None]:
    """Keep submissions with their nonces and keys; those whose nonce or key was used are left out, and say so."""
    used = await _bar(connection, payloads)
    known = await _remember(connection, payloads, used)
    book = Admission(used, known)
    results = [book.admit(nonce, once) for _, nonce, _, once in payloads]
    kept = [payload for payload, result in zip(payloads, results, strict=True) if result is None]
    messages = [message_row(s) for submissions, *_ in kept for s in submissions]
    await run(connection, _KEEP, [(*row[:6], row[6].encode(), *row[7:]) for row in messages])
    await run(connection, _QUEUE, [(row[0], row[20], row[16]) for row in messages])
    conversions = [c for _, _, converted, _ in kept for c in converted]
    await run(connection, _CONVERT, [(c.account, c.message, c.delivered, c.rate, c.at) for c in conversions])
    return results


async def _bar(connection: Any, payloads: Sequence[Keeping]) -> set[int]:
    """Bar the nonces; the marks of those that were barred before. Of equal ones in the batch, Admission tells the first."""
    nonces = sorted({(n.until, n.mark) for _, n, _, _ in payloads if n})
    new = {row[0] for row in await ask(connection, _NONCE, nonces)}
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
    new = {(row[0], row[1]) for row in await ask(connection, _ONCE, rows)}
    earlier = await ask(connection, _KNOWN, [row[:2] for row in rows if row[:2] not in new])
    return {(row[0], row[1]): (row[2], row[3]) for row in earlier}


_OLD = "SELECT id FROM message WHERE id < $1 AND ended_at > 0 ORDER BY id LIMIT $2"
_BLANK = (
    "UPDATE message SET text = '' WHERE id >= $1 AND id < $2 AND id IN "
    "(SELECT id FROM message WHERE id >= $1 AND id < $2 AND ended_at > 0 AND text <> '' ORDER BY id LIMIT $3)"
)
_OLD_HEARD = "DELETE FROM heard WHERE id IN (SELECT id FROM heard WHERE due_at IS NULL AND heard_at < $1 ORDER BY id LIMIT $2)"


async def forget(connection: Any, payloads: Sequence[tuple[int, int, int, int, int]]) -> list[int]:
    """Blank the texts of ended messages with ids from `since` to `bodies`, delete those below `messages`; rows touched.

    Each payload is (since, bodies, messages, before, limit); receipts without a part that were heard before `before` ms go too.
    What is deleted here are the ended messages of days that could not be dropped whole.
    """
    counts = []
    for since, bodies, messages, before, limit in payloads:
        ids = [row[0] for row in await connection.fetch(_OLD, messages, limit)]
        if ids:
            for table, column in (("part", "message"), ("note", "message"), ("callback", "message"), ("message", "id")):
                await connection.execute(
                    f"DELETE FROM {table} WHERE {column} = ANY($1) AND {column} BETWEEN $2 AND $3", ids, ids[0], ids[-1]
                )
        orphans = _count(await connection.execute(_OLD_HEARD, before, limit))
        counts.append(len(ids) + orphans + _count(await connection.execute(_BLANK, since, bodies, limit)))
    return counts


def _count(status: str) -> int:
    """The rows of a command's tag: "DELETE 5"."""
    return int(status.rpartition(" ")[2])


async def bar(connection: Any, payloads: Sequence[int]) -> list[None]:
    """Forget the nonces whose requests could not be fresh any more, and the keys that nobody was promised any longer."""
    await connection.execute("DELETE FROM nonce WHERE until < $1", max(payloads))
    await connection.execute("DELETE FROM once WHERE until < $1", max(payloads))
    return [None] * len(payloads)
