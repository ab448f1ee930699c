"""What is said between one carrier and us: submits and its answers to them. What an ending means stands in `attempt`; receipts are
`hearing`'s, questions `inquiry`'s."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

import structlog

from globewire.hold.port import Hold, SendJob
from globewire.message import Millis
from globewire.meter.dials import Meter
from globewire.plan import OnUnknown
from globewire.send.attempt import Attempt, Ending, Piece, conclude, held_up, part_taken
from globewire.send.carrier import Carrier, Listener
from globewire.send.duty import Duty
from globewire.send.hand import Hand
from globewire.send.hearing import Hearing
from globewire.send.inquiry import Inquiry, Question
from globewire.send.routing import Routing
from globewire.send.session import Pump
from globewire.send.shared import Shared
from globewire.verdict.outcome import Answer, answer
from globewire.wire.pdu import Command, Pdu, PduFault, Status
from globewire.wire.submission import submissions

log = structlog.get_logger()

TEMPORARY = (1.0, 5.0, 15.0)
"""Seconds after which a temporarily refused part is submitted again, before the carrier is given up for this message."""


class Timer(Protocol):
    """A call that is to be made later."""

    def cancel(self) -> None:
        """Do not make it."""


Later = Callable[[float, Callable[[], None]], Timer]
"""Has a call made so many seconds later."""


class Dialogue:
    """Submits the messages in hand, and hears as the carrier's listener what becomes of them: each ends in the hand again."""

    def __init__(
        self,
        hold: Hold,
        shared: Shared,
        hand: Hand,
        duty: Duty,
        routing: Routing,
        *,
        make: Callable[[Listener], Carrier],
        now: Callable[[], Millis],
        later: Later,
        meter: Meter,
    ) -> None:
        self.carrier = make(self)
        plan = self.carrier.plan
        self.hearing = Hearing(shared.receipts, plan, now, self.carrier.traffic, hand.awaited, meter)
        self.inquiry = Inquiry(hold, plan, self.carrier, now, lambda: not duty.idle, hand.awaited, meter)
        self._id, self._claims = plan.id, shared.claims
        self._hand, self._duty, self._routing, self._now, self._later = hand, duty, routing, now, later
        self._clock = asyncio.get_running_loop().time
        self._answers = {answer: meter.submits.of(plan.id, answer.value) for answer in Answer}
        self._silences = meter.submits.of(plan.id, "none")
        self._resting: dict[Piece, Timer] = {}

    @property
    def resting(self) -> set[int]:
        """The messages of which a part waits to be submitted again."""
        return {piece.attempt.job.message.id for piece in self._resting}

    def submit(self, job: SendJob, now: Millis) -> None:
        """Submit all parts of a message, each when its turn comes."""
        parts = submissions(job.message, self.carrier.plan, now)
        attempt = Attempt(job, len(parts), len(parts))
        for sequence, part in enumerate(parts, start=1):
            self.carrier.submit(Piece(attempt, sequence, part), part)

    def wake_resting(self) -> None:
        """Wait no more to submit again what was refused for a while: give it back."""
        for timer in self._resting.values():
            timer.cancel()
        resting, self._resting = self._resting, {}
        self.take_back(*resting)

    def take_back(self, *resting: Piece) -> None:
        """Give messages of which nothing was sent back to the lane, so that a crash leaves no doubt about them."""
        unsent: dict[int, list[Piece]] = {}
        for ref in (*self.carrier.take_unsent(), *resting):
            assert isinstance(ref, Piece)
            unsent.setdefault(ref.attempt.job.message.id, []).append(ref)
        for pieces in unsent.values():
            attempt = pieces[0].attempt
            if len(pieces) == attempt.total:
                self._hand.end(Ending(attempt.job, (), self._now()))
                continue
            for piece in pieces:  # its other parts are with the carrier: these can go nowhere else
                self.carrier.submit(piece, piece.submission)

    # --- what the carrier says (send.carrier.Listener) -------------------------------------------------------------------

    def moved(self) -> None:
        """There may be more room than before."""
        self._claims.moved(self._id)

    def left(self, ref: object) -> None:
        """A submit_sm is on its way."""
        assert isinstance(ref, Piece)
        ref.submitted_at = self._now()

    def answered(self, ref: object, response: Pdu, took: float) -> None:
        """A submit_sm_resp: taken, or refused in one of three ways. Or what a question came to."""
        if isinstance(ref, Question):
            return self.inquiry.answered(ref, response)
        assert isinstance(ref, Piece)
        attempt, status = ref.attempt, response.status
        if response.command == Command.GENERIC_NACK:
            status = status or Status.RSUBMITFAIL  # whatever its status says, a nack is no yes
        outcome = answer(status)
        self._answers[outcome].add()
        self.carrier.traffic.answered(status, took, throttled=outcome is Answer.THROTTLED)
        match outcome:
            case Answer.TAKEN:
                self._taken(ref, response.text("message_id"))
            case Answer.THROTTLED:
                return self._throttled(ref, status)
            case Answer.TEMPORARY if ref.tries < len(TEMPORARY) and not self._duty.idle:
                return self._rest(ref, status)
            case Answer.TEMPORARY:
                attempt.refusal, attempt.again_later = status, True
            case Answer.PERMANENT:
                attempt.refusal = status
        return self._part_over(attempt)

    def unanswered(self, ref: object) -> None:
        """No response: the carrier may have it."""
        if isinstance(ref, Question):
            return self.inquiry.unanswered(ref)
        assert isinstance(ref, Piece)
        self._silences.add()
        self.carrier.traffic.unanswered += 1
        ref.attempt.lost += 1
        return self._part_over(ref.attempt)

    def unfit(self, ref: object, fault: PduFault) -> None:
        """It cannot be written as a submit_sm; no carrier asked, so the next one is."""
        assert isinstance(ref, Piece)
        log.warning("does not fit a submit_sm", carrier=self._id, message=ref.attempt.job.message.id, reason=str(fault))
        ref.attempt.refusal = Status.RSUBMITFAIL
        self._part_over(ref.attempt)

    def asked(self, pump: Pump, request: Pdu) -> None:
        """A deliver_sm or data_sm."""
        self.hearing.hear(pump, request)

    # --- what follows for a part -----------------------------------------------------------------------------------------

    def _taken(self, piece: Piece, given_id: str) -> None:
        self.carrier.throttled_since = None
        part = part_taken(piece, self._id, given_id, self._now())
        piece.attempt.taken.append(part)
        self.carrier.traffic.taken(part.carrier_id, self._clock())

    def _throttled(self, piece: Piece, status: int) -> None:
        """It goes before all others when the pause is over."""
        held_up(piece, self._id, status, self._now())
        self.carrier.pause()
        self.carrier.submit(piece, piece.submission, first=True)
        if self._duty.paused:
            self.take_back()

    def _rest(self, piece: Piece, status: int) -> None:
        """Submit it again in a while."""
        held_up(piece, self._id, status, self._now())
        self._resting[piece] = self._later(TEMPORARY[piece.tries], partial(self._rested, piece))
        piece.tries += 1

    def _rested(self, piece: Piece) -> None:
        del self._resting[piece]
        self.carrier.submit(piece, piece.submission)

    def _part_over(self, attempt: Attempt) -> None:
        attempt.awaited -= 1
        if attempt.refusal is not None or attempt.lost:  # a text with a hole is of no use: its parts that wait stay here
            attempt.awaited -= self.carrier.withdraw(lambda ref: isinstance(ref, Piece) and ref.attempt is attempt)
        if attempt.awaited:
            return
        message = attempt.job.message
        straight = attempt.refusal is None and not attempt.lost
        following = None if straight else self._routing.following(message, (*attempt.job.tried, self._id))
        unknown = OnUnknown.WAIT if straight else self._routing.on_unknown(message)
        ending = conclude(attempt, self._id, following, unknown, self._now())
        self._hand.end(replace(ending, facts=(*attempt.notes, *ending.facts)) if attempt.notes else ending)
