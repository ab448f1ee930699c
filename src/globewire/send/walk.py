"""Walks through the messages under way, for all carriers of a process at once, and tells each of the parts whose receipt it owes.
What is asked about them is `inquiry`'s."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from globewire.errors import Unavailable
from globewire.hold.port import START, Hold, Reached, Silent
from globewire.message import CarrierId, Millis

log = structlog.get_logger()

TURN = 1.0
"""Seconds between two looks, each at one page of the messages under way."""
PAGE = 1_000
REST = 10_000
"""Milliseconds between two walks, at most; where receipts are overdue sooner than that, half of what they have."""


class Walker(Protocol):
    """For whom the walk is."""

    @property
    def id(self) -> CarrierId:
        """Whose parts it is told of."""

    @property
    def patience(self) -> Millis:
        """How long after its submit a part's receipt is overdue."""

    def met(self, found: Sequence[Silent]) -> None:
        """These were met on this walk."""

    def walked(self) -> None:
        """The walk is over."""


class Walk:
    """Goes for those who joined, from the next walk on, until they leave."""

    def __init__(self, hold: Hold, now: Callable[[], Millis]) -> None:
        self._hold, self._now = hold, now
        self._clock = asyncio.get_running_loop().time
        self._joined: dict[CarrierId, Walker] = {}
        self._along: list[Walker] = []
        """Who was there when this walk began."""
        self._after: Reached | None = None
        self._next = 0.0

    def join(self, walker: Walker) -> None:
        """Look for this one's parts too."""
        self._joined[walker.id] = walker

    def leave(self, walker: Walker) -> None:
        """Look for them no more."""
        del self._joined[walker.id]

    async def run(self) -> None:
        """Walk until cancelled."""
        while True:
            await asyncio.sleep(TURN)
            try:
                await self._look()
            except Unavailable as fault:
                log.error("the hold does not serve", stage="send", reason=str(fault))

    async def _look(self) -> None:
        """The next page of the walk; after the last one, a rest."""
        if self._after is None:
            if self._clock() < self._next:
                return
            self._after, self._along = START, [*self._joined.values()]
        self._along = [walker for walker in self._along if self._joined.get(walker.id) is walker]
        if not self._along:
            self._after = None
            return
        now, page = self._now(), self._after
        found, self._after = await self._hold.silent({w.id: Millis(now - w.patience) for w in self._along}, PAGE, page)
        silent: dict[CarrierId, list[Silent]] = defaultdict(list)
        for each in found:
            silent[each.part.carrier].append(each)
        for walker in self._along:
            walker.met(silent[walker.id])
        if self._after is None:
            for walker in self._along:
                walker.walked()
            self._next = self._clock() + min(REST, *(walker.patience // 2 for walker in self._along)) / 1000
