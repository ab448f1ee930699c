"""What processes share through PostgreSQL: who owns what, and quotas. Each function serves many callers at once.

READ COMMITTED, beside other writers: owning is one upsert, whose condition is looked at again under the row's lock; a quota's
row is made where it is missing, then locked, in the order of names, from reading to writing.
"""

from collections.abc import Sequence
from typing import Any

from globewire.hold.pg.batch import Batch
from globewire.hold.quota import Drawn, draw, remaining

_OWN = (
    "INSERT INTO owner(what, owner, until) VALUES($1, $2, $4) ON CONFLICT(what) DO UPDATE SET owner = excluded.owner, "
    "until = excluded.until WHERE owner.owner = excluded.owner OR owner.until <= $3 OR owner.until = $5 RETURNING true"
)
_UNTIL = "SELECT until FROM owner WHERE what = $1"


async def own(connection: Any, payloads: Sequence[tuple[str, str, int, int, int]]) -> list[int | None]:
    """Take or keep what is free, or leased until just `silent`: (what, owner, now, lease, silent). None, or until when it is
    another's."""
    owned: dict[int, int | None] = {}
    for place, (what, owner, now, lease, silent) in sorted(enumerate(payloads), key=lambda numbered: numbered[1][0]):
        mine = await connection.fetchval(_OWN, what, owner, now, now + lease, silent)
        owned[place] = None if mine else await connection.fetchval(_UNTIL, what)
    return [owned[place] for place in range(len(payloads))]


async def disown(connection: Any, payloads: Sequence[str]) -> list[None]:
    """Give up all that these owners hold."""
    await connection.execute("DELETE FROM owner WHERE owner = ANY($1::text[])", list(payloads))
    return [None] * len(payloads)


_QUOTA = ("name text", "due double precision", "seen bigint")
_OPEN = Batch("INSERT INTO quota(name, due, seen) SELECT * FROM {rows} ON CONFLICT DO NOTHING", *_QUOTA)
_LOCK = "SELECT name, due, seen FROM quota WHERE name = ANY($1::text[]) ORDER BY name FOR UPDATE"
_SPEND = Batch("UPDATE quota AS q SET due = j.due, seen = j.seen FROM {rows} WHERE q.name = j.name", *_QUOTA)


async def spend(connection: Any, payloads: Sequence[tuple[str, float, int, int]]) -> list[int]:
    """Draw from quotas: (quota, rate, want, now)."""
    names = sorted({quota for quota, *_ in payloads})
    locked = await connection.fetch(_LOCK, names)
    if len(locked) < len(names):
        first = {quota: now for quota, _, _, now in payloads}
        await _OPEN.run(connection, [(name, float(first[name]), first[name]) for name in names])
        locked = await connection.fetch(_LOCK, names)
    stand = {name: Drawn(due, seen) for name, due, seen in locked}
    counts = []
    for quota, rate, want, now in payloads:
        granted, stand[quota] = draw(stand[quota], rate, want, now)
        counts.append(granted)
    await _SPEND.run(connection, [(name, stand[name].due, stand[name].seen) for name in names])
    return counts


async def left(connection: Any, quota: str, rate: float, now: int) -> int:
    """How much of a quota could be drawn."""
    row = await connection.fetchrow("SELECT due, seen FROM quota WHERE name = $1", quota)
    return remaining(Drawn(*row) if row else None, rate, now)
