"""The messages that one carrier's worker has in hand: claimed, and until what follows for them is written down."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from contextlib import contextmanager

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
    """What is claimed for a carrier and not yet written down. `ended` is told what follows for a message, and lets it go when that
    is written; `delay` is told how long after acceptance the carrier had it all."""

    def __init__(
        self,
        hold: Hold,
        carrier: CarrierId,
        now: Callable[[], Millis],
        ended: "Callable[[tuple[Hand, Ending]], None]",
        delay: Spread,
    ) -> None:
        self._hold, self.carrier, self._now, self._ended, self._delay = hold, carrier, now, ended, delay
        self.awaited = Awaited()
        """What the carrier has of it, and the hold knows of."""
        self._held: set[int] = set()
        self.claiming = 0
        """How many claims are being made."""
        self.unwritten = 0
        """Endings that are still to be written down."""
        self.lighter = asyncio.Event()
        """Set where it may be empty."""

    def __len__(self) -> int:
        return len(self._held)

    def moves(self, resting: Set[int]) -> bool:
        """Whether it holds a message that is not one of those `resting`."""
        return bool(self._held - resting)

    async def claim(self, limit: int) -> list[SendJob]:
        """What is due at the carrier, and in hand from here on."""
        with being_claimed([self]):
            return self.take(await self._hold.claim(SEND, limit, self._now(), LEASE, self.carrier))

    def take(self, jobs: Sequence[SendJob]) -> list[SendJob]:
        """What was claimed, and is in hand from here on."""
        fresh = [job for job in jobs if job.message.id not in self._held]  # the clock may leap past the lease of one in hand
        self._held.update(job.message.id for job in fresh)
        return fresh

    async def free(self) -> None:
        """Have what claims without an answer may have leased free again, as soon as the hold serves."""
        while True:
            try:
                return await self._hold.free(self.carrier, self._now())
            except Unavailable as fault:
                await wait_out(self.carrier, fault)

    def end(self, ending: Ending) -> None:
        """It is known what follows for a message: it leaves the hand when that is written down."""
        self.unwritten += 1
        self._ended((self, ending))

    def let_go(self, ending: Ending) -> None:
        """It is written down."""
        self.unwritten -= 1
        self._held.discard(ending.job.message.id)
        self.lighter.set()
        if ending.facts and isinstance(last := ending.facts[-1], Became) and last.state is State.SUBMITTED:
            message = ending.job.message
            self._delay.note(max(0, last.at - message.accepted_at) / 1000)
            if isinstance(only := ending.facts[-2], Submitted) and only.part.total == 1:
                self.awaited.add(only.part, message)

    async def emptied(self) -> None:
        """Return when nothing is in hand, and nothing is being claimed."""
        while self._held or self.claiming:
            self.lighter.clear()
            await self.lighter.wait()


@contextmanager
def being_claimed(hands: Collection[Hand]) -> Iterator[None]:
    """While a claim is made for all these."""
    for hand in hands:
        hand.claiming += 1
    try:
        yield
    finally:
        for hand in hands:
            hand.claiming -= 1
            hand.lighter.set()


async def wait_out(carrier: CarrierId, fault: Unavailable) -> None:
    """The hold does not serve a carrier's worker now: say so, and return when it is worth another try."""
    log.error("the hold does not serve", carrier=carrier, reason=str(fault))
    await asyncio.sleep(1.0)
