"""Sweep: end what is past its time, forget what is past its keeping."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from globewire.errors import Unavailable
from globewire.hold.port import Hold, Lane
from globewire.message import Millis

Wait = tuple[Lane[Any], str, int]
"""A lane, whose part of it, and the milliseconds that its jobs are put off at most."""

log = structlog.get_logger()

DAY = 86_400_000
BATCH = 1000
"""Messages in one transaction, so that nobody waits long behind a sweep."""


class Sweep:
    """The tend stage's loop. `grace` is milliseconds after the validity; the days say how long texts and messages are kept;
    `waits` what may be put off for how long. By `now` nothing ends too early, though the clock leap; by `due` nothing waits too
    long."""

    def __init__(
        self,
        hold: Hold,
        *,
        grace: int,
        bodies_days: int,
        messages_days: int,
        waits: Sequence[Wait] = (),
        now: Callable[[], Millis],
        due: Callable[[], Millis],
    ) -> None:
        self._hold, self._grace, self._waits, self._now, self._due = hold, grace, waits, now, due
        self._bodies_days, self._messages_days = bodies_days, messages_days
        self.broom = asyncio.Lock()
        """Held while sweeping; whoever else holds it has nothing swept meanwhile."""

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
        async with self.broom:
            return await self._sweep(self._now())

    async def _sweep(self, now: Millis) -> bool:
        expired = await self._hold.expire(now, self._grace, BATCH)
        bodies, messages = Millis(now - self._bodies_days * DAY), Millis(now - self._messages_days * DAY)
        forgotten = await self._hold.forget(bodies, messages, BATCH, now=now)
        for lane, of, ahead in self._waits:
            if stuck := await self._hold.hasten(self._due(), lane, ahead, of):
                log.warning("the clock was set back: jobs that it had put off are due", lane=lane.name, of=of, jobs=stuck)
        if expired:
            log.warning("messages expired without a receipt", messages=expired)
        return expired == BATCH or forgotten >= BATCH
