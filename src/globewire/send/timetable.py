"""Calls to be made later, in order, with one timer for all of them: for thousands of small things that are due at a time."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count


class Timetable:
    """Calls by time of `clock` (seconds). Those due within one `tick` are made together, in order of time, then of entry."""

    def __init__(self, clock: Callable[[], float], tick: float = 0.005) -> None:
        self._clock = clock
        self._tick = tick
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = 0.0
        self._closed = False

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, at: float, call: Callable[[], None]) -> None:
        """Have `call` made at `at`, or as soon after as the loop is free. It must not raise. Nothing after `close`."""
        if self._closed:
            return
        heappush(self._calls, (at, next(self._order), call))
        if self._timer is None or at < self._wakes_at - self._tick:
            self._arm(at)

    def look_again(self) -> None:
        """The clock was moved: make at once what is due by now."""
        if self._timer is not None:
            self._timer.cancel()
            self._wake()

    def due(self) -> bool:
        """Whether a call is due that was not made yet."""
        return bool(self._calls) and self._calls[0][0] <= self._clock()

    def close(self) -> None:
        """Forget all calls, and take no more."""
        self._closed = True
        self._calls.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        now = self._clock()
        self._wakes_at = max(at, now + self._tick)
        self._timer = asyncio.get_running_loop().call_later(self._wakes_at - now, self._wake)

    def _wake(self) -> None:
        self._timer = None
        now, calls = self._clock(), self._calls
        while calls and calls[0][0] <= now:
            heappop(calls)[2]()
        if calls and self._timer is None:
            self._arm(calls[0][0])
