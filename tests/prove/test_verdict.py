"""What the evidence comes to: each way to break the promise, and what is no breach."""

from dataclasses import replace

import pytest

from globewire.message import MessageId, State
from globewire.prove.carrier import Take
from globewire.prove.customers import number, text
from globewire.prove.verdict import WINDOW, Evidence, Held, compare

ID = MessageId(7)
KILLED = 1000.0
DELIVERED = Evidence(
    acknowledged={1: ID},
    held={ID: Held(1, State.DELIVERED)},
    takes={1: [Take(1, KILLED - 0.1)]},
    told={ID: "1"},
    killed_at={1: KILLED},
    resends=True,
)


def test_a_delivered_message_is_well() -> None:
    found = compare(DELIVERED)
    assert (found.told, found.lost, found.unsettled, found.untold, found.unexplained, found.twice) == (1, [], [], [], [], 0)


BREACHES = {
    "lost": [
        (replace(DELIVERED, held={}), "not held, though it was sent"),
        (replace(DELIVERED, held={}, takes={}), "not held"),
        (replace(DELIVERED, held={ID: Held(2, State.DELIVERED)}), "another text is held"),
        (replace(DELIVERED, held={ID: Held(1, State.ACCEPTED)}, takes={}), "neither sent nor final"),
        (replace(DELIVERED, takes={}), "the carrier never had it"),
        (replace(DELIVERED, held={ID: Held(1, State.SUBMITTED)}, takes={}), "the carrier never had it"),
        (replace(DELIVERED, acknowledged={1: ID, 2: ID}), "its MessageId was given to text 1 before"),
    ],
    "unsettled": [
        (replace(DELIVERED, held={ID: Held(1, State.SUBMITTED)}), "still submitted"),
        (replace(DELIVERED, held={ID: Held(1, State.ACCEPTED)}), "still accepted"),
    ],
    "untold": [
        (replace(DELIVERED, told={}), "never told"),
        (replace(DELIVERED, told={ID: "2"}), "was told 2"),
    ],
    "unexplained": [
        (replace(DELIVERED, takes={1: [Take(1, KILLED), Take(1, KILLED)]}), "twice in one life"),
        (replace(DELIVERED, takes={1: [Take(2, KILLED), Take(3, KILLED)]}), "twice in one life"),
        (replace(DELIVERED, takes={1: [Take(1, KILLED - WINDOW - 0.1), Take(2, KILLED)]}), "answered 0.600 s before the kill"),
        (replace(DELIVERED, takes={1: [Take(1, KILLED), Take(2, KILLED)]}, resends=False), "its route says to wait"),
    ],
}


@pytest.mark.parametrize(
    ("kind", "evidence", "words"),
    [(kind, *row) for kind, rows in BREACHES.items() for row in rows],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_breach_is_found(kind: str, evidence: Evidence, words: str) -> None:
    sentences: list[str] = getattr(compare(evidence), kind)
    assert any(words in sentence for sentence in sentences), sentences


def test_a_submit_in_flight_at_a_kill_explains_a_second() -> None:
    """Whether it was answered just before, or would have been just after."""
    for answered_at in (KILLED - WINDOW / 2, KILLED + 0.02):
        found = compare(replace(DELIVERED, takes={1: [Take(1, answered_at), Take(3, KILLED + 2)]}))
        assert (found.twice, found.unexplained) == (1, [])
    assert compare(DELIVERED).margin == 0


def test_unknown_is_counted_and_no_breach() -> None:
    found = compare(replace(DELIVERED, held={ID: Held(1, State.UNKNOWN)}, told={}))
    assert (found.unknown, found.lost, found.untold) == (1, [], [])


def test_numbers_come_back_from_their_texts_and_from_no_other() -> None:
    assert [number(text(n)) for n in (1, 999, 10**12 - 1)] == [1, 999, 10**12 - 1]
    assert [number(other) for other in ("", "Proof 1", "proof 000000000001", "Proof 00000000000x", text(1) + "0")] == [-1] * 5
