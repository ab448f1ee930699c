"""How the carriers stood in the last quarter of an hour, remembered while this process runs: for charts, and their tables."""

import asyncio
import contextlib
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from itertools import pairwise

from globewire.errors import Unavailable
from globewire.hold.port import CarrierStanding, Figures, Hold
from globewire.message import CarrierId, Millis

EVERY = 5.0
"""Seconds between looks; who looks at a page has it looked at between."""
KEPT = 15 * 60_000
"""Milliseconds that are remembered."""
STATUSES = 4
"""Statuses of refusals that have a line of their own, those that came most; the others share one."""
OTHERS = "others"
MOST = 1_000
"""Standings of one carrier that are remembered; they are said no oftener than about once in two seconds."""

Series = dict[str, list[float | None]]
"""Values by name, all as long as `at`, which is seconds since 1970; None where nothing is known."""


class History:
    """What was said of each carrier, oldest first. What was said by other processes is heard too."""

    def __init__(self, hold: Hold, now: Callable[[], Millis]) -> None:
        self._hold, self._now = hold, now
        self._said: defaultdict[CarrierId, deque[CarrierStanding]] = defaultdict(lambda: deque(maxlen=MOST))

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            with contextlib.suppress(Unavailable):  # what was not heard is a gap
                await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> list[CarrierStanding]:
        """How the carriers stand; what is new in it is remembered."""
        standings = await self._hold.carriers()
        for standing in standings:
            said = self._said[standing.carrier]
            if said and standing.at < said[-1].at:
                said.clear()  # the clock was set back
            if not said or standing.at > said[-1].at:
                said.append(standing)
            while said and said[0].at < self._now() - KEPT:
                said.popleft()
        return standings

    def of(self, carrier: CarrierId) -> Sequence[CarrierStanding]:
        """What was said of one carrier."""
        return tuple(self._said[carrier]) if carrier in self._said else ()


def series(said: Sequence[CarrierStanding]) -> Series:
    """What charts draw: figures as they were said, and how many segments a second were answered otherwise than taken."""
    pairs = [(None, said[0]), *pairwise(said)] if said else []
    figures = [standing.figures for standing in said]
    return {
        "at": [standing.at / 1000 for standing in said],
        "rate": [each.rate for each in figures],
        "in_flight": [standing.in_flight for standing in said],
        "waiting": [each.waiting for each in figures],
        "round_trip_p50": [each.round_trip.p50 if each.round_trip.p95 else None for each in figures],
        "round_trip_p95": [each.round_trip.p95 or None for each in figures],
        "receipt_p50": [each.receipt_delay.p50 if each.receipt_delay.p95 else None for each in figures],
        "receipt_p95": [each.receipt_delay.p95 or None for each in figures],
        "throttled": [_a_second(before, after, lambda f: f.throttled) for before, after in pairs],
        "unanswered": [_a_second(before, after, lambda f: f.unanswered) for before, after in pairs],
        **_refused(figures, pairs),
    }


def by_minute(said: Sequence[CarrierStanding]) -> list[CarrierStanding]:
    """The last that was said in each minute, the newest first."""
    return list({standing.at // 60_000: standing for standing in said}.values())[::-1]


def _refused(figures: Sequence[Figures], pairs: Sequence[tuple[CarrierStanding | None, CarrierStanding]]) -> Series:
    """How many a second were refused, by status: `refused ESME_RSYSERR`."""
    most: Counter[str] = Counter()
    for each in figures:
        most |= Counter(each.refused)
    ordered = [status for status, _ in most.most_common()]
    groups = {status: [status] for status in sorted(ordered[:STATUSES])} | {OTHERS: ordered[STATUSES:]}

    def rates(of: Sequence[str]) -> list[float | None]:
        return [_a_second(before, after, lambda f: sum(f.refused.get(status, 0) for status in of)) for before, after in pairs]

    return {f"refused {name}": rates(statuses) for name, statuses in groups.items() if statuses}


def _a_second(before: CarrierStanding | None, after: CarrierStanding, count: Callable[[Figures], int]) -> float | None:
    """How fast a count grew; None where it began anew between."""
    if before is None or before.figures.since != after.figures.since or after.at <= before.at:
        return None
    return round((count(after.figures) - count(before.figures)) * 1000 / (after.at - before.at), 2)
