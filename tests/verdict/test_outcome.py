"""The tables of outcomes: every status, every receipt word, every state."""

import pytest
from smpplib import consts

from globewire.message import FINAL, PartState, State
from globewire.verdict.outcome import (
    STATUSES,
    Answer,
    Told,
    answer,
    error,
    message_state,
    push_status,
    query_status,
    receipt_state,
    sentence,
    told,
)

D, F, E, S = PartState.DELIVERED, PartState.FAILED, PartState.EXPIRED, PartState.SUBMITTED


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (0x00, Answer.TAKEN),
        (0x58, Answer.THROTTLED),
        (0x14, Answer.THROTTLED),
        (0x04, Answer.TEMPORARY),
        (0x08, Answer.TEMPORARY),
        (0x64, Answer.TEMPORARY),
        (0x01, Answer.PERMANENT),
        (0x0A, Answer.PERMANENT),
        (0x0B, Answer.PERMANENT),
        (0x45, Answer.PERMANENT),
        (0x65, Answer.PERMANENT),
        (0x66, Answer.PERMANENT),
        (0x400, Answer.PERMANENT),
        (0x455, Answer.PERMANENT),
        (0x4FF, Answer.PERMANENT),
        (0x7B, Answer.PERMANENT),
        (0xFFFFFFFF, Answer.PERMANENT),
    ],
)
def test_an_answer(status: int, meaning: Answer) -> None:
    """A status asks for one thing; what is not known is not for this carrier."""
    assert answer(status) is meaning


def test_only_status_zero_is_taken() -> None:
    """No error may pass for an acceptance."""
    assert [status for status in range(0x500) if answer(status) is Answer.TAKEN] == [0]


def test_the_statuses_are_those_of_another_implementation() -> None:
    """Each number that smpplib knows has a row here, under the same name."""
    theirs = {value: name.removeprefix("SMPP_") for name, value in vars(consts).items() if name.startswith("SMPP_ESME_R")}
    assert {status: row[0] for status, row in STATUSES.items()} == theirs


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0x0B, "ESME_RINVDSTADR (0x0000000B): invalid destination address"),
        (0x455, "vendor status (0x00000455): a meaning of this carrier's own"),
        (0xABCDE, "unknown status (0x000ABCDE): not in SMPP 3.4"),
    ],
)
def test_a_sentence(status: int, words: str) -> None:
    """A status is told by name, number and meaning."""
    assert sentence(status) == words


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("DELIVRD", D),
        ("UNDELIV", F),
        ("DELETED", F),
        ("REJECTD", F),
        ("UNKNOWN", F),
        ("SKIPPED", F),
        ("EXPIRED", E),
        ("ENROUTE", None),
        ("ACCEPTD", None),
        ("SCHEDLD", None),
        ("", None),
        ("BUFFERED", None),
    ],
)
def test_a_receipt_state(word: str, state: PartState | None) -> None:
    """Final words end a part; others, and words that nobody knows, do not."""
    assert receipt_state(word) is state


@pytest.mark.parametrize(
    ("parts", "total", "state"),
    [
        ([], 1, None),
        ([], 0, None),
        ([D], 1, State.DELIVERED),
        ([S], 1, None),
        ([D], 2, None),
        ([D, S], 2, None),
        ([D, D], 2, State.DELIVERED),
        ([S, F], 3, State.FAILED),
        ([D, D, F], 3, State.FAILED),
        ([S, E], 2, State.EXPIRED),
        ([E, F], 2, State.FAILED),
    ],
)
def test_a_message_state(parts: list[PartState], total: int, state: State | None) -> None:
    """All delivered is delivered, one failed is failed, and a part that is not known yet leaves it open."""
    assert message_state(parts, total) is state


@pytest.mark.parametrize(
    ("word", "err", "code", "description"),
    [
        ("DELIVRD", "000", "DELIVERED", "success"),
        ("DELIVRD", "0A1", "DELIVERED", "success"),
        ("UNDELIV", "0A1", "UNDELIV:0A1", "the message cannot be delivered"),
        ("UNDELIV", "000", "UNDELIV", "the message cannot be delivered"),
        ("EXPIRED", "", "EXPIRED", "the message's validity ended before it could be delivered"),
        ("REJECTD", " 12 ", "REJECTD:12", "the carrier rejected the message"),
        ("FOO", "1" * 99, "FOO:" + "1" * 16, "the carrier reported a state that is not in SMPP 3.4"),
    ],
)
def test_an_error(word: str, err: str, code: str, description: str) -> None:
    """The customer reads the carrier's word and its own code where that says something."""
    assert error(word, err) == (code, description)


def test_the_customers_statuses() -> None:
    """QueryMessage knows 1, 2 and 3; a pushed receipt 1, 2 and 6."""
    assert {state: query_status(state) for state in State} == {
        State.ACCEPTED: "3",
        State.SUBMITTED: "3",
        State.UNKNOWN: "3",
        State.DELIVERED: "1",
        State.FAILED: "2",
        State.EXPIRED: "2",
        State.REJECTED: "2",
    }
    assert {state: push_status(state) for state in FINAL} == {
        State.DELIVERED: "1",
        State.FAILED: "2",
        State.EXPIRED: "6",
        State.REJECTED: "2",
    }


@pytest.mark.parametrize("state", sorted(set(State) - FINAL))
def test_no_receipt_is_pushed_before_the_end(state: State) -> None:
    """A state that is not final has no number in a pushed receipt."""
    with pytest.raises(ValueError, match="has no receipt yet"):
        push_status(state)


@pytest.mark.parametrize(
    ("status", "word", "comes_to"),
    [
        (0x00, "DELIVRD", Told.FINAL),
        (0x00, "UNDELIV", Told.FINAL),
        (0x00, "EXPIRED", Told.FINAL),
        (0x00, "DELETED", Told.FINAL),
        (0x00, "REJECTD", Told.FINAL),
        (0x00, "UNKNOWN", Told.UNDER_WAY),
        (0x00, "ENROUTE", Told.UNDER_WAY),
        (0x00, "ACCEPTD", Told.UNDER_WAY),
        (0x00, "", Told.UNDER_WAY),
        (0x58, "", Told.THROTTLED),
        (0x14, "", Told.THROTTLED),
        (0x67, "", Told.REFUSED),
        (0x67, "DELIVRD", Told.REFUSED),
        (0x0C, "", Told.REFUSED),
        (0x08, "", Told.REFUSED),
        (0x4FF, "", Told.REFUSED),
        (0x03, "", Told.UNSUPPORTED),
    ],
)
def test_what_an_answer_to_a_question_comes_to(status: int, word: str, comes_to: Told) -> None:
    """UNKNOWN ends a message in a receipt, and not here: it may be that the carrier has forgotten."""
    assert told(status, word) is comes_to
    assert receipt_state("UNKNOWN") is F
