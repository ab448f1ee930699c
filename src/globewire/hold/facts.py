"""What is written of messages, parts and receipts: facts. Each function serves many callers at once."""

from collections import Counter
from collections.abc import Sequence

import apsw
import orjson

from globewire.hold.changes import COMES_FROM, Written, waves, written
from globewire.hold.port import Became, Fact, Heard, Noted, PartBecame, Submitted
from globewire.hold.rows import part_row
from globewire.hold.sql import insert, run
from globewire.message import FINAL, State

_UNQUEUE = "DELETE FROM sending WHERE message IN (SELECT value ->> 0 FROM json_each(?))"


def record(cursor: apsw.Cursor, payloads: Sequence[Sequence[Fact]]) -> list[Written]:
    """Write facts that belong to no job."""
    return written(write(cursor, [fact for facts in payloads for fact in facts]), len(payloads))


_PART = "part(message, sequence, total, carrier, carrier_id, state, at, settled_at, given_id, submitted_at)"
_PART_BECAME = (
    "UPDATE part SET state = value ->> 2, error = value ->> 3, settled_at = value ->> 4 FROM json_each(?) "
    "WHERE message = value ->> 0 AND sequence = value ->> 1 AND state = 'submitted'"
)
_HEARD = "heard(carrier, carrier_ids, recipient, status, error, marked, heard_at, due_at)"
_NOTE = "note(message, at, what, detail)"


def write(cursor: apsw.Cursor, facts: Sequence[Fact]) -> Counter[str]:
    """Write facts: parts first, then the messages' states, in the order given. How many messages came to which state."""
    parts = [f.part for f in facts if isinstance(f, Submitted)]
    insert(cursor, _PART, [part_row(part) for part in parts], replace=True)
    run(cursor, _PART_BECAME, [(f.message, f.sequence, f.state, f.error, f.at) for f in facts if isinstance(f, PartBecame)])
    heard = [(f.receipt, f.carrier, f.at) for f in facts if isinstance(f, Heard)]
    insert(
        cursor,
        _HEARD,
        [(c, orjson.dumps(r.carrier_ids).decode(), r.to, r.status, r.error, int(r.marked), at, at) for r, c, at in heard],
    )
    insert(cursor, _NOTE, [(f.message, f.at, f.what, f.detail) for f in facts if isinstance(f, Noted)])
    states: Counter[str] = Counter()
    for wave in waves(f for f in facts if isinstance(f, Became)):
        states += become(cursor, wave)
    return states


_GUARD = "m.id = j.value ->> 0 AND instr(j.value ->> 6, ',' || m.state || ',')"
_BECAME = (
    "UPDATE message AS m SET state = j.value ->> 1, changed_at = j.value ->> 2, ended_at = iif(j.value ->> 7, j.value ->> 2, 0), "
    "carrier = coalesce(j.value ->> 3, m.carrier), error_code = j.value ->> 4, error = j.value ->> 5 FROM json_each(?) AS j "
    f"WHERE {_GUARD}"
)


def become(cursor: apsw.Cursor, changes: Sequence[Became]) -> Counter[str]:
    """Change states where MAY_BECOME allows it; a final one's trigger queues the account's callback, if it wants one. How many came
    to which state: a statement for each says so by its count of rows."""
    rows = [
        (c.message, c.state, c.at, c.carrier, c.error_code, c.error, COMES_FROM[c.state], int(c.state in FINAL)) for c in changes
    ]
    run(cursor, _UNQUEUE, [row for row in rows if row[1] == State.EXPIRED])
    states: Counter[str] = Counter()
    for state in {change.state for change in changes}:
        run(cursor, _BECAME, [row for row in rows if row[1] == state])
        states[state] = cursor.connection.changes()
    return states
