"""Who waits for which lane, and who wakes them: within this process only; another process is noticed when a wait times out."""

import asyncio
from typing import Any

from globewire.alarm import Alarm
from globewire.hold.port import Lane

AT_WORK = 1.0
"""Seconds since its last wait for which a waiter is taken to be busy with what it found, and to come again."""


class _Bed:
    """Where the waiters of one lane and owner sleep: what wakes them, and until when they are at work after that."""

    __slots__ = ("alarm", "back_by", "event")

    def __init__(self) -> None:
        self.event, self.alarm, self.back_by = asyncio.Event(), Alarm(), 0.0


class Wakes:
    """One event for each lane and owner. A wake before the wait counts."""

    def __init__(self) -> None:
        self._beds: dict[tuple[str, str], _Bed] = {}
        self._clock = asyncio.get_running_loop().time  # whose look-up asks the kernel for the process's id each time

    def wake(self, lane: Lane[Any], of: str = "") -> None:
        """There may be something to claim."""
        self._bed(lane, of).event.set()

    def waited_for(self, lane: Lane[Any], of: str = "") -> bool:
        """Whether anybody here waits for that, or did a moment ago."""
        return self._clock() <= self._bed(lane, of).back_by

    def wake_all(self) -> None:
        """There may be something to claim anywhere."""
        for bed in self._beds.values():
            bed.event.set()

    async def wait(self, lane: Lane[Any], of: str, timeout: float) -> None:
        """Return after a wake since the last wait, or after `timeout` seconds."""
        bed = self._bed(lane, of)
        end = self._clock() + timeout
        bed.back_by = end + AT_WORK
        bed.alarm.set(min(end, bed.alarm.at), bed.event.set)
        try:
            await bed.event.wait()
            bed.alarm.unset()  # where one of several is cancelled instead, the others still have to return in time
        finally:
            bed.back_by = self._clock() + AT_WORK
            bed.event.clear()

    def _bed(self, lane: Lane[Any], of: str) -> _Bed:
        found = self._beds.get((lane.name, of))
        return self._beds.setdefault((lane.name, of), _Bed()) if found is None else found
