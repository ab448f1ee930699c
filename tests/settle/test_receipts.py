"""What follows from receipts: a table of parts, words and outcomes."""

import pytest

from globewire.hold.port import Became, Noted, PartBecame, SettleJob
from globewire.hold.settling import decide
from globewire.message import CarrierId, MessageId, Millis, Part, PartState, Receipt, State

S, D, F, E = PartState.SUBMITTED, PartState.DELIVERED, PartState.FAILED, PartState.EXPIRED
HEARD_AT = Millis(1000)


def job(parts: list[PartState], which: int, status: str, error: str = "000", state: State = State.SUBMITTED) -> SettleJob:
    made = tuple(Part(MessageId(7), n + 1, len(parts), CarrierId("c"), f"id{n}", p, Millis(0)) for n, p in enumerate(parts))
    return SettleJob(1, CarrierId("c"), Receipt((f"id{which}",), "", status, error), HEARD_AT, 0, made[which], made, state)


CASES = [
    # parts before, which one, its word and err -> the part's state, the message's, its error code
    ([S], 0, "DELIVRD", "000", D, State.DELIVERED, "DELIVERED"),
    ([S], 0, "UNDELIV", "0A1", F, State.FAILED, "UNDELIV:0A1"),
    ([S], 0, "REJECTD", "", F, State.FAILED, "REJECTD"),
    ([S], 0, "EXPIRED", "", E, State.EXPIRED, "EXPIRED"),
    ([S, S], 0, "DELIVRD", "", D, None, ""),
    ([S, D], 0, "DELIVRD", "", D, State.DELIVERED, "DELIVERED"),
    ([D, S], 1, "UNDELIV", "", F, State.FAILED, "UNDELIV"),
    ([S, S, S], 2, "EXPIRED", "", E, State.EXPIRED, "EXPIRED"),
]


@pytest.mark.parametrize(("parts", "which", "word", "err", "part_state", "state", "code"), CASES)
def test_a_receipt_settles_its_part_and_perhaps_its_message(
    parts: list[PartState], which: int, word: str, err: str, part_state: PartState, state: State | None, code: str
) -> None:
    (facts,) = decide([job(parts, which, word, err)], Millis(2000))
    became = [fact for fact in facts if isinstance(fact, Became)]
    settled = [fact for fact in facts if isinstance(fact, PartBecame)]
    assert [(fact.sequence, fact.state, fact.at) for fact in settled] == [(which + 1, part_state, HEARD_AT)]
    assert [(fact.state, fact.error_code, fact.at) for fact in became] == ([(state, code, HEARD_AT)] if state else [])


@pytest.mark.parametrize("word", ["ENROUTE", "ACCEPTD", "", "SOMETHING"])
def test_a_word_that_is_not_final_is_only_noted(word: str) -> None:
    (facts,) = decide([job([S], 0, word)], Millis(2000))
    assert [type(fact) for fact in facts] == [Noted]


def test_receipts_of_one_message_in_one_batch_build_on_one_another() -> None:
    first, second = decide([job([S, S], 0, "DELIVRD"), job([S, S], 1, "DELIVRD")], Millis(2000))
    assert not any(isinstance(fact, Became) for fact in first)
    assert [fact.state for fact in second if isinstance(fact, Became)] == [State.DELIVERED]


@pytest.mark.parametrize(("parts", "state"), [([S], State.EXPIRED), ([D], State.DELIVERED), ([D, S], State.SUBMITTED)])
def test_a_receipt_for_what_was_settled_before_is_noted(parts: list[PartState], state: State) -> None:
    (facts,) = decide([job(parts, 0, "UNDELIV", state=state)], Millis(2000))
    assert [type(fact) for fact in facts] == [Noted]
