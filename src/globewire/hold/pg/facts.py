"""What is written in PostgreSQL of messages, parts and receipts: facts. Each function serves many callers, in one transaction.

READ COMMITTED, beside other writers: a state is changed by one UPDATE whose condition is looked at again once the row's lock is
had, so of two transactions that end a part or a message, one does; and only the one that ends a message gets the row back from
RETURNING and queues the callback. Rows are locked in the order of their keys, and tables in one order (sending, part, heard,
message, account, callback, outbox), so that transactions wait for one another in turn; where they meet crosswise all the
same, PostgreSQL breaks one off, and its line tries it again.

Callbacks of one account get their numbers under a lock of the account that is held until the commit, so a lower number is
never seen after a higher one (law 6).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson

from globewire.hold.changes import COMES_FROM, Written, waves, written
from globewire.hold.pg.batch import Batch, since
from globewire.hold.port import Became, Fact, Heard, Noted, PartBecame, Submitted
from globewire.hold.rows import part_row
from globewire.message import FINAL, State


async def record(connection: Any, payloads: Sequence[Sequence[Fact]]) -> list[Written]:
    """Write facts that belong to no job."""
    return written(await write(connection, [fact for facts in payloads for fact in facts]), len(payloads))


_SUBMITTED = Batch(
    "INSERT INTO part(message, sequence, total, carrier, carrier_id, state, at, settled_at, given_id, submitted_at) "
    "SELECT * FROM {rows} ON CONFLICT(message, sequence) DO UPDATE SET total = excluded.total, carrier = excluded.carrier, "
    "carrier_id = excluded.carrier_id, state = excluded.state, at = excluded.at, settled_at = excluded.settled_at, "
    "given_id = excluded.given_id, submitted_at = excluded.submitted_at, error = ''",
    *("message bigint", "sequence integer", "total integer", "carrier text", "carrier_id text", "state text", "at bigint"),
    *("settled_at bigint", "given_id text", "submitted_at bigint"),
)
_PART_BECAME = Batch(
    "UPDATE part AS p SET state = j.state, error = j.error, settled_at = j.at FROM {rows} "
    "WHERE p.message = j.message AND p.sequence = j.sequence AND p.message >= $2 AND p.state = 'submitted'",
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


async def write(connection: Any, facts: Sequence[Fact]) -> Counter[str]:
    """Write facts: parts first, then the messages' states, in the order given. How many messages came to which state."""
    parts = {(p.message, p.sequence): p for p in (f.part for f in facts if isinstance(f, Submitted))}
    rows: list[Any] = [part_row(part) for _, part in sorted(parts.items())]
    await _SUBMITTED.run(connection, rows)
    became = {(f.message, f.sequence): f for f in facts if isinstance(f, PartBecame)}
    rows = [(*key, f.state, f.error, f.at) for key, f in sorted(became.items())]
    await _PART_BECAME.run(connection, rows, since(row[0] for row in rows))
    heard = [(f.receipt, f.carrier, f.at) for f in facts if isinstance(f, Heard)]
    rows = [(c, orjson.dumps(r.carrier_ids).decode(), r.to, r.status, r.error, r.marked, at, at) for r, c, at in heard]
    await _HEAR.run(connection, rows)
    await _NOTE.run(connection, [(f.message, f.at, f.what, f.detail) for f in facts if isinstance(f, Noted)])
    states: Counter[str] = Counter()
    for wave in waves(f for f in facts if isinstance(f, Became)):
        states += await become(connection, wave)
    return states


_UNQUEUE = "DELETE FROM sending WHERE message = ANY($1::bigint[])"
_BECAME = Batch(
    "UPDATE message AS m SET state = j.state, changed_at = j.at, ended_at = CASE WHEN j.final THEN j.at ELSE 0 END, "
    "carrier = coalesce(j.carrier, m.carrier), error_code = j.error_code, error = j.error, "
    "text = CASE WHEN j.final AND m.id < (SELECT blanked FROM tended) THEN '' ELSE m.text END, "
    "told = j.final AND EXISTS (SELECT FROM account AS a WHERE a.id = m.account AND a.callback <> '') FROM {rows} "
    "WHERE m.id = j.id AND m.id >= $2 AND strpos(j.comes_from, ',' || m.state || ',') > 0 "
    "RETURNING m.id, m.account, m.told, m.state",
    *("id bigint", "state text", "at bigint", "carrier text", "error_code text", "error text", "comes_from text", "final boolean"),
)
_CALLBACK = Batch(
    "WITH given AS MATERIALIZED (SELECT * FROM {rows}), locked AS MATERIALIZED "
    "(SELECT count(pg_advisory_xact_lock(hashtextextended(account, 0))) FROM "
    "(SELECT DISTINCT account FROM given ORDER BY account) AS a) "
    "INSERT INTO callback(account, message) SELECT account, message FROM given CROSS JOIN locked ORDER BY n",
    *("account text", "message bigint", "n integer"),
)


async def become(connection: Any, changes: Sequence[Became]) -> Counter[str]:
    """Change states where MAY_BECOME allows it; final ones queue the account's callback, if it wants one. How many came to which
    state."""
    if expired := [c.message for c in changes if c.state == State.EXPIRED]:
        await connection.execute(_UNQUEUE, sorted(expired))
    rows = [
        (c.message, c.state, c.at, c.carrier, c.error_code, c.error, COMES_FROM[c.state], c.state in FINAL)
        for c in sorted(changes, key=lambda c: c.message)
    ]
    changed = await _BECAME.ask(connection, rows, since((rows[0][0],)))
    account = {row[0]: row[1] for row in changed if row[2]}
    await _CALLBACK.run(connection, [(account[c.message], c.message, n) for n, c in enumerate(changes) if c.message in account])
    return Counter(row[3] for row in changed)
