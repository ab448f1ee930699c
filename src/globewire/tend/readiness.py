"""Whether this process can do its work now: its stages run, and the store can write, which a write of its own has shown."""

import asyncio
from collections.abc import Callable
from time import monotonic

import structlog

from globewire.errors import Unavailable
from globewire.hold.port import Hold
from globewire.message import Millis

log = structlog.get_logger()

PATIENCE = 2.0
"""Seconds for the write."""
FRESH = 1.0
"""Seconds for which what it showed is good: whoever asks a lot writes no more."""
MARK = "readiness"
"""What is written: that this is owned, for no time at all."""
OWNER = MARK + "." * 64 * 1024
"""By whom: a name that takes more room than a message does. On a full disk there is often room for a little, and not for more."""


class Readiness:
    """Says what is wrong. `stages` says what is wrong with the stages, "" where nothing is."""

    def __init__(self, hold: Hold, *, now: Callable[[], Millis], stages: Callable[[], str]) -> None:
        self._hold, self._now, self._stages = hold, now, stages
        self._writing = asyncio.Lock()
        self._written_at = -FRESH
        self._fault = ""

    async def fault(self) -> str:
        """A sentence, "" where the process is ready."""
        if not self._stages():
            async with self._writing:
                if monotonic() - self._written_at >= FRESH:
                    self._fault = await self._write()
                    self._written_at = monotonic()
        return self._stages() or self._fault

    async def _write(self) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._hold.own(MARK, OWNER, self._now(), 0)
                await self._hold.disown(OWNER)
        except Unavailable as fault:
            log.error("the hold does not serve", stage="readiness", reason=str(fault))
            return "the store cannot write: the log says why"
        except TimeoutError:
            return f"the store has not written within {PATIENCE:g} seconds"
        return ""
