"""Who waits for which lane, and who wakes them: within this process only; another process is noticed when a wait times out."""

import asyncio
from collections.abc import Collection
from typing import Any

from globewire.alarm import Alarm
from globewire.hold.port import Lane

AT_WORK = 1.0
"""Seconds since its last wait for which a waiter is taken to be busy with what it found, and to come again."""


class _Bed:
    """Where the waiters of one lane sleep: what wakes them, whom there may be something of, for whom they wait, and until when
    they are at work after that."""

    __slots__ = ("alarm", "back_by", "event", "of", "woken")

    def __init__(self) -> None:
        self.event, self.alarm, self.back_by = asyncio.Event(), Alarm(), 0.0
        self.woken: set[str] = set()
        self.of: Collection[str] = ()


class Wakes:
    """One event for each lane. A wake before the wait counts."""

    def __init__(self) -> None:
        self._beds: dict[str, _Bed] = {}
        self._clock = asyncio.get_running_loop().time  # whose look-up asks the kernel for the process's id each time

    def wake(self, lane: Lane[Any], of: str = "") -> None:
        """There may be something to claim."""
        bed = self._bed(lane)
        bed.woken.add(of)
        bed.event.set()

    def waited_for(self, lane: Lane[Any], of: str = "") -> bool:
        """Whether anybody here waits for that, or did a moment ago."""
        bed = self._bed(lane)
        return of in bed.of and self._clock() <= bed.back_by

    def wake_all(self) -> None:
        """There may be something to claim anywhere."""
        for bed in self._beds.values():
            bed.woken.update(bed.of)
            bed.event.set()

    async def wait(self, lane: Lane[Any], timeout: float, of: Collection[str]) -> frozenset[str]:
        """Return after a wake since the last wait, or after `timeout` seconds: of whom there may be something to claim, of anyone
        where that is empty. Of several who wait for the same the first is told whom it is of."""
        bed = self._bed(lane)
        end = self._clock() + timeout
        bed.of, bed.back_by = of, end + AT_WORK
        try:
            if timeout > 0:
                bed.alarm.set(min(end, bed.alarm.at), bed.event.set)
                await bed.event.wait()
                bed.alarm.unset()  # where one of several is cancelled instead, the others still have to return in time
            return frozenset(bed.woken)
        finally:
            bed.back_by = self._clock() + AT_WORK
            bed.event.clear()
            bed.woken.clear()

    def _bed(self, lane: Lane[Any]) -> _Bed:
        found = self._beds.get(lane.name)
        return self._beds.setdefault(lane.name, _Bed()) if found is None else found
