"""What PostgreSQL does to find a page of messages (see `hold.finding`): indices asked, stretches gone through."""

from dataclasses import replace
from typing import Any

import orjson

from globewire.hold.finding import TAIL, Key, Stretch, asked_of
from globewire.hold.pg.ledger import STANDING, decoded
from globewire.hold.port import Question, Standing
from globewire.hold.rows import standing

# The order keeps the planner to the index that is meant: it knows little of a day that has just begun.
_KEYED = {
    Key.NUMBER: f'SELECT id FROM message WHERE "right"(recipient, {TAIL}) = $4 AND id >= $1 AND id < $2 LIMIT $3',
    Key.TASK: "SELECT id FROM message WHERE task_id = $4 AND task_id <> '' AND id >= $1 AND id < $2 LIMIT $3",
    Key.OPEN: "SELECT id FROM message WHERE ended_at = 0 AND id >= $1 AND id < $2 AND $4 = '' ORDER BY expires_at LIMIT $3",
}
_ALL = "id >= $1 AND id < $2"
_AMISS = f"ended_at > 0 AND error_code <> 'DELIVERED' AND {_ALL}"
_THESE = f"id = ANY($4::bigint[]) AND {_ALL}"
_DIALECT = {
    "account": "account = {0}",
    "to": "recipient = {0}",
    "to_ends": '"right"(recipient, length({0})) = {0}',
    "task_id": "task_id = {0}",
    "state": "state = {0}",
    "error_code": "error_code = {0}",
    "carrier": "carrier = {0}",
    "country": "country = {0}",
    "text": 'strpos(lower(text COLLATE "C"), {0}) > 0',
}


async def keyed(connection: Any, key: Key, value: str, stretch: Stretch, limit: int) -> list[int]:
    """As `finding.Looking`."""
    return [
        row[0] for row in await connection.fetch(_KEYED[key], stretch.since, stretch.before, limit, value.replace("\0", "\ufffd"))
    ]


async def floor(connection: Any, stretch: Stretch, rows: int) -> int | None:
    """As `finding.Looking`."""
    statement = f"SELECT id FROM message WHERE {_AMISS if stretch.amiss else _ALL} ORDER BY id DESC LIMIT 1 OFFSET $3"
    found: int | None = await connection.fetchval(statement, stretch.since, stretch.before, rows - 1)
    return found


async def rows(connection: Any, question: Question, stretch: Stretch, limit: int) -> list[Standing]:
    """As `finding.Looking`."""
    conditions, values = asked_of(replace(question, text=_kept(question.text)), _DIALECT, "$", 5)
    among = _THESE if stretch.ids is not None else f"$4::bigint[] IS NOT NULL AND {_AMISS if stretch.amiss else _ALL}"
    statement = f"{STANDING} WHERE {' AND '.join((among, *conditions))} ORDER BY id DESC LIMIT $3"
    values = [value.replace("\0", "\ufffd") for value in values]  # as it is kept
    found = await connection.fetch(statement, stretch.since, stretch.before, limit, stretch.ids or (), *values)
    return [standing(decoded(row)) for row in found]


def _kept(part: str) -> str:
    """A part of a text as it stands in what is kept of the text."""
    return orjson.dumps(part).decode()[1:-1]
