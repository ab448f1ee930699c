"""Pace: how often something may happen, as one number to remember (the generic cell rate algorithm).

What "30 a second" means here: whoever never starts more than 30 within any second is never made to wait, and over time nobody
gets more than 30 a second. In between, a caller that was idle may spend a second's worth at once, so that a window laid with
malice may hold up to twice the limit. Where that is too much, as before a strict carrier, a smaller `burst` says so.
It keeps no clock: the time is an argument, in milliseconds from any fixed point. A clock that is set back does no harm.
"""

import math


class Pace:
    """One rate: `rate` a second, of which `burst` may come at once (a second's worth, and at least one, if not told).

    A rate of 0 is no limit. `jitter` ms of coming early are forgiven, and paid back by what follows.
    """

    __slots__ = ("_ahead", "_due", "_each", "_slack", "rate")

    def __init__(self, rate: float, burst: float | None = None, jitter: float = 0.0) -> None:
        self.rate = rate
        self._each = 1000.0 / rate if rate > 0 else 0.0
        self._slack = max(rate if burst is None else burst, 1.0) * self._each + jitter
        self._due = -math.inf  # when all that was taken would have been spent at an even pace
        self._ahead = self._slack  # how far ahead of the clock that may be: further, and the clock was set back

    def take(self, now: float, cost: float = 1) -> float:
        """0.0 and it is taken, or the milliseconds until it would be. What costs more than a burst passes alone, paid after."""
        # Written out, since every call of the API and every submit comes by: as `delay` says, in a third of the time.
        due, own = self._due, cost * self._each
        if due > now + self._ahead:
            due = self._due = now + self._ahead
        slack = own if own > self._slack else self._slack
        wait = (due - now if due > now else 0.0) + own - slack
        if wait > ROUNDING:
            return wait
        self._due, self._ahead = (due if due > now else now) + own, slack
        return 0.0

    def delay(self, now: float, cost: float = 1) -> float:
        """What `take` would say, with nothing taken."""
        own = cost * self._each
        wait = min(max(self._due - now, 0.0), self._ahead) + own - max(self._slack, own)
        return wait if wait > ROUNDING else 0.0

    def left(self, now: float) -> int:
        """How many of a second's worth would be let through now, one after another; what jitter forgives is not counted."""
        spent = min(max(self._due - now, 0.0), self._ahead)
        return max(0, int((max(1000.0, self._each) - spent + ROUNDING) / self._each)) if self._each else 0

    def rested(self, now: float) -> bool:
        """Whether it is as good as new: nothing taken is still to be spent."""
        return self._due <= now


ROUNDING = 0.01
"""Milliseconds; sums of floats near 10^12 are exact to less."""

JITTER = 100.0
"""Milliseconds by which a network may press calls together that were sent at an even pace."""


class Throttle:
    """The paces of many callers, one for each account and operation (contract 1.0), in bounded memory.

    A pace that has rested says nothing and is forgotten first; where more than `most` are busy, the ones made first are.
    """

    __slots__ = ("_most", "_paces")

    def __init__(self, most: int = 65_536) -> None:
        self._most = most
        self._paces: dict[tuple[str, str], Pace] = {}

    def check(self, account: str, operation: str, limit: float, now: float) -> int:
        """0 where the call may go on, else in how many milliseconds it may. `limit` is calls a second, 0 for no limit."""
        if limit <= 0:
            return 0
        pace = self._paces.get((account, operation))
        if pace is None or pace.rate != limit:
            pace = self._start(account, operation, limit, now)
        wait = pace.take(now)
        return math.ceil(wait) if wait else 0

    def left(self, account: str, operation: str, limit: float, now: float) -> int:
        """How many calls may go on at this moment; nothing is taken. A `limit` of 0, which bars nobody, leaves 0 too."""
        pace = self._paces.get((account, operation))
        return pace.left(now) if pace is not None and pace.rate == limit else int(limit)

    def _start(self, account: str, operation: str, limit: float, now: float) -> Pace:
        self._paces.pop((account, operation), None)
        if len(self._paces) >= self._most:
            busy = {key: pace for key, pace in self._paces.items() if not pace.rested(now)}
            for key in list(busy)[: max(0, len(busy) - self._most * 3 // 4)]:
                del busy[key]
            self._paces = busy
        pace = self._paces[account, operation] = Pace(limit, jitter=JITTER)
        return pace

    def __len__(self) -> int:
        return len(self._paces)
