"""What is kept, and for how long: messages and nonces come in, and are forgotten. Each function serves many callers at once."""

from collections.abc import Sequence

import apsw
import orjson

from globewire import errors
from globewire.hold.admission import Admission
from globewire.hold.port import LEAP, Conversion, Nonce, Once, Submission
from globewire.hold.rows import COLUMNS, message_row
from globewire.hold.sql import ask, change, insert, run

Keeping = tuple[Sequence[Submission], Nonce | None, Sequence[Conversion], Once | None]

_MESSAGE = f"message({', '.join(COLUMNS)}, expires_at, decision, carrier, changed_at)"
_NONCE = "nonce(until, mark)"
_NONCES_USED = (
    "SELECT json_group_array(mark) FROM (SELECT nonce.mark FROM json_each(?) AS j CROSS JOIN nonce "
    "ON nonce.until = j.value ->> 0 AND nonce.mark = j.value ->> 1)"
)
_CONVERSION = "conversion(account, message, delivered, rate, at)"
_ONCE = "once(account, key, content, answer, until)"
_KNOWN = (
    "SELECT json_group_array(json_array(o.account, o.key, o.content, o.answer)) FROM json_each(?) AS j CROSS JOIN once AS o "
    "ON o.account = j.value ->> 0 AND o.key = j.value ->> 1"
)


def keep(cursor: apsw.Cursor, payloads: Sequence[Keeping]) -> list[str | errors.Refused | None]:
    """Keep submissions with their nonces and keys; those whose nonce or key was used are left out, and say so. A message comes onto
    its lane by a trigger."""
    nonces = [(n.until, n.mark) for _, n, _, _ in payloads if n]
    onces = [once for *_, once in payloads if once]
    used = set(ask(cursor, _NONCES_USED, orjson.dumps(nonces).decode())) if nonces else set()
    known = ask(cursor, _KNOWN, orjson.dumps([(o.account, o.key) for o in onces]).decode()) if onces else ()
    book = Admission(used, {(account, key): (content, answer) for account, key, content, answer in known})
    results = [book.admit(nonce, once) for _, nonce, _, once in payloads]
    kept = [payload for payload, result in zip(payloads, results, strict=True) if result is None]
    conversions = [conversion for _, _, each, _ in kept for conversion in each]
    insert(cursor, _NONCE, book.nonces)
    insert(cursor, _ONCE, book.onces)
    insert(cursor, _MESSAGE, [message_row(submission) for each, *_ in kept for submission in each])
    insert(cursor, _CONVERSION, [(c.account, c.message, int(c.delivered), c.rate, c.at) for c in conversions])
    return results


_BLANK = (
    "UPDATE message SET text = '' WHERE id IN "
    "(SELECT id FROM message WHERE id >= ?1 AND id < ?2 AND ended_at > 0 AND text <> '' ORDER BY id LIMIT ?3)"
)
_OLD = "SELECT json_group_array(json_array(id)) FROM (SELECT id FROM message WHERE id < ? AND ended_at > 0 ORDER BY id LIMIT ?)"
_OLD_CONVERSIONS = (
    "DELETE FROM conversion WHERE id IN (SELECT id FROM (SELECT id, at FROM conversion ORDER BY id LIMIT ?2) WHERE at < ?1)"
)
_OLD_PUSHES = "DELETE FROM push WHERE id IN (SELECT id FROM (SELECT id, at FROM push ORDER BY id LIMIT ?2) WHERE at < ?1)"
_OLD_HEARD = "DELETE FROM heard WHERE id IN (SELECT id FROM heard WHERE due_at IS NULL AND heard_at < ?1 ORDER BY id LIMIT ?2)"


def forget(cursor: apsw.Cursor, payloads: Sequence[tuple[int, int, int, int, int]]) -> list[int]:
    """Blank the texts of ended messages with ids from `since` to `bodies`, delete those below `messages`; rows touched.

    Each payload is (since, bodies, messages, before, limit); receipts without a part that were heard, conversions that were
    reported, and pushes that were made, before `before` ms go too.
    """
    counts = []
    for since, bodies, messages, before, limit in payloads:
        rows = ask(cursor, _OLD, messages, limit)
        for table, column in (("part", "message"), ("note", "message"), ("callback", "message"), ("message", "id")):
            run(cursor, f"DELETE FROM {table} WHERE {column} IN (SELECT value ->> 0 FROM json_each(?))", rows)
        others = sum(change(cursor, old, before, limit) for old in (_OLD_HEARD, _OLD_CONVERSIONS, _OLD_PUSHES))
        counts.append(len(rows) + others + change(cursor, _BLANK, since, bodies, limit))
    return counts


BELONGINGS = ("sending", "heard", "callback", "push", "outbox", "part", "note", "conversion", "message", "once", "quota")
"""The tables of messages and of what belongs to them, keys and quotas: all but the book, nonces, owners and how carriers stand."""


def clear(cursor: apsw.Cursor, payloads: Sequence[None]) -> list[None]:
    """Forget all that was ever sent."""
    for table in BELONGINGS:
        cursor.execute(f"DELETE FROM {table}")
    return [None] * len(payloads)


def bar(cursor: apsw.Cursor, payloads: Sequence[int]) -> list[None]:
    """Forget the nonces whose requests can not be fresh any more, and the keys that nobody was promised any longer."""
    cursor.execute("DELETE FROM nonce WHERE until < ?", (max(payloads) - LEAP,))
    cursor.execute("DELETE FROM once WHERE until < ?", (max(payloads),))
    return [None] * len(payloads)
