"""What is written in PostgreSQL of messages, parts and receipts: facts. Each function serves many callers, in one transaction.

READ COMMITTED, beside other writers: a state is changed by one UPDATE whose condition is looked at again once the row's lock is
had, so of two transactions that end a part or a message, one does; and only the one that ends a message gets the row back from
RETURNING and queues the callback. Rows are locked in the order of their keys, and tables in one order (sending, part, heard,
message, account, callback, outbox), so that transactions wait for one another in turn; where they meet crosswise all the
same, PostgreSQL breaks one off, and its line tries it again. What runs together as one statement locks in an order of
PostgreSQL's own, which is the same each time.

Callbacks of one account get their numbers under a lock of the account that is held until the commit, so a lower number is
never seen after a higher one (law 6).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from globewire.hold.changes import COMES_FROM, Written, waves, written
from globewire.hold.pg.batch import Batch, Together, since
from globewire.hold.pg.turn import Turn
from globewire.hold.port import Became, Fact, Heard, Noted, PartBecame, Submitted
from globewire.hold.rows import part_row
from globewire.message import FINAL, State


async def record(turn: Turn, payloads: Sequence[Sequence[Fact]]) -> list[Written]:
    """Write facts that belong to no job."""
    return written(await write(turn, [fact for facts in payloads for fact in facts], only=True), len(payloads))


_SUBMITTED = Batch(
    "INSERT INTO part(message, sequence, total, carrier, carrier_id, state, at, settled_at, given_id, submitted_at) "
    "SELECT * FROM {rows} ON CONFLICT(message, sequence) DO UPDATE SET total = excluded.total, carrier = excluded.carrier, "
    "carrier_id = excluded.carrier_id, state = excluded.state, at = excluded.at, settled_at = excluded.settled_at, "
    "given_id = excluded.given_id, submitted_at = excluded.submitted_at, error = ''",
    *("message bigint", "sequence integer", "total integer", "carrier text", "carrier_id text", "state text", "at bigint"),
    *("settled_at bigint", "given_id text", "submitted_at bigint"),
)
# Said plainly, the state of a part would have the planner expect one row of a day that has just begun, and look through all of it.
_PART_BECAME = Batch(
    "UPDATE part AS p SET state = j.state, error = j.error, settled_at = j.at FROM {rows} "
    "WHERE p.message = j.message AND p.sequence = j.sequence AND p.message >= $2 AND coalesce(p.state = 'submitted', false)",
    *("message bigint", "sequence integer", "state text", "error text", "at bigint"),
)
_HEAR = Batch(
    "INSERT INTO heard(carrier, carrier_ids, recipient, status, error, marked, heard_at, due_at) SELECT * FROM {rows}",
    *("carrier text", "carrier_ids text", "recipient text", "status text", "error text", "marked boolean"),
    *("heard_at bigint", "due_at bigint"),
)
_NOTE = Batch(
    "INSERT INTO note(message, at, what, detail) SELECT * FROM {rows}",
    *("message bigint", "at bigint", "what text", "detail text"),
)


async def write(turn: Turn, facts: Sequence[Fact], sent: Sequence[int] = (), *, only: bool = False) -> Counter[str]:
    """Write facts, and take messages that were `sent` off their lane: parts, then the messages' states, in the order given. How
    many messages came to which state. `only`: the transaction has nothing else to do.

    All runs together, but for a part that is taken and settled at once, and a message that changes its state twice."""
    parts = {(p.message, p.sequence): p for p in (f.part for f in facts if isinstance(f, Submitted))}
    became = {(f.message, f.sequence): f for f in facts if isinstance(f, PartBecame)}
    first, *later = waves(f for f in facts if isinstance(f, Became)) or [[]]
    together = Together()
    _unqueue(together, first, sent)
    together.batch("taken", _SUBMITTED, [part_row(part) for _, part in sorted(parts.items())])
    if parts.keys() & became.keys():
        await together.ask(turn, _NOTHING, only=False)
        together = Together()
    rows: list[Any] = [(*key, f.state, f.error, f.at) for key, f in sorted(became.items())]
    together.batch("settled", _PART_BECAME, rows, since(row[0] for row in rows))
    heard = [(f.receipt, f.carrier, f.at) for f in facts if isinstance(f, Heard)]
    rows = [(c, orjson.dumps(r.carrier_ids).decode(), r.to, r.status, r.error, r.marked, at, at) for r, c, at in heard]
    together.batch("heard", _HEAR, rows)
    together.batch("noted", _NOTE, [(f.message, f.at, f.what, f.detail) for f in facts if isinstance(f, Noted)])
    states = await _become(turn, together, first, only=only and not later)
    for wave in later:
        together = Together()
        _unqueue(together, wave)
        states += await _become(turn, together, wave, only=False)
    return states


_NOTHING = "SELECT 1 LIMIT 0"
_UNQUEUE = "(DELETE FROM sending WHERE message = ANY($1::bigint[]))"
_BECAME = Batch(
    "UPDATE message AS m SET state = j.state, changed_at = j.at, ended_at = CASE WHEN j.final THEN j.at ELSE 0 END, "
    "carrier = coalesce(j.carrier, m.carrier), error_code = j.error_code, error = j.error, "
    "text = CASE WHEN j.final AND m.id < (SELECT blanked FROM tended) THEN '' ELSE m.text END, "
    "told = j.final AND EXISTS (SELECT FROM account AS a WHERE a.id = m.account AND a.callback <> '') FROM {rows} "
    "WHERE m.id = j.id AND m.id >= $2 AND strpos(j.comes_from, ',' || m.state || ',') > 0 "
    "RETURNING m.id, m.account, m.told, m.state, j.n",
    *("id bigint", "state text", "at bigint", "carrier text", "error_code text", "error text", "comes_from text", "final boolean"),
    "n integer",
)
_LOCKED = (
    "MATERIALIZED (SELECT count(pg_advisory_xact_lock(hashtextextended(account, 0))) FROM "
    "(SELECT DISTINCT account FROM became WHERE told ORDER BY account) AS a)"
)
_CALLED_BACK = (
    "(INSERT INTO callback(account, message) SELECT account, id FROM became CROSS JOIN locked WHERE told ORDER BY became.n)"
)


def _unqueue(together: Together, changes: Iterable[Became], sent: Sequence[int] = ()) -> None:
    if gone := {*sent, *(c.message for c in changes if c.state == State.EXPIRED)}:
        together.clause("unqueued", _UNQUEUE, sorted(gone))


async def _become(turn: Turn, together: Together, changes: Sequence[Became], *, only: bool) -> Counter[str]:
    """Change states where MAY_BECOME allows it; final ones queue the account's callback, if it wants one. How many came to which
    state."""
    if not changes:
        await together.ask(turn, _NOTHING, only=only)
        return Counter()
    rows = sorted(
        (c.message, c.state, c.at, c.carrier, c.error_code, c.error, COMES_FROM[c.state], c.state in FINAL, n)
        for n, c in enumerate(changes)
    )
    together.batch("became", _BECAME, rows, since((rows[0][0],)))
    if any(c.state in FINAL for c in changes):
        together.clause("locked", _LOCKED)
        together.clause("called_back", _CALLED_BACK)
    return Counter(row[0] for row in await together.ask(turn, "SELECT state FROM became", only=only))
