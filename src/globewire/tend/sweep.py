"""Sweep: end what is past its time, forget what is past its keeping."""

import asyncio
from collections.abc import Callable

import structlog

from globewire.errors import Unavailable
from globewire.hold.port import Hold
from globewire.message import Millis

log = structlog.get_logger()

DAY = 86_400_000
BATCH = 1000
"""Messages in one transaction, so that nobody waits long behind a sweep."""


class Sweep:
    """The tend stage's loop. `grace` is milliseconds after the validity; the days say how long texts and messages are kept."""

    def __init__(self, hold: Hold, *, grace: int, bodies_days: int, messages_days: int, now: Callable[[], Millis]) -> None:
        self._hold, self._grace, self._now = hold, grace, now
        self._bodies_days, self._messages_days = bodies_days, messages_days

    async def run(self) -> None:
        """Sweep once a second until cancelled; at once again where a batch was full."""
        while True:
            try:
                busy = await self.sweep()
            except Unavailable as fault:
                log.error("the hold does not serve", stage="tend", reason=str(fault))
                busy = False
            await asyncio.sleep(0.0 if busy else 1.0)

    async def sweep(self) -> bool:
        """One batch of each; whether there is more to do."""
        now = self._now()
        expired = await self._hold.expire(now, self._grace, BATCH)
        bodies, messages = Millis(now - self._bodies_days * DAY), Millis(now - self._messages_days * DAY)
        forgotten = await self._hold.forget(bodies, messages, BATCH, now=now)
        if expired:
            log.warning("messages expired without a receipt", messages=expired)
        return expired == BATCH or forgotten >= BATCH
