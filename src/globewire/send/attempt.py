"""One attempt to submit a message by one carrier: what came of its parts so far, and what that means in the end."""

from collections.abc import Callable
from dataclasses import field, replace

from globewire.hold.port import NEVER, Became, Fact, Noted, SendJob, Submitted
from globewire.message import CarrierId, Message, Millis, Part, PartState, State
from globewire.plan import OnUnknown
from globewire.values import dataclass
from globewire.verdict.outcome import Answer, answer, sentence
from globewire.wire.receipt import normalise
from globewire.wire.submission import SubmitSm


@dataclass(slots=True)
class Attempt:
    """`awaited` parts have no answer yet; `taken` ones the carrier has; `lost` ones it may have; `refusal` is its last no, `notes`
    have those after which it was asked again."""

    job: SendJob
    total: int
    awaited: int
    taken: list[Part] = field(default_factory=list)
    lost: int = 0
    refusal: int | None = None
    again_later: bool = False
    notes: list[Noted] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Piece:
    """A part under way: the `ref` that goes with its submit_sm, which left at `submitted_at`. `tries` counts its temporary
    refusals, `throttled` says that it met one for being too fast."""

    attempt: Attempt
    sequence: int
    submission: SubmitSm
    tries: int = 0
    throttled: bool = False
    submitted_at: Millis = NEVER


@dataclass(frozen=True, slots=True)
class Ending:
    """What follows: the facts, and where the job goes: nowhere (done), or back on a lane at `due`, of `carrier` where given."""

    job: SendJob
    facts: tuple[Fact, ...]
    due: Millis | None = None
    carrier: CarrierId | None = None


def part_taken(piece: Piece, by: CarrierId, given_id: str, now: Millis) -> Part:
    """The part that a carrier took under this id: kept as ids are compared, and as it was given where that is another spelling."""
    job, carrier_id = piece.attempt.job, normalise(given_id)
    spelt = given_id if given_id != carrier_id else ""
    sequence, total, at = piece.sequence, piece.attempt.total, piece.submitted_at
    return Part(job.message.id, sequence, total, by, carrier_id, PartState.SUBMITTED, now, given_id=spelt, submitted_at=at)


def held_up(piece: Piece, by: CarrierId, status: int, now: Millis) -> None:
    """The carrier refused a part for now, and is to be asked again. That it is too fast is noted once for each part."""
    throttled = answer(status) is Answer.THROTTLED
    if throttled and piece.throttled:
        return
    piece.throttled = piece.throttled or throttled
    which = f"part {piece.sequence} of {piece.attempt.total}" if piece.attempt.total > 1 else "it"
    what = f"{by} said {sentence(status)}; {which} is submitted again soon"
    piece.attempt.notes.append(Noted(piece.attempt.job.message.id, now, "refused for now", what))


LATER = 30_000
"""Milliseconds until a message that its only carrier cannot take now is tried again."""


def conclude(attempt: Attempt, by: CarrierId, following: CarrierId | None, on_unknown: OnUnknown, now: Millis) -> Ending:
    """What an attempt came to when nothing more is awaited of it. `following` is the next carrier of the route, if any."""
    job = attempt.job
    taken = tuple(Submitted(part) for part in attempt.taken)
    if attempt.lost:
        return _unknown(attempt, taken, by, following, on_unknown, now)
    if attempt.refusal is None:
        return Ending(job, (*taken, Became(job.message.id, State.SUBMITTED, now, by)))
    why = sentence(attempt.refusal)
    if attempt.taken:
        note = Noted(job.message.id, now, "refused", f"{by} took {len(attempt.taken)} of {attempt.total} parts, then said {why}")
        return Ending(job, (*taken, note, rejected(job.message, by, attempt.refusal, now)))
    if following is not None:
        note = Noted(job.message.id, now, "refused", f"{by} said {why}; next: {following}")
        return Ending(replace(job, tried=(*job.tried, by)), (note,), now, following)
    if attempt.again_later:
        return Ending(job, (Noted(job.message.id, now, "refused", f"{by} said {why}; again later"),), Millis(now + LATER))
    return Ending(job, (Noted(job.message.id, now, "refused", f"{by} said {why}"), rejected(job.message, by, attempt.refusal, now)))


def doubtful(job: SendJob, on_unknown: Callable[[Message], OnUnknown], now: Millis) -> Ending | None:
    """What follows for a job that an earlier worker may have submitted; None where there is no doubt, or it is resent. What the
    message's route says `on_unknown` is asked only where there is one."""
    return interrupted(job, on_unknown(job.message), now) if job.interrupted else None


def interrupted(job: SendJob, on_unknown: OnUnknown, now: Millis) -> Ending:
    """What follows for a job whose earlier worker died while the carrier may have been given it: sent again once, at most."""
    became = Became(job.message.id, State.UNKNOWN, now, job.carrier)
    what = f"the gateway stopped while {job.carrier} may have been given it"
    if on_unknown is OnUnknown.RESEND and job.state is State.ACCEPTED:
        return Ending(job, (became, Noted(job.message.id, now, "unknown", f"{what}; sent again, as the route says")), now)
    return Ending(job, (became, Noted(job.message.id, now, "unknown", f"{what}; not sent again")))


def expired(job: SendJob, now: Millis) -> Ending:
    """Its validity ended before it could be sent."""
    return Ending(job, (Became(job.message.id, State.EXPIRED, now, None, "EXPIRED", "the validity ended before it could be sent"),))


def rejected(message: Message, by: CarrierId, status: int, now: Millis) -> Became:
    """No carrier takes it."""
    return Became(message.id, State.REJECTED, now, by, f"REJECTD:{status:08X}", sentence(status))


def _unknown(
    attempt: Attempt, taken: tuple[Fact, ...], by: CarrierId, following: CarrierId | None, on_unknown: OnUnknown, now: Millis
) -> Ending:
    """A response never came. Sent again at most once, and only where the route says so and no part was taken."""
    job = attempt.job
    became = Became(job.message.id, State.UNKNOWN, now, by)
    what = f"{by} did not answer {attempt.lost} of {attempt.total} parts"
    if on_unknown is OnUnknown.RESEND and job.state is State.ACCEPTED and not attempt.taken:
        note = Noted(job.message.id, now, "unknown", f"{what}; sent again by {following or by}, as the route says")
        return Ending(replace(job, tried=(*job.tried, by)), (became, note), now, following)
    return Ending(job, (*taken, became, Noted(job.message.id, now, "unknown", f"{what}; not sent again")))
