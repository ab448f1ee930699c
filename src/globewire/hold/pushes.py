"""The pushes in SQLite: what came of each, and which messages went in it. Each function serves many callers at once.

One row a push, whatever it carried. A message has the ids of its pushes, written by the statement that marks it told; until then
its callback has them.
"""

from collections.abc import Sequence
from typing import Any

import apsw
import orjson

from globewire.hold.port import TellJob
from globewire.hold.rows import PUSH, Row, push, push_id, push_ids, push_row
from globewire.hold.sql import ask, fields, run

_LAST = "SELECT json_group_array(seq) FROM sqlite_sequence WHERE name = 'push'"
_PUSHED = f"INSERT INTO push(id, account, {PUSH}) SELECT {fields(9)} FROM json_each(?)"


def _write(cursor: apsw.Cursor, jobs: Sequence[TellJob]) -> list[int | None]:
    """Write down the pushes that were made; their ids."""
    made = [(job.account, job.push) for job in jobs if job.push]
    last = max(ask(cursor, _LAST), default=0) if made else 0
    rows = [(last + n, *push_row(account, pushed)) for n, (account, pushed) in enumerate(made, start=1)]
    run(cursor, _PUSHED, [(*row[:5], int(row[5]), *row[6:]) for row in rows])
    ids = iter(row[0] for row in rows)
    return [next(ids) if job.push else None for job in jobs]


_TOLD = (
    "UPDATE message AS m SET told_at = iif(j.value ->> 2, j.value ->> 2, m.ended_at), "
    "pushes = coalesce((SELECT c.pushes FROM callback AS c WHERE c.id = j.value ->> 1), '') || (j.value ->> 3) "
    "FROM json_each(?) AS j WHERE m.id = j.value ->> 0"
)
_OVER = "DELETE FROM callback WHERE id IN (SELECT value ->> 1 FROM json_each(?))"


def tell(cursor: apsw.Cursor, jobs: Sequence[TellJob]) -> None:
    """The reports of these were acknowledged."""
    ids = _write(cursor, jobs)
    rows = [
        (r.message, r.id, job.push.at + job.push.took if job.push else 0, push_id(id))
        for job, id in zip(jobs, ids, strict=True)
        for r in job.reports
    ]
    run(cursor, _TOLD, rows)
    run(cursor, _OVER, rows)


_REFUSED = (
    "UPDATE callback AS c SET tries = tries + 1, pushes = pushes || (j.value ->> 1) FROM json_each(?) AS j "
    "WHERE c.id = j.value ->> 0"
)


def refuse(cursor: apsw.Cursor, jobs: Sequence[TellJob]) -> None:
    """The reports of these were not acknowledged."""
    ids = _write(cursor, jobs)
    run(cursor, _REFUSED, [(r.id, push_id(id)) for job, id in zip(jobs, ids, strict=True) for r in job.reports])


_TELLS = (
    "SELECT m.id FROM message AS m JOIN account AS a ON a.id = m.account WHERE m.id = ?1 AND m.ended_at > 0 AND a.callback <> ''"
)
_AGAIN = f"UPDATE callback SET dead = 0, tries = 0 WHERE message = ({_TELLS}) AND dead = 1"
_ANEW = (
    f"INSERT INTO callback(account, message, pushes) SELECT account, id, pushes FROM message WHERE id = ({_TELLS}) "
    "AND NOT EXISTS (SELECT * FROM callback WHERE message = ?1)"
)
_NOTE = "INSERT INTO note(message, at, what, detail) VALUES(?, ?, 'callback', 'queued again, since somebody asked for it')"


def replay(cursor: apsw.Cursor, message: int, now: int) -> str | None:
    """Queue a message's report again; its account, or None where that cannot be."""
    if cursor.execute(_TELLS, (message,)).get is None:
        return None
    for statement in (_AGAIN, _ANEW):
        cursor.execute(statement, (message,))
    cursor.execute(_NOTE, (message, now))
    return str(cursor.execute("SELECT account FROM message WHERE id = ?", (message,)).get)


# --- read --------------------------------------------------------------------------------------------------------------

_IDS = "SELECT coalesce((SELECT pushes FROM callback WHERE message = ?1), (SELECT pushes FROM message WHERE id = ?1), '')"


def of(connection: apsw.Connection, message: int) -> list[Row]:
    """The pushes of a message, in order."""
    ids = push_ids(connection.execute(_IDS, (message,)).get)
    statement = f"SELECT {PUSH} FROM push WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
    return list(connection.execute(statement, (orjson.dumps(ids).decode(),))) if ids else []


def last(connection: apsw.Connection, account: str) -> dict[str, Any]:
    """Of an Outbox, the last push to the account's endpoint, and when one was acknowledged last."""
    of = f"SELECT {PUSH} FROM push WHERE account = ? "
    row = connection.execute(of + "ORDER BY at DESC LIMIT 1", (account,)).fetchone()
    good = connection.execute(of + "AND acknowledged = 1 ORDER BY at DESC LIMIT 1", (account,)).fetchone()
    return {"pushed": push(row) if row else None, "acknowledged_at": good[0] + good[1] if good else 0}
