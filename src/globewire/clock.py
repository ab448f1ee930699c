"""The clocks of a running gateway: the wall's, and one that never goes back. An emulator may move them ahead of the real ones."""

import time
from collections.abc import Callable

from globewire.message import Millis

AGREES = 1_000
"""Milliseconds by which the wall clock may differ from what it should be by now, without a leap."""
BELIEVED = 900.0
"""Seconds after which a leap is taken for good: a request that was fresh before it is not fresh any more."""


class Clock:
    """Tells the time. `advance` moves both clocks forward, as if so long had passed; `leap` sets the wall clock only, forward or
    back, as an operator or a time server does. Those in `moved` are called after either, to look again at what is due."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._leapt = 0.0
        self._base = 0
        self._strayed: float | None = None
        self.moved: list[Callable[[], None]] = []
        self._settle()

    def now(self) -> Millis:
        """The wall clock, in milliseconds since 1970."""
        return Millis(time.time_ns() // 1_000_000 + round((self._passed + self._leapt) * 1000))

    def wall(self) -> float:
        """The wall clock, in seconds since 1970."""
        return time.time() + self._passed + self._leapt

    def steady(self) -> Millis:
        """As `now`, but a leap counts only when it has lasted: for leases and paces, which many processes may share."""
        told, now = self._base + round(self.monotonic() * 1000), self.now()
        if abs(now - told) <= AGREES:
            self._settle()
            return now
        if self._strayed is None:
            self._strayed = self.monotonic()
        if self.monotonic() - self._strayed >= BELIEVED:
            self._settle()
            return now
        return Millis(told)

    def earliest(self) -> Millis:
        """The earlier of `now` and `steady`: for what must not end too early."""
        return min(self.now(), self.steady())

    def latest(self) -> Millis:
        """The later of `now` and `steady`: for what must not begin too late."""
        return max(self.now(), self.steady())

    def monotonic(self) -> float:
        """Seconds from some moment; never fewer than before."""
        return time.monotonic() + self._passed

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, which must not be negative."""
        assert seconds >= 0
        self._passed += seconds
        self._tell()

    def leap(self, seconds: float) -> None:
        """Set the wall clock by `seconds`, back where they are negative."""
        self._leapt += seconds
        self._tell()

    def _settle(self) -> None:
        self._base, self._strayed = self.now() - round(self.monotonic() * 1000), None

    def _tell(self) -> None:
        for call in self.moved:
            call()
