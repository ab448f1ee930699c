"""What an attempt comes to: a table of its parts, what the route says, and what follows."""

import pytest

from globewire.hold.port import Became, Fact, Noted, SendJob, Submitted
from globewire.message import CarrierId, Millis, Part, PartState, State
from globewire.plan import Carrier, OnUnknown
from globewire.send.attempt import LATER, Attempt, Piece, conclude, expired, held_up, interrupted
from globewire.wire.submission import submissions
from laws.making import message

NORTH, SOUTH = CarrierId("north"), CarrierId("south")
NOW = Millis(1_800_000_000_500)
MESSAGE = message(1)
WAIT, RESEND = OnUnknown.WAIT, OnUnknown.RESEND
ACCEPTED, SUBMITTED, UNKNOWN, REJECTED = State.ACCEPTED, State.SUBMITTED, State.UNKNOWN, State.REJECTED
NO, BUSY, THROTTLED = 0x0B, 0x08, 0x58
PLAN = Carrier(id=NORTH, host="127.0.0.1", port=2775, system_id="id", password="secret")
DONE = "done"
SAID_NO, SAID_BUSY = "ESME_RINVDSTADR (0x0000000B): invalid destination address", "ESME_RSYSERR (0x00000008): system error"


def job(state: State = ACCEPTED, *, again: bool = False) -> SendJob:
    return SendJob(MESSAGE, state, NORTH, (), again)


def attempt(total: int, taken: int, lost: int, refusal: int | None, later: bool, state: State) -> Attempt:
    """An attempt that nothing more is awaited of."""
    parts = [Part(MESSAGE.id, n, total, NORTH, f"id{n}", PartState.SUBMITTED, NOW) for n in range(1, taken + 1)]
    return Attempt(job(state), total, 0, parts, lost, refusal, later)


def test_each_refusal_for_now_is_noted_and_throttling_once() -> None:
    tried = attempt(2, 0, 0, None, False, ACCEPTED)
    piece = Piece(tried, 2, submissions(MESSAGE, PLAN, NOW)[0])
    for status in (THROTTLED, BUSY, THROTTLED, BUSY):
        held_up(piece, NORTH, status, NOW)
    assert [note.detail.partition(" (")[0] for note in tried.notes] == [
        "north said ESME_RTHROTTLED", "north said ESME_RSYSERR", "north said ESME_RSYSERR",
    ]  # fmt: skip
    assert tried.notes[1] == Noted(
        MESSAGE.id, NOW, "refused for now", f"north said {SAID_BUSY}; part 2 of 2 is submitted again soon"
    )


def became(facts: tuple[Fact, ...]) -> list[State]:
    return [fact.state for fact in facts if isinstance(fact, Became)]


CASES = [
    # total, taken, lost, refusal, again later; state before, next carrier, the route's word -> the state, the note, where next
    ((1, 1, 0, None, False), ACCEPTED, None, WAIT, SUBMITTED, "", DONE),
    ((3, 3, 0, None, False), ACCEPTED, SOUTH, WAIT, SUBMITTED, "", DONE),
    ((1, 1, 0, None, False), UNKNOWN, None, RESEND, SUBMITTED, "", DONE),
    # no for good
    ((1, 0, 0, NO, False), ACCEPTED, SOUTH, WAIT, None, f"north said {SAID_NO}; next: south", (NOW, SOUTH)),
    ((1, 0, 0, NO, False), ACCEPTED, None, WAIT, REJECTED, f"north said {SAID_NO}", DONE),
    ((3, 0, 0, NO, False), ACCEPTED, SOUTH, RESEND, None, f"north said {SAID_NO}; next: south", (NOW, SOUTH)),
    ((3, 2, 0, NO, False), ACCEPTED, SOUTH, WAIT, REJECTED, f"north took 2 of 3 parts, then said {SAID_NO}", DONE),
    # no for now, once too often
    ((1, 0, 0, BUSY, True), ACCEPTED, SOUTH, WAIT, None, f"north said {SAID_BUSY}; next: south", (NOW, SOUTH)),
    ((1, 0, 0, BUSY, True), ACCEPTED, None, WAIT, None, f"north said {SAID_BUSY}; again later", (NOW + LATER, None)),
    ((3, 1, 0, BUSY, True), ACCEPTED, None, WAIT, REJECTED, f"north took 1 of 3 parts, then said {SAID_BUSY}", DONE),
    # no answer
    ((1, 0, 1, None, False), ACCEPTED, SOUTH, WAIT, UNKNOWN, "north did not answer 1 of 1 parts; not sent again", DONE),
    ((1, 0, 1, None, False), ACCEPTED, SOUTH, RESEND, UNKNOWN, "sent again by south, as the route says", (NOW, SOUTH)),
    ((1, 0, 1, None, False), ACCEPTED, None, RESEND, UNKNOWN, "sent again by north, as the route says", (NOW, None)),
    ((1, 0, 1, None, False), UNKNOWN, SOUTH, RESEND, UNKNOWN, "north did not answer 1 of 1 parts; not sent again", DONE),
    ((3, 2, 1, None, False), ACCEPTED, SOUTH, RESEND, UNKNOWN, "north did not answer 1 of 3 parts; not sent again", DONE),
    ((2, 0, 1, NO, False), ACCEPTED, SOUTH, WAIT, UNKNOWN, "north did not answer 1 of 2 parts; not sent again", DONE),
]


@pytest.mark.parametrize(("parts", "before", "following", "on_unknown", "state", "note", "where"), CASES)
def test_an_attempt_comes_to_its_end(
    parts: tuple[int, int, int, int | None, bool],
    before: State,
    following: CarrierId | None,
    on_unknown: OnUnknown,
    state: State | None,
    note: str,
    where: str | tuple[Millis, CarrierId | None],
) -> None:
    ending = conclude(attempt(*parts, before), NORTH, following, on_unknown, NOW)
    assert became(ending.facts) == ([state] if state else [])
    notes = [fact.detail for fact in ending.facts if isinstance(fact, Noted)]
    assert len(notes) == (1 if note else 0)
    assert all(note in written for written in notes)
    assert (DONE if ending.due is None else (ending.due, ending.carrier)) == where
    assert sum(isinstance(fact, Submitted) for fact in ending.facts) == parts[1]


def test_what_is_written_of_a_rejection_is_the_carriers_reason() -> None:
    ending = conclude(attempt(1, 0, 0, NO, False, ACCEPTED), NORTH, None, WAIT, NOW)
    [end] = [fact for fact in ending.facts if isinstance(fact, Became)]
    assert (end.carrier, end.error_code, end.error, end.at) == (NORTH, "REJECTD:0000000B", SAID_NO, NOW)


@pytest.mark.parametrize(
    ("on_unknown", "state", "resent"),
    [(WAIT, ACCEPTED, False), (RESEND, ACCEPTED, True), (WAIT, UNKNOWN, False), (RESEND, UNKNOWN, False)],
)
def test_a_job_whose_worker_died_is_sent_again_only_if_the_route_says_so_and_once(
    on_unknown: OnUnknown, state: State, resent: bool
) -> None:
    ending = interrupted(job(state, again=True), on_unknown, NOW)
    assert (became(ending.facts), ending.due) == ([UNKNOWN], NOW if resent else None)
    assert [fact.what for fact in ending.facts if isinstance(fact, Noted)] == ["unknown"]


def test_a_message_that_is_too_old_to_send_is_expired() -> None:
    ending = expired(job(), NOW)
    [end] = [fact for fact in ending.facts if isinstance(fact, Became)]
    assert (end.state, end.carrier, end.error_code, ending.due) == (State.EXPIRED, None, "EXPIRED", None)
