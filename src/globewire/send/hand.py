"""The messages that one worker has in hand: claimed from the hold, and written down there again when it is known what follows."""

import asyncio
from collections.abc import Callable, Set

import structlog

from globewire.errors import Unavailable
from globewire.hold.port import SEND, Became, Hold, SendJob, Submitted
from globewire.message import CarrierId, Millis, State
from globewire.meter.dials import Spread
from globewire.send.attempt import Ending
from globewire.send.awaited import Awaited

log = structlog.get_logger()

LEASE = 600_000
"""Milliseconds a message is leased for. Longer than any attempt: a worker that is started anew ends the old leases itself."""


class Hand:
    """What is claimed for a carrier and not yet written down. `delay` is told how long after acceptance the carrier had it all."""

    def __init__(self, hold: Hold, carrier: CarrierId, now: Callable[[], Millis], delay: Spread) -> None:
        self._hold, self._carrier, self._now, self._delay = hold, carrier, now, delay
        self.awaited = Awaited()
        """What the carrier has of it, and the hold knows of."""
        self._held: set[int] = set()
        self.claiming = 0
        """How many claims are being made."""
        self._endings: list[Ending] = []
        self._ended, self._lighter = asyncio.Event(), asyncio.Event()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def unwritten(self) -> int:
        """Endings that are still to be written down."""
        return len(self._endings)

    def moves(self, resting: Set[int]) -> bool:
        """Whether it holds a message that is not one of those `resting`."""
        return bool(self._held - resting)

    async def claim(self, limit: int) -> list[SendJob]:
        """What is due at the carrier, and in hand from here on."""
        self.claiming += 1
        try:
            jobs = await self._hold.claim(SEND, limit, self._now(), LEASE, self._carrier)
        finally:
            self.claiming -= 1
            self._lighter.set()
        fresh = [job for job in jobs if job.message.id not in self._held]  # the clock may leap past the lease of one in hand
        self._held.update(job.message.id for job in fresh)
        return fresh

    async def free(self) -> None:
        """Have what claims without an answer may have leased free again, as soon as the hold serves."""
        while True:
            try:
                return await self._hold.free(self._carrier, self._now())
            except Unavailable as fault:
                await wait_out(self._carrier, fault)

    def end(self, ending: Ending) -> None:
        """It is known what follows for a message: it leaves the hand when that is written down."""
        self._endings.append(ending)
        self._ended.set()

    async def emptied(self) -> None:
        """Return when nothing is in hand, and nothing is being claimed."""
        while self._held or self.claiming:
            self._lighter.clear()
            await self._lighter.wait()

    async def record(self) -> None:
        """Write down what follows, until cancelled: all that has ended meanwhile at once, and again until the hold has it."""
        while True:
            await self._ended.wait()
            self._ended.clear()
            endings, self._endings = self._endings, []
            while True:
                try:
                    await self._done([ending for ending in endings if ending.due is None])
                    await self._again([ending for ending in endings if ending.due is not None])
                    break
                except Unavailable as fault:
                    await wait_out(self._carrier, fault)
            self._leave(endings)

    async def _done(self, over: list[Ending]) -> None:
        if not over:
            return
        await self._hold.done(*((ending.job, ending.facts) for ending in over))
        for ending in over:
            if ending.facts and isinstance(last := ending.facts[-1], Became) and last.state is State.SUBMITTED:
                message = ending.job.message
                self._delay.note(max(0, last.at - message.accepted_at) / 1000)
                if isinstance(only := ending.facts[-2], Submitted) and only.part.total == 1:
                    self.awaited.add(only.part, message)

    async def _again(self, back: list[Ending]) -> None:
        """Give back what is to be sent later, or by another carrier."""
        if back:
            await self._hold.record(*(fact for ending in back for fact in ending.facts))
        for carrier in {ending.carrier for ending in back}:
            returned = [ending for ending in back if ending.carrier == carrier]
            await self._hold.again(*((ending.job, ending.due) for ending in returned), carrier=carrier)
            self._leave(returned)  # at once: it may be claimed again from here on, and what is in hand is passed over

    def _leave(self, endings: list[Ending]) -> None:
        self._held.difference_update(ending.job.message.id for ending in endings)
        self._lighter.set()


async def wait_out(carrier: CarrierId, fault: Unavailable) -> None:
    """The hold does not serve a carrier's worker now: say so, and return when it is worth another try."""
    log.error("the hold does not serve", carrier=carrier, reason=str(fault))
    await asyncio.sleep(1.0)
