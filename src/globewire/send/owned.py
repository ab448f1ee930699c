"""What only one process may do at a time, such as a carrier's binds: done while this process owns it, moved when it dies."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from globewire.errors import Unavailable
from globewire.hold.port import Hold
from globewire.message import Millis

log = structlog.get_logger()

RENEWED = 1.5
"""Seconds between renewals."""


class Owned:
    """Begins what is owned when it becomes ours, and ends it when it is no longer: told so, or unable to ask in time.

    `lease` is in milliseconds: so long after the last word of its owner it is anyone's.
    """

    def __init__(
        self,
        hold: Hold,
        what: str,
        owner: str,
        lease: int,
        *,
        now: Callable[[], Millis],
        begin: Callable[[], Awaitable[None]],
        end: Callable[[], Awaitable[None]],
    ) -> None:
        self._hold, self._what, self._owner, self._lease, self._now = hold, what, owner, lease, now
        self._begin, self._end = begin, end
        self._until = 0.0
        self._begun = False
        self._stopping = False

    async def run(self) -> None:
        """Own, or wait to own, until cancelled after `stop`. What is being ended stays owned: nobody else may begin it yet."""
        while True:
            try:
                await self._turn()
            except Unavailable as fault:
                log.error("the hold does not serve", what=self._what, reason=str(fault))
            await asyncio.sleep(RENEWED)

    async def stop(self) -> None:
        """Begin no more, and end what was begun; then cancel `run`."""
        self._stopping = True
        await self._give_up()

    async def _turn(self) -> None:
        await self._ask()
        mine = asyncio.get_running_loop().time() < self._until
        if mine and not self._begun and not self._stopping:
            log.info("taken over", what=self._what)
            await self._begin()
            self._begun = True
        elif self._begun and not mine:
            await self._give_up()

    async def _give_up(self) -> None:
        if self._begun:
            self._begun = False
            log.info("given up", what=self._what)
            await self._end()

    async def _ask(self) -> None:
        """Renew, or try to own. A hold that is silent is waited for until the lease ends, and no longer: by then it may be
        another's."""
        asked = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(self._until if self._begun else asked + self._lease / 1000):
                mine = await self._hold.own(self._what, self._owner, self._now(), self._lease)
            self._until = asked + self._lease / 1000 if mine else 0.0
        except (Unavailable, TimeoutError) as fault:
            log.error("the hold does not serve", what=self._what, reason=str(fault) or "no answer in time")
