"""What a test can do to an emulator: wait for messages, forget them, move the clock, bring receipts.

It acts on the ports that `gateway` hands over. How it is asked is `asked`, how it answers `emulator`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from globewire.hold.port import Hold, Question, Standing
from globewire.message import FINAL, MessageId, Millis
from globewire.show.asked import Fault, Listing, Push, Waiting
from globewire.verdict.orders import Orders

LOOKED = 0.02
"""Seconds between looks at the hold's mark, for whoever waits."""
SCANNED = 1_000
"""Of the messages to one number, the newest that a wait looks through."""
REMEMBERED = 100_000
"""Messages remembered to have been given to a wait."""
STEP = 1.0
"""Seconds of the first step when the clock is moved; each following one is twice as long. What is due within a step is done before
the next, so that a try after a minute has failed before the one after an hour is due."""
SETTLED_WITHIN, HANGING = 1.0, 3.0
"""Seconds in which what a step brought about should be done, and for which what hangs is waited for in all steps together."""
FURTHEST = 100 * 365 * 86_400
"""Seconds by which the clock may be ahead: message ids have room for two centuries."""
LOOKED_QUIET = 0.005


class Carrier(Protocol):
    """The simulated carrier."""

    @property
    def orders(self) -> Orders:
        """What is to happen to the next messages."""

    @property
    def busy(self) -> bool:
        """Whether something is due there, or under way."""

    def look_again(self) -> None:
        """The clock was moved."""


class Tell(Protocol):
    """Brings a receipt from the simulated carrier."""

    def __call__(self, id: str, word: str, *, error: int | None = None, to: str = "", sender: str = "") -> None:
        """A receipt of the message that the carrier knows as `id`."""


class Clock(Protocol):
    """A clock that can be moved."""

    @property
    def ahead(self) -> float:
        """Seconds by which it is ahead of the real one."""

    def now(self) -> Millis:
        """What it shows."""

    def advance(self, seconds: float) -> None:
        """Move on."""


class Sweep(Protocol):
    """Ends what is past its time."""

    @property
    def broom(self) -> asyncio.Lock:
        """Who holds it has nothing swept."""

    async def sweep(self) -> bool:
        """End a batch; whether there is more."""


@dataclass(slots=True, kw_only=True, eq=False)
class Emulation:
    """`busy` tells whether a stage is doing something, `forget_quotas` lets all calls of before count no more."""

    hold: Hold
    carrier: Carrier
    tell: Tell
    clock: Clock
    sweep: Sweep
    busy: Callable[[], bool]
    forget_quotas: Callable[[], None]
    _given: OrderedDict[MessageId, None] = field(default_factory=OrderedDict)
    _moving: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def next(self, waiting: Waiting, gone: Callable[[], Awaitable[bool]]) -> Standing | None:
        """The first message that fits and that no earlier wait was given, once it is there; None where none came in time. `gone`
        tells whether whoever waits is away: then none is given."""

        async def look() -> Standing | None:
            found = await self.hold.search(Question(to=waiting.to, limit=SCANNED))
            fresh = [standing for standing in found if standing.message.id not in self._given]
            if not fresh or await gone():
                return None
            first = next((standing for standing in reversed(fresh) if standing.message.id not in self._given), None)
            if first is not None:
                self._remember(first.message.id)
            return first

        first = await self._until(look, waiting.timeout, gone)
        return await self.hold.look(first.message.id) if first else None

    async def ended(self, message: MessageId, timeout: float, gone: Callable[[], Awaitable[bool]]) -> Standing | None:
        """A message once it has come to its end, or as it stands after `timeout` seconds; None where there is no such."""

        async def look() -> Standing | None:
            found = await self.hold.look(message)
            return found if found is not None and found.state in FINAL else None

        return await self._until(look, timeout, gone) or await self.hold.look(message)

    async def listed(self, wanted: Listing) -> list[Standing]:
        """Messages, oldest first."""
        found = await self.hold.search(Question(to=wanted.to, limit=wanted.limit))
        looked = [await self.hold.look(standing.message.id) for standing in reversed(found) if standing.message.id > wanted.after]
        return [standing for standing in looked if standing is not None]

    async def clear(self) -> None:
        """Forget all messages."""
        await self._settle(SETTLED_WITHIN)
        await self.hold.clear()
        self._given.clear()

    async def reset(self) -> None:
        """Begin anew, but for the clock, which cannot go back."""
        self.carrier.orders.withdraw()
        self.forget_quotas()
        await self.clear()

    async def advance(self, seconds: float) -> None:
        """Move the clock on, and return when what was due by then is done."""
        async with self._moving:
            if self.clock.ahead + seconds > FURTHEST:
                raise Fault(f"the clock cannot be further ahead than {FURTHEST // 86_400} days", 409)
            patience, step = await self._settle(HANGING), STEP
            while seconds > 0:
                passed = min(step, seconds)
                seconds, step = seconds - passed, step * 2
                async with self.sweep.broom:  # a receipt that is due goes before the end of what it speaks of
                    self.clock.advance(passed)
                    patience = await self._settle(patience)
                while await self.sweep.sweep():
                    pass
                patience = await self._settle(patience)

    async def push(self, push: Push) -> int:
        """Bring a receipt for each part that is meant; how many receipts."""
        if not push.message:
            for _ in range(push.times):
                self.tell(push.carrier_id, push.word, error=push.error, to=push.to)
            return push.times
        standing = await self.hold.look(push.message)
        if standing is None:
            raise Fault(f"there is no message {push.message}", 404)
        parts = [part for part in standing.parts if push.part in (0, part.sequence)]
        if not parts:
            raise Fault("the carrier has not taken that message yet, or not that part of it", 409)
        message = standing.message
        for part in parts * push.times:
            self.tell(part.given_id or part.carrier_id, push.word, error=push.error, to=message.to, sender=message.sender)
        return len(parts) * push.times

    def _remember(self, message: MessageId) -> None:
        self._given[message] = None
        if len(self._given) > REMEMBERED:
            self._given.popitem(last=False)

    async def _until(
        self, look: Callable[[], Awaitable[Standing | None]], timeout: float, gone: Callable[[], Awaitable[bool]]
    ) -> Standing | None:
        """What `look` finds, which is asked whenever something was written; None after `timeout` real seconds."""
        loop, seen = asyncio.get_running_loop(), None
        end = loop.time() + timeout
        while True:
            mark = await self.hold.mark()
            if mark != seen and (found := await look()) is not None:
                return found
            seen = mark
            if loop.time() >= end or await gone():
                return None
            await asyncio.sleep(LOOKED)

    async def _settle(self, patience: float) -> float:
        """Return when nothing is due that is not done, or when something hangs; the `patience` that is left then."""
        loop, within = asyncio.get_running_loop(), min(SETTLED_WITHIN, patience)
        end = loop.time() + within
        while await self._bustle():
            if loop.time() >= end:
                return patience - within
            await asyncio.sleep(LOOKED_QUIET)
        return patience

    async def _bustle(self) -> bool:
        # Asked of the stages last: what one of them has taken off its lane since is in its hand by then.
        return self.carrier.busy or await self.hold.pending(self.clock.now()) or self.busy() or self.carrier.busy
