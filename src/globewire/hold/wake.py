"""Who waits for which lane, and who wakes them: within this process only; another process is noticed when a wait times out."""

import asyncio
from typing import Any

from globewire.hold.port import Lane


class Wakes:
    """One event for each lane and owner. A wake before the wait counts."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str], asyncio.Event] = {}

    def wake(self, lane: Lane[Any], of: str = "") -> None:
        """There may be something to claim."""
        self._events.setdefault((lane.name, of), asyncio.Event()).set()

    def wake_all(self) -> None:
        """There may be something to claim anywhere."""
        for event in self._events.values():
            event.set()

    async def wait(self, lane: Lane[Any], of: str, timeout: float) -> None:
        """Return after a wake since the last wait, or after `timeout` seconds."""
        event = self._events.setdefault((lane.name, of), asyncio.Event())
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            return
        finally:
            event.clear()
