"""Who waits for which lane, and who wakes them: within this process only; another process is noticed when a wait times out."""

import asyncio
from typing import Any

from globewire.hold.port import Lane

AT_WORK = 1.0
"""Seconds since its last wait for which a waiter is taken to be busy with what it found, and to come again."""


class Wakes:
    """One event for each lane and owner. A wake before the wait counts."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str], asyncio.Event] = {}
        self._back_by: dict[tuple[str, str], float] = {}

    def wake(self, lane: Lane[Any], of: str = "") -> None:
        """There may be something to claim."""
        self._event(lane, of).set()

    def waited_for(self, lane: Lane[Any], of: str = "") -> bool:
        """Whether anybody here waits for that, or did a moment ago."""
        return asyncio.get_running_loop().time() <= self._back_by.get((lane.name, of), 0.0)

    def wake_all(self) -> None:
        """There may be something to claim anywhere."""
        for event in self._events.values():
            event.set()

    async def wait(self, lane: Lane[Any], of: str, timeout: float) -> None:
        """Return after a wake since the last wait, or after `timeout` seconds."""
        event, loop = self._event(lane, of), asyncio.get_running_loop()
        end = loop.time() + timeout
        self._back_by[lane.name, of] = end + AT_WORK
        timer = loop.call_at(end, event.set)
        try:
            await event.wait()
        finally:
            timer.cancel()
            self._back_by[lane.name, of] = loop.time() + AT_WORK
            event.clear()

    def _event(self, lane: Lane[Any], of: str) -> asyncio.Event:
        found = self._events.get((lane.name, of))
        return self._events.setdefault((lane.name, of), asyncio.Event()) if found is None else found
