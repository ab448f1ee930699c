"""Claims what is due at the carriers of a process: of all that have room at once, whenever there may be something."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from globewire.errors import Unavailable
from globewire.hold.port import SEND, Hold, SendJob
from globewire.message import CarrierId, Millis
from globewire.send.gathered import LINGER
from globewire.send.hand import LEASE, Hand, being_claimed

log = structlog.get_logger()

LOOK = 0.25
"""Seconds after which all lanes are looked at, though nobody called: what is due later is found so."""
PAUSE = 1.0
"""Seconds until a lane is looked at again that could not be claimed from."""


class Taker(Protocol):
    """Whom messages are claimed for."""

    @property
    def id(self) -> CarrierId:
        """Whose lane it is."""

    @property
    def hand(self) -> Hand:
        """What is claimed goes there."""

    @property
    def room(self) -> int:
        """How many messages it takes now."""

    def begin(self, jobs: Sequence[SendJob]) -> None:
        """Begin with what was claimed, which is in hand."""


class Claims:
    """Claims for those who joined, until they leave."""

    def __init__(self, hold: Hold, now: Callable[[], Millis]) -> None:
        self._hold, self._now = hold, now
        self._clock = asyncio.get_running_loop().time
        self._takers: dict[CarrierId, Taker] = {}
        self._open: set[CarrierId] = set()
        """Whose lanes may hold something."""
        self._full: set[CarrierId] = set()
        """Who of them had no room."""
        self._resting: dict[CarrierId, float] = {}

    def join(self, taker: Taker) -> None:
        """Claim for this one too."""
        self._takers[taker.id] = taker
        self._hold.wake(SEND, taker.id)

    def leave(self, taker: Taker) -> None:
        """Claim for it no more."""
        del self._takers[taker.id]

    def moved(self, carrier: CarrierId) -> None:
        """A taker may have more room than before."""
        if carrier in self._full:
            self._full.discard(carrier)
            self._hold.wake(SEND, carrier)

    async def run(self) -> None:
        """Claim until cancelled."""
        look_at = 0.0
        while True:
            if (now := self._clock()) >= look_at:
                self._open.update(self._takers)
                look_at = now + LOOK
            due_in = 0.0 if self._limits(now) else look_at - now
            self._open.update(map(CarrierId, await self._hold.wait(SEND, due_in, self._takers)))
            if limits := self._limits(now):
                await self._claim(limits)
                if not self._open:  # what comes from now on is claimed with what comes soon after it
                    await asyncio.sleep(LINGER)

    def _limits(self, now: float) -> dict[CarrierId, int]:
        """How many may be claimed for each now."""
        self._open &= self._takers.keys()
        rooms = {id: self._takers[id].room for id in self._open if self._resting.get(id, 0.0) <= now}
        self._full = {id for id, room in rooms.items() if room <= 0}
        return {id: room for id, room in rooms.items() if room > 0}

    async def _claim(self, limits: dict[CarrierId, int]) -> None:
        takers = {id: self._takers[id] for id in limits}
        self._open -= limits.keys()  # until more is known: whoever calls meanwhile is heard
        claimed: dict[CarrierId, list[SendJob]] = {}
        with being_claimed([taker.hand for taker in takers.values()]):
            try:
                claimed = await self._hold.claim_sends(limits, self._now(), LEASE)
            except Unavailable as fault:
                log.error("the hold does not serve", stage="send", reason=str(fault))
            for id, jobs in claimed.items():
                takers[id].begin(takers[id].hand.take(jobs))
                if len(jobs) == limits[id]:  # there may be more
                    self._open.add(id)
        if missing := limits.keys() - claimed.keys():
            log.error("nothing can be claimed for now", carriers=sorted(missing))
            self._resting |= dict.fromkeys(missing, self._clock() + PAUSE)
