"""The send stage for one carrier: what `claims` gives it is submitted, and what follows goes to `endings`.

What is claimed and not yet written down is `hand`'s, what the carrier says of it `dialogue`'s; `watch` looks after both, as the
operator and whoever stops the worker want it, which is `duty`'s.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from globewire import plan
from globewire.hold.port import Hold, SendJob
from globewire.message import Millis
from globewire.meter.dials import Meter
from globewire.send.attempt import Ending, doubtful, expired
from globewire.send.carrier import Carrier, Listener
from globewire.send.dialogue import Dialogue, Later
from globewire.send.duty import Duty
from globewire.send.hand import LEASE, Hand
from globewire.send.routing import Routing
from globewire.send.shared import Shared
from globewire.send.watch import Watch

log = structlog.get_logger()


class Worker:
    """Sends what is due at one carrier, and hears its receipts, until stopped. `later` goes by the same clock as `now`."""

    def __init__(
        self,
        hold: Hold,
        shared: Shared,
        carrier: plan.Carrier,
        routing: Routing,
        *,
        now: Callable[[], Millis],
        earliest: Callable[[], Millis] | None = None,
        make: Callable[[Listener], Carrier],
        later: Later | None = None,
        meter: Meter | None = None,
    ) -> None:
        """By `earliest`, `now` where it is not given, a validity does not end too early, though the clock leap. While this works
        somebody runs `shared`."""
        meter = meter or Meter()
        self.id = carrier.id
        self._routing, self._earliest, self._claims, self._walk = routing, earliest or now, shared.claims, shared.walk
        self._duty = Duty(shared.orders, carrier.id)
        self.hand = Hand(hold, carrier.id, now, shared.endings.add, meter.submit_delay.of(carrier.id))
        later = later or asyncio.get_running_loop().call_later
        self._dialogue = Dialogue(hold, shared, self.hand, self._duty, routing, make=make, now=now, later=later, meter=meter)
        self._carrier = self._dialogue.carrier
        self._watch = Watch(hold, self._dialogue, self.hand, self._duty, routing, now)

    async def run(self) -> None:
        """Work until cancelled; then `stop`."""
        self._claims.join(self)
        self._walk.join(self._dialogue.inquiry)
        try:
            async with asyncio.TaskGroup() as group:
                for loop in (self._watch.run, self._watch.renew, self._carrier.keep, self._dialogue.inquiry.run):
                    group.create_task(loop(), name=f"{loop.__qualname__} {self.id}")
        finally:
            self._walk.leave(self._dialogue.inquiry)
            self._claims.leave(self)

    async def stop(self, limit: float) -> None:
        """After `run` was cancelled is too late: call it before. Claim no more, await what is in flight, unbind."""
        self._duty.draining = True
        self._dialogue.wake_resting()
        try:
            async with asyncio.timeout(limit):
                await self.hand.emptied()
        except TimeoutError:
            log.warning("stopped with submits unanswered", carrier=self.id, messages=len(self.hand))
        await self._carrier.leave(min(limit, 2.0))
        await self._watch.fall_silent()

    async def finish(self) -> None:
        """After `stop`: return when the hold knows what came of all that was in hand or may have been, at the latest when its lease
        ends."""
        try:
            async with asyncio.timeout(LEASE / 1000):
                await self.hand.free()
                await self.hand.emptied()
        except TimeoutError:
            log.warning("stopped with endings unwritten", carrier=self.id, messages=len(self.hand))

    @property
    def busy(self) -> bool:
        """Whether it does something now: what rests or is held up until some later time does not count."""
        return self.hand.claiming > 0 or (not self._carrier.paused and self.hand.moves(self._dialogue.resting))

    def look_again(self) -> None:
        """The clock was moved on: whatever it paused for is over."""
        self._carrier.look_again()

    @property
    def room(self) -> int:
        """How many messages it takes now."""
        return 0 if self._duty.idle else self._carrier.room

    def begin(self, jobs: Sequence[SendJob]) -> None:
        """Begin with what was claimed, which is in hand."""
        for job in jobs:
            self._start(job)

    def _start(self, job: SendJob) -> None:
        now = self._earliest()
        if now >= job.message.expires_at:
            self.hand.end(expired(job, now))
        elif (doubt := doubtful(job, self._routing.on_unknown, now)) is not None:
            self.hand.end(doubt)
        elif self._duty.idle:
            self.hand.end(Ending(job, (), now))
        else:
            self._dialogue.submit(job, now)
