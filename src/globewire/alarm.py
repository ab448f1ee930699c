"""One call to be made later that is put off, or not wanted any more, again and again: neither costs a timer.

A timer that is made and cancelled costs four microseconds, which is much where each message needs some and almost none rings. So
the timer here is left alone while it rings early enough, and looks then how long is left.
"""

import asyncio
from collections.abc import Callable
from math import inf

AHEAD = 1.0
"""Seconds for which a timer is set at most, so that a call that is put forward finds it early enough as a rule."""


class Alarm:
    """Makes the last call that was set, once, at its time; `at` is that, infinity while nothing is to be called."""

    __slots__ = ("_call", "_loop", "_rings_at", "_timer", "at")

    def __init__(self) -> None:
        self.at = self._rings_at = inf
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._call: Callable[[], object] | None = None

    def set(self, at: float, call: Callable[[], object]) -> None:
        """Have this called at this time of the loop's clock, and not what was set before."""
        self.at, self._call = at, call
        if at < self._rings_at:
            self._ring_by(at)

    def unset(self) -> None:
        """Have nothing called."""
        self.at, self._call = inf, None

    def _ring_by(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = min(at, self._loop.time() + AHEAD)
        self._timer = self._loop.call_at(self._rings_at, self._ring)

    def _ring(self) -> None:
        call, at, due = self._call, self.at, self._rings_at
        self._timer, self._rings_at = None, inf
        if call is None:
            return
        if at > due:
            self._ring_by(at)
        else:
            self.unset()
            call()
