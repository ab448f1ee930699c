"""What SQLite does to find a page of messages (see `finding`): indices asked, stretches gone through.

Each is one step, whatever it looks at: beside a busy event loop, steps are what costs (see `sql`).
"""

import apsw
import orjson

from globewire.hold.finding import TAIL, Key, Stretch, asked_of
from globewire.hold.ledger import STANDING
from globewire.hold.port import Question, Standing
from globewire.hold.rows import standing
from globewire.hold.sql import ask

_HOUR = 360_000_000_000
_BY_HOUR = (
    f"WITH RECURSIVE hour(n) AS (SELECT max(id) / {_HOUR} FROM message WHERE id < ?2 UNION ALL "
    f"SELECT (SELECT max(id) FROM message WHERE id < n * {_HOUR}) / {_HOUR} FROM hour WHERE n * {_HOUR} > ?1) "
    "SELECT json_group_array(id) FROM (SELECT m.id FROM hour CROSS JOIN message AS m INDEXED BY {0} "
    f"ON m.id / {_HOUR} = n AND {{1}} WHERE m.id >= ?1 AND m.id < ?2 LIMIT ?3)"
)
"""Hours that have messages, the newest first, and in each what an index has under a value."""
_KEYED = {
    Key.NUMBER: _BY_HOUR.format("message_number", f"substr(m.recipient, -{TAIL}) = ?4"),
    Key.TASK: _BY_HOUR.format("message_task", "m.task_id = ?4 AND m.task_id <> ''"),
    Key.OPEN: "SELECT json_group_array(id) FROM (SELECT id FROM message INDEXED BY message_open WHERE ended_at = 0 "
    "AND id >= ?1 AND id < ?2 AND ?4 = '' LIMIT ?3)",
}
_AMISS_IS = "ended_at > 0 AND error_code <> 'DELIVERED'"
_AMISS = f"message INDEXED BY message_amiss WHERE {_AMISS_IS} AND id >= ?1 AND id < ?2"
_ALL = "message WHERE id >= ?1 AND id < ?2"
_THESE = "message WHERE id IN (SELECT value FROM json_each(?4)) AND +id >= ?1 AND +id < ?2"
_DIALECT = {
    "account": "account = {0}",
    "to": "recipient = {0}",
    "to_ends": "substr(recipient, -length({0})) = {0}",
    "task_id": "task_id = {0}",
    "state": "state = {0}",
    "error_code": "error_code = {0}",
    "carrier": "carrier = {0}",
    "country": "country = {0}",
    "text": "instr(lower(text), {0}) > 0",
}


def keyed(connection: apsw.Connection, key: Key, value: str, stretch: Stretch, limit: int) -> list[int]:
    """As `finding.Looking`."""
    ids: list[int] = ask(connection.cursor(), _KEYED[key], stretch.since, stretch.before, limit, value)
    return ids


def floor(connection: apsw.Connection, stretch: Stretch, rows: int) -> int | None:
    """As `finding.Looking`."""
    statement = f"SELECT id FROM {_AMISS if stretch.amiss else _ALL} ORDER BY id DESC LIMIT 1 OFFSET ?3"
    found: int | None = connection.execute(statement, (stretch.since, stretch.before, rows - 1)).get
    return found


def rows(connection: apsw.Connection, question: Question, stretch: Stretch, limit: int) -> list[Standing]:
    """As `finding.Looking`."""
    conditions, values = asked_of(question, _DIALECT, "?", 5)
    among = _THESE if stretch.ids is not None else f"{_AMISS if stretch.amiss else _ALL} AND ?4 = '[]'"
    chosen = f"SELECT id AS one FROM {' AND '.join((among, *conditions))} ORDER BY id DESC LIMIT ?3"
    statement = f"SELECT json_group_array(json_array({', '.join(STANDING)})) FROM ({chosen}) CROSS JOIN message ON id = one"
    ids = orjson.dumps(stretch.ids or ()).decode()
    found = ask(connection.cursor(), statement, stretch.since, stretch.before, limit, ids, *values)
    return [standing(row) for row in found]
