"""What processes share in a SQLite file: who owns what, and quotas. Each function serves many callers at once."""

from collections.abc import Sequence

import apsw

from globewire.hold.quota import Drawn, draw, remaining
from globewire.hold.sql import change

_OWN = (
    "INSERT INTO owner VALUES(?1, ?2, ?3 + ?4) ON CONFLICT(what) DO UPDATE SET owner = excluded.owner, until = excluded.until "
    "WHERE owner.owner = excluded.owner OR owner.until <= ?3 OR owner.until = ?5"
)
_UNTIL = "SELECT until FROM owner WHERE what = ?"


def own(cursor: apsw.Cursor, payloads: Sequence[tuple[str, str, int, int, int]]) -> list[int | None]:
    """Take or keep what is free, or leased until just `silent`: (what, owner, now, lease, silent). None, or until when it is
    another's."""
    found: list[int | None] = []
    for payload in payloads:
        mine = change(cursor, _OWN, *payload) > 0
        found.append(None if mine else int(cursor.execute(_UNTIL, payload[:1]).get))
    return found


def disown(cursor: apsw.Cursor, payloads: Sequence[str]) -> list[None]:
    """Give up all that these owners hold."""
    cursor.executemany("DELETE FROM owner WHERE owner = ?", [(owner,) for owner in payloads])
    return [None] * len(payloads)


def spend(cursor: apsw.Cursor, payloads: Sequence[tuple[str, float, int, int]]) -> list[int]:
    """Draw from quotas: (quota, rate, want, now)."""
    counts = []
    for quota, rate, want, now in payloads:
        row = cursor.execute("SELECT due, seen FROM quota WHERE name = ?", (quota,)).fetchone()
        granted, drawn = draw(Drawn(*row) if row else None, rate, want, now)
        cursor.execute("INSERT OR REPLACE INTO quota VALUES(?, ?, ?)", (quota, drawn.due, drawn.seen))
        counts.append(granted)
    return counts


def left(connection: apsw.Connection, quota: str, rate: float, now: int) -> int:
    """How much of a quota could be drawn."""
    row = connection.execute("SELECT due, seen FROM quota WHERE name = ?", (quota,)).fetchone()
    return remaining(Drawn(*row) if row else None, rate, now)
