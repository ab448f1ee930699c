"""Claim, route, submit, record: the send stage's loop for one carrier. What an ending means stands in `attempt`."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Protocol

import structlog

from globewire import plan
from globewire.errors import Unavailable
from globewire.hold.port import SEND, Became, Hold, Noted, Orders, SendJob
from globewire.message import CarrierId, Message, Millis, State
from globewire.meter.dials import Meter
from globewire.plan import OnUnknown
from globewire.send.attempt import Attempt, Ending, Piece, conclude, expired, held_up, interrupted, part_taken
from globewire.send.carrier import Carrier
from globewire.send.hearing import Hearing
from globewire.send.inquiry import Inquiry, Question
from globewire.send.saying import Saying
from globewire.send.session import Pump
from globewire.verdict.outcome import Answer, answer
from globewire.wire.pdu import Command, Pdu, PduFault, Status
from globewire.wire.submission import submissions

log = structlog.get_logger()

LEASE = 600_000
"""Milliseconds a message is leased for. Longer than any attempt: a worker that is started anew ends the old leases itself."""
DIVERTED = 1000
"""Messages that are moved to another carrier a second, at most."""
PATIENCE = 1_000
"""Milliseconds until a message of a carrier that is passed over is looked at again, where its own route has no other: it goes
behind all others that are due, and leaves soon after the carrier has come back."""
TEMPORARY = (1.0, 5.0, 15.0)
"""Seconds after which a temporarily refused part is submitted again, before the carrier is given up for this message."""


class Routing(Protocol):
    """What the worker asks of the routes."""

    def following(self, message: Message, tried: Sequence[CarrierId]) -> CarrierId | None:
        """The next carrier of the message's route after those tried."""

    def on_unknown(self, message: Message) -> OnUnknown:
        """What its route says of an unanswered submit."""

    def pass_over(self, carrier: CarrierId, away: bool) -> None:
        """From now on pass the carrier over, or do so no more."""

    def alternatives(self, carrier: CarrierId) -> bool:
        """Whether any route that names the carrier names another that is not passed over."""

    def instead(self, message: Message, carrier: CarrierId, tried: Sequence[CarrierId]) -> CarrierId | None:
        """Another carrier of the message's route that is not passed over."""


class Timer(Protocol):
    """A call that is to be made later."""

    def cancel(self) -> None:
        """Do not make it."""


Later = Callable[[float, Callable[[], None]], Timer]
"""Has a call made so many seconds later."""


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
        make: Callable[["Worker"], Carrier],
        later: Later | None = None,
        meter: Meter | None = None,
    ) -> None:
        """By `earliest`, `now` where it is not given, a validity does not end too early, though the clock leap."""
        self.id = carrier.id
        self._meter = meter or Meter()
        self._delay = self._meter.submit_delay.of(carrier.id)
        self._answers = {answer: self._meter.submits.of(carrier.id, answer.value) for answer in Answer}
        self._silences = self._meter.submits.of(carrier.id, "none")
        self._hold, self._routing, self._now, self._earliest = hold, routing, now, earliest or now
        self._later = later or asyncio.get_running_loop().call_later
        self._carrier = make(self)
        self._hearing = Hearing(hold, carrier, now, self._carrier.traffic)
        self._inquiry = Inquiry(hold, carrier, self._carrier, now, lambda: not self._idle, self._meter)
        self._in_hand: set[int] = set()
        self._claiming = 0
        self._resting: dict[Piece, Timer] = {}
        self._endings: list[Ending] = []
        self._ended = asyncio.Event()
        self._saying = Saying(hold, self._carrier, self._inquiry, now)
        self._draining = False
        self._orders: Orders | None = None
        self._rebind = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled; then `stop`."""
        async with asyncio.TaskGroup() as group:
            own = (self._claim, self._record, self._watch, self._renew)
            for loop in (self._carrier.keep, *own, self._hearing.run, self._inquiry.run):
                group.create_task(loop(), name=f"{loop.__qualname__} {self.id}")

    async def stop(self, limit: float) -> None:
        """After `run` was cancelled is too late: call it before. Claim no more, await what is in flight, unbind."""
        self._draining = True
        self._wake_resting()
        try:
            async with asyncio.timeout(limit):
                while self._in_hand or self._claiming:
                    self._carrier.moved.clear()
                    await self._carrier.moved.wait()
        except TimeoutError:
            log.warning("stopped with submits unanswered", carrier=self.id, messages=len(self._in_hand))
        await self._carrier.leave(min(limit, 2.0))
        try:
            async with asyncio.timeout(1.0):
                await self._saying.fall_silent()
        except (Unavailable, TimeoutError):
            pass  # whoever looks knows it by its silence

    async def finish(self) -> None:
        """After `stop`: return when what came of all that was in hand is written down, at the latest when its lease ends."""
        try:
            async with asyncio.timeout(LEASE / 1000):
                while self._in_hand:
                    self._carrier.moved.clear()
                    await self._carrier.moved.wait()
        except TimeoutError:
            log.warning("stopped with endings unwritten", carrier=self.id, messages=len(self._in_hand))

    @property
    def busy(self) -> bool:
        """Whether it does something now: what rests or is held up until some later time does not count."""
        resting = {piece.attempt.job.message.id for piece in self._resting}
        return self._claiming > 0 or (not self._carrier.paused and bool(self._in_hand - resting))

    def look_again(self) -> None:
        """The clock was moved on: whatever it paused for is over."""
        self._carrier.look_again()

    # --- claim and submit ------------------------------------------------------------------------------------------------

    async def _claim(self) -> None:
        while not self._draining:
            room = 0 if self._idle else self._carrier.room
            if not room:
                self._carrier.moved.clear()
                await self._carrier.moved.wait()
                continue
            try:
                jobs = await self._due(room)
            except Unavailable as fault:
                await self._wait_out(fault)
                continue
            for job in jobs:
                self._start(job)
            if not jobs:
                await self._hold.wait(SEND, self.id, 0.25)

    async def _due(self, limit: int) -> list[SendJob]:
        """What is due at this carrier, and in hand from here on."""
        self._claiming += 1
        try:
            jobs = await self._hold.claim(SEND, limit, self._now(), LEASE, self.id)
        finally:
            self._claiming -= 1
            self._carrier.moved.set()
        fresh = [job for job in jobs if job.message.id not in self._in_hand]  # the clock may leap past the lease of one in hand
        self._in_hand.update(job.message.id for job in fresh)
        return fresh

    def _start(self, job: SendJob) -> None:
        message, now = job.message, self._earliest()
        if now >= message.expires_at:
            return self._end(expired(job, now))
        if (doubtful := self._doubtful(job, now)) is not None:
            return self._end(doubtful)
        if self._idle:
            return self._end(Ending(job, (), now))
        parts = submissions(message, self._carrier.plan, now)
        attempt = Attempt(job, len(parts), len(parts))
        for sequence, part in enumerate(parts, start=1):
            self._carrier.submit(Piece(attempt, sequence, part), part)
        return None

    # --- what the carrier says (send.carrier.Listener) -------------------------------------------------------------------

    def left(self, ref: object) -> None:
        """A submit_sm is on its way."""
        assert isinstance(ref, Piece)
        ref.submitted_at = self._now()

    def answered(self, ref: object, response: Pdu, took: float) -> None:
        """A submit_sm_resp: taken, or refused in one of three ways. Or what a question came to."""
        if isinstance(ref, Question):
            return self._inquiry.answered(ref, response)
        assert isinstance(ref, Piece)
        attempt, status = ref.attempt, response.status
        if response.command == Command.GENERIC_NACK:
            status = status or Status.RSUBMITFAIL  # whatever its status says, a nack is no yes
        traffic, outcome = self._carrier.traffic, answer(status)
        self._answers[outcome].add()
        traffic.round_trip.note(took)
        if outcome is not Answer.THROTTLED:
            traffic.answers[status] += 1
        match outcome:
            case Answer.TAKEN:
                self._carrier.throttled_since = None
                part = part_taken(ref, self.id, response.text("message_id"), self._now())
                attempt.taken.append(part)
                traffic.taken(part.carrier_id, asyncio.get_running_loop().time())
            case Answer.THROTTLED:
                held_up(ref, self.id, status, self._now())
                traffic.throttled += 1
                self._carrier.pause()
                self._carrier.submit(ref, ref.submission, first=True)
                return self._take_back() if self._paused else None
            case Answer.TEMPORARY if ref.tries < len(TEMPORARY) and not self._idle:
                held_up(ref, self.id, status, self._now())
                self._resting[ref] = self._later(TEMPORARY[ref.tries], partial(self._rested, ref))
                ref.tries += 1
                return None
            case Answer.TEMPORARY:
                attempt.refusal, attempt.again_later = status, True
            case Answer.PERMANENT:
                attempt.refusal = status
        return self._part_over(attempt)

    def unanswered(self, ref: object) -> None:
        """No response: the carrier may have it."""
        if isinstance(ref, Question):
            return self._inquiry.unanswered(ref)
        assert isinstance(ref, Piece)
        self._silences.add()
        self._carrier.traffic.unanswered += 1
        ref.attempt.lost += 1
        return self._part_over(ref.attempt)

    def unfit(self, ref: object, fault: PduFault) -> None:
        """It cannot be written as a submit_sm; no carrier asked, so the next one is."""
        assert isinstance(ref, Piece)
        log.warning("does not fit a submit_sm", carrier=self.id, message=ref.attempt.job.message.id, reason=str(fault))
        ref.attempt.refusal = Status.RSUBMITFAIL
        self._part_over(ref.attempt)

    def asked(self, pump: Pump, request: Pdu) -> None:
        """A deliver_sm or data_sm."""
        self._hearing.hear(pump, request)

    def _rested(self, piece: Piece) -> None:
        """Submit a part again that was refused for a while."""
        del self._resting[piece]
        self._carrier.submit(piece, piece.submission)

    def _part_over(self, attempt: Attempt) -> None:
        attempt.awaited -= 1
        if attempt.refusal is not None or attempt.lost:  # a text with a hole is of no use: its parts that wait stay here
            attempt.awaited -= self._carrier.withdraw(lambda ref: isinstance(ref, Piece) and ref.attempt is attempt)
        if attempt.awaited:
            return
        message = attempt.job.message
        straight = attempt.refusal is None and not attempt.lost
        following = None if straight else self._routing.following(message, (*attempt.job.tried, self.id))
        unknown = OnUnknown.WAIT if straight else self._routing.on_unknown(message)
        ending = conclude(attempt, self.id, following, unknown, self._now())
        self._end(replace(ending, facts=(*attempt.notes, *ending.facts)))

    # --- record ----------------------------------------------------------------------------------------------------------

    def _end(self, ending: Ending) -> None:
        self._endings.append(ending)
        self._ended.set()

    async def _record(self) -> None:
        while True:
            await self._ended.wait()
            self._ended.clear()
            endings, self._endings = self._endings, []
            while True:
                try:
                    await self._write(endings)
                    break
                except Unavailable as fault:
                    await self._wait_out(fault)
            self._in_hand.difference_update(ending.job.message.id for ending in endings)
            self._carrier.moved.set()

    async def _write(self, endings: list[Ending]) -> None:
        over = [(ending.job, ending.facts) for ending in endings if ending.due is None]
        if over:
            await self._hold.done(*over)
            for job, facts in over:
                if facts and isinstance(last := facts[-1], Became) and last.state is State.SUBMITTED:
                    self._delay.note(max(0, last.at - job.message.accepted_at) / 1000)
        back = [ending for ending in endings if ending.due is not None]
        if back:
            await self._hold.record(*(fact for ending in back for fact in ending.facts))
        for carrier in {ending.carrier for ending in back}:
            returned = [ending for ending in back if ending.carrier == carrier]
            await self._hold.again(*((ending.job, ending.due) for ending in returned), carrier=carrier)
            # At once: it may be claimed again from here on, and what is in hand is passed over.
            self._in_hand.difference_update(ending.job.message.id for ending in returned)

    async def _wait_out(self, fault: Unavailable) -> None:
        log.error("the hold does not serve", carrier=self.id, reason=str(fault))
        await asyncio.sleep(1.0)

    # --- watch -----------------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Once a second, and when binds change: do as the operator says, say how the carrier stands, and let nothing wait for it
        too long."""
        while True:
            try:
                await self._obey()
                if not self._draining:
                    await self._saying.say(self._paused)
                if self._carrier.unbound_since is not None:
                    self._take_back()
                why = self._overdue()
                self._routing.pass_over(self.id, bool(why))
                if why and self._routing.alternatives(self.id):
                    await self._divert(why)
            except Unavailable as fault:
                await self._wait_out(fault)
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._carrier.changed.wait()
            self._carrier.changed.clear()

    @property
    def _paused(self) -> bool:
        """Whether the operator wants nothing to be submitted; what he wants may not be known yet."""
        return self._orders is None or self._orders.paused_at > 0

    @property
    def _idle(self) -> bool:
        """Whether nothing is to be begun."""
        return self._draining or self._paused

    async def _obey(self) -> None:
        """What was ordered before this worker began is done by its beginning, but for a pause, which lasts."""
        known, self._orders = self._orders, (await self._hold.orders()).get(self.id, Orders())
        if known is None or (known.paused_at > 0) != self._paused:
            self._carrier.moved.set()
            if known is not None or self._paused:
                log.info("carrier paused" if self._paused else "carrier resumed", carrier=self.id)
        if self._paused:
            self._wake_resting()
        if known is not None and self._orders.rebind_at != known.rebind_at:
            self._rebind.set()

    async def _renew(self) -> None:
        """Rebind when told to."""
        while True:
            await self._rebind.wait()
            self._rebind.clear()
            log.info("carrier is bound anew", carrier=self.id)
            self._inquiry.try_anew()
            await self._carrier.rebind()

    def _overdue(self) -> str:
        """Why the carrier should be passed over for now, "" where it should not."""
        carrier, clock = self._carrier, asyncio.get_running_loop().time()
        if self._orders is not None and 0 < self._orders.paused_at < self._now() - carrier.plan.unbound_grace * 1000:
            return f"{self.id} is paused"
        if carrier.unbound_since is not None and clock - carrier.unbound_since > carrier.plan.unbound_grace:
            return f"{self.id} is not bound"
        if carrier.throttled_since is not None and clock - carrier.throttled_since > carrier.plan.throttle_grace:
            return f"{self.id} throttles"
        return ""

    def _wake_resting(self) -> None:
        """Wait no more to submit again what was refused for a while: give it back."""
        for timer in self._resting.values():
            timer.cancel()
        resting, self._resting = self._resting, {}
        self._take_back(*resting)

    def _take_back(self, *resting: Piece) -> None:
        """Give messages of which nothing was sent back to the lane, so that a crash leaves no doubt about them."""
        unsent: dict[int, list[Piece]] = {}
        for ref in (*self._carrier.take_unsent(), *resting):
            assert isinstance(ref, Piece)
            unsent.setdefault(ref.attempt.job.message.id, []).append(ref)
        for pieces in unsent.values():
            attempt = pieces[0].attempt
            if len(pieces) == attempt.total:
                self._end(Ending(attempt.job, (), self._now()))
                continue
            for piece in pieces:  # its other parts are with the carrier: these can go nowhere else
                self._carrier.submit(piece, piece.submission)

    async def _divert(self, why: str) -> None:
        """Move what is due here to the next carrier of its route; what has none stays."""
        self._take_back()
        for job in await self._due(max(0, DIVERTED - len(self._endings))):
            message, now = job.message, self._now()
            following = self._routing.instead(message, self.id, job.tried)
            if (doubtful := self._doubtful(job, now)) is not None:
                self._end(doubtful)
            elif following is None:
                self._end(Ending(job, (), Millis(now + PATIENCE)))
            else:
                self._end(Ending(job, (Noted(message.id, now, "diverted", f"{why}; next: {following}"),), now, following))

    def _doubtful(self, job: SendJob, now: Millis) -> Ending | None:
        """What follows for a job that an earlier worker may have submitted; None where there is no doubt, or it is resent."""
        return interrupted(job, self._routing.on_unknown(job.message), now) if job.interrupted else None
