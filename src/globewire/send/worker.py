"""The send stage's loop for one carrier: claim, submit, record.

What is claimed and not yet written down is `hand`'s, what the carrier says of it `dialogue`'s; `watch` looks after both, as the
operator and whoever stops the worker want it, which is `duty`'s.
"""

import asyncio
from collections.abc import Callable

import structlog

from globewire import plan
from globewire.errors import Unavailable
from globewire.hold.port import SEND, Hold, SendJob
from globewire.message import Millis
from globewire.meter.dials import Meter
from globewire.send.attempt import Ending, doubtful, expired
from globewire.send.carrier import Carrier, Listener
from globewire.send.dialogue import Dialogue, Later
from globewire.send.duty import Duty, Orders
from globewire.send.hand import LEASE, Hand, wait_out
from globewire.send.routing import Routing
from globewire.send.watch import Watch

log = structlog.get_logger()


class Worker:
    """Sends what is due at one carrier, and hears its receipts, until stopped. `later` goes by the same clock as `now`."""

    def __init__(
        self,
        hold: Hold,
        carrier: plan.Carrier,
        routing: Routing,
        *,
        now: Callable[[], Millis],
        earliest: Callable[[], Millis] | None = None,
        make: Callable[[Listener], Carrier],
        later: Later | None = None,
        meter: Meter | None = None,
        orders: Orders | None = None,
    ) -> None:
        """By `earliest`, `now` where it is not given, a validity does not end too early, though the clock leap. `orders` are those
        that all workers of a process share."""
        meter = meter or Meter()
        self.id = carrier.id
        self._hold, self._routing, self._earliest = hold, routing, earliest or now
        self._duty = Duty(orders or Orders(hold), carrier.id)
        self._hand = Hand(hold, carrier.id, now, meter.submit_delay.of(carrier.id))
        later = later or asyncio.get_running_loop().call_later
        self._dialogue = Dialogue(hold, self._hand, self._duty, routing, make=make, now=now, later=later, meter=meter)
        self._carrier = self._dialogue.carrier
        self._watch = Watch(hold, self._dialogue, self._hand, self._duty, routing, now)

    async def run(self) -> None:
        """Work until cancelled; then `stop`."""
        heard = (self._carrier.keep, self._dialogue.hearing.run, self._dialogue.inquiry.run)
        async with asyncio.TaskGroup() as group:
            for loop in (self._claim, self._hand.record, self._watch.run, self._watch.renew, *heard):
                group.create_task(loop(), name=f"{loop.__qualname__} {self.id}")

    async def stop(self, limit: float) -> None:
        """After `run` was cancelled is too late: call it before. Claim no more, await what is in flight, unbind."""
        self._duty.draining = True
        self._dialogue.wake_resting()
        try:
            async with asyncio.timeout(limit):
                await self._hand.emptied()
        except TimeoutError:
            log.warning("stopped with submits unanswered", carrier=self.id, messages=len(self._hand))
        await self._carrier.leave(min(limit, 2.0))
        await self._watch.fall_silent()

    async def finish(self) -> None:
        """After `stop`: return when the hold knows what came of all that was in hand or may have been, at the latest when its lease
        ends."""
        try:
            async with asyncio.timeout(LEASE / 1000):
                await self._hand.free()
                await self._hand.emptied()
        except TimeoutError:
            log.warning("stopped with endings unwritten", carrier=self.id, messages=len(self._hand))

    @property
    def busy(self) -> bool:
        """Whether it does something now: what rests or is held up until some later time does not count."""
        return self._hand.claiming > 0 or (not self._carrier.paused and self._hand.moves(self._dialogue.resting))

    def look_again(self) -> None:
        """The clock was moved on: whatever it paused for is over."""
        self._carrier.look_again()

    async def _claim(self) -> None:
        while not self._duty.draining:
            room = 0 if self._duty.idle else self._carrier.room
            if not room:
                self._carrier.moved.clear()
                await self._carrier.moved.wait()
                continue
            try:
                jobs = await self._hand.claim(room)
            except Unavailable as fault:
                await wait_out(self.id, fault)
                continue
            for job in jobs:
                self._start(job)
            if len(jobs) < room:  # there was no more: look again when there is
                await self._hold.wait(SEND, self.id, 0.25)

    def _start(self, job: SendJob) -> None:
        now = self._earliest()
        if now >= job.message.expires_at:
            self._hand.end(expired(job, now))
        elif (doubt := doubtful(job, self._routing.on_unknown, now)) is not None:
            self._hand.end(doubt)
        elif self._duty.idle:
            self._hand.end(Ending(job, (), now))
        else:
            self._dialogue.submit(job, now)
