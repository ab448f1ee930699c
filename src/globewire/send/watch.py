"""The watch over one carrier: the operator is obeyed, how the carrier stands is said, and nothing waits for it too long."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from globewire.errors import Unavailable
from globewire.hold.port import Hold, Noted
from globewire.message import Millis
from globewire.send.attempt import Ending, doubtful
from globewire.send.dialogue import Dialogue
from globewire.send.duty import Duty
from globewire.send.hand import Hand, wait_out
from globewire.send.routing import Routing
from globewire.send.saying import Saying

log = structlog.get_logger()

DIVERTED = 1000
"""Messages that are moved to another carrier a second, at most."""
PATIENCE = 1_000
"""Milliseconds until a message of a carrier that is passed over is looked at again, where its own route has no other: it goes
behind all others that are due, and leaves soon after the carrier has come back."""


class Watch:
    """Looks once a second, and when binds change."""

    def __init__(self, hold: Hold, dialogue: Dialogue, hand: Hand, duty: Duty, routing: Routing, now: Callable[[], Millis]) -> None:
        self._dialogue, self._hand, self._duty, self._routing, self._now = dialogue, hand, duty, routing, now
        self._carrier = dialogue.carrier
        self._id = dialogue.carrier.plan.id
        self._saying = Saying(hold, dialogue.carrier, dialogue.inquiry, now)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self._look()
            except Unavailable as fault:
                await wait_out(self._id, fault)
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._carrier.changed.wait()
            self._carrier.changed.clear()

    async def renew(self) -> None:
        """Rebind when told to, until cancelled."""
        while True:
            await self._duty.rebind.wait()
            self._duty.rebind.clear()
            log.info("carrier is bound anew", carrier=self._id)
            self._dialogue.inquiry.try_anew()
            await self._carrier.rebind()

    async def fall_silent(self) -> None:
        """Say that nobody has its binds any more, if that can be said at once."""
        try:
            async with asyncio.timeout(1.0):
                await self._saying.fall_silent()
        except (Unavailable, TimeoutError):
            pass  # whoever looks knows it by its silence

    async def _look(self) -> None:
        if await self._duty.learn():
            self._dialogue.moved()
        if self._duty.paused:
            self._dialogue.wake_resting()
        if not self._duty.draining:
            await self._saying.say(self._duty.paused)
        if self._carrier.unbound_since is not None:
            self._dialogue.take_back()
        why = self._overdue()
        self._routing.pass_over(self._id, bool(why))
        if why and self._routing.alternatives(self._id):
            await self._divert(why)

    def _overdue(self) -> str:
        """Why the carrier should be passed over for now, "" where it should not."""
        carrier, clock = self._carrier, asyncio.get_running_loop().time()
        if 0 < self._duty.paused_at < self._now() - carrier.plan.unbound_grace * 1000:
            return f"{self._id} is paused"
        if carrier.unbound_since is not None and clock - carrier.unbound_since > carrier.plan.unbound_grace:
            return f"{self._id} is not bound"
        if carrier.throttled_since is not None and clock - carrier.throttled_since > carrier.plan.throttle_grace:
            return f"{self._id} throttles"
        return ""

    async def _divert(self, why: str) -> None:
        """Move what is due here to the next carrier of its route; what has none stays."""
        self._dialogue.take_back()
        for job in await self._hand.claim(max(0, DIVERTED - self._hand.unwritten)):
            message, now = job.message, self._now()
            if (doubt := doubtful(job, self._routing.on_unknown, now)) is not None:
                self._hand.end(doubt)
            elif (following := self._routing.instead(message, self._id, job.tried)) is None:
                self._hand.end(Ending(job, (), Millis(now + PATIENCE)))
            else:
                note = Noted(message.id, now, "diverted", f"{why}; next: {following}")
                self._hand.end(Ending(job, (note,), now, following))
