"""The simulated carrier's decisions: every magic number, shares, repeatability and validity."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.verdict.outcome import STATUSES, receipt_state
from globewire.verdict.script import MAGIC, Behaviour, Fate, Outcome, Reply, decide, validity

PLAIN = Behaviour(receipt_delay=(1.0, 1.0), late=30.0)


def fates(behaviour: Behaviour, count: int) -> list[Fate]:
    """The fates of `count` submits to ordinary numbers."""
    dice = Random(behaviour.seed)
    return [decide(behaviour, f"4917010{at % 9000:04d}", False, None, dice) for at in range(count)]


@pytest.mark.parametrize(
    ("ending", "again", "fate"),
    [
        ("1234", False, Fate(delay=1.0)),
        ("9001", False, Fate(word="UNDELIV", delay=1.0)),
        ("9002", False, Fate(word="EXPIRED", delay=1.0)),
        ("9003", False, Fate(word="REJECTD", delay=1.0)),
        ("9004", False, Fate(status=0x0B, delay=1.0)),
        ("9005", False, Fate(status=0x58, delay=1.0)),
        ("9005", True, Fate(delay=1.0)),
        ("9006", False, Fate(receipts=0, delay=1.0)),
        ("9007", False, Fate(delay=30.0)),
        ("9008", False, Fate(latency=0.1, early=True)),
        ("9009", False, Fate(Reply.SILENCE, receipts=0, delay=1.0)),
        ("9009", True, Fate(delay=1.0)),
        ("9010", False, Fate(Reply.DROP, receipts=0, delay=1.0)),
        ("9010", True, Fate(delay=1.0)),
        ("9011", False, Fate(receipts=2, delay=1.0)),
        ("9012", False, Fate(status=0x08, delay=1.0)),
        ("9012", True, Fate(delay=1.0)),
    ],
)
def test_the_last_four_digits_choose(ending: str, again: bool, fate: Fate) -> None:
    """A number's ending brings about what the table says, whatever the dice say."""
    assert decide(PLAIN, f"49170123{ending}", again, None, Random(1)) == fate


def test_magic_rows_are_of_known_words_and_statuses() -> None:
    """The table uses only statuses and words that the gateway's own tables know, and each row says what it does."""
    for ending, row in MAGIC.items():
        assert len(ending) == 4
        assert row.does
        assert row.outcome.status in STATUSES
        assert receipt_state(row.outcome.word) is not None


def test_magic_can_be_switched_off() -> None:
    """For a load of random numbers, an ending may mean nothing."""
    assert decide(Behaviour(magic=False, receipt_delay=(0, 0)), "491701239004", False, None, Random(1)) == Fate()


def test_the_same_seed_gives_the_same_fates() -> None:
    """Everything is drawn from the dice, so a seed repeats and another seed does not."""
    mixed = Behaviour(seed=42, latency=(0.01, 0.05), errors=((0.1, 8),), receipts=((8, "DELIVRD"), (2, "UNDELIV")))
    assert fates(mixed, 500) == fates(mixed, 500)
    assert fates(mixed, 500) != [decide(mixed, "491701", False, None, dice) for dice in [Random(43)] for _ in range(500)]


def test_a_magic_number_does_not_shift_the_others() -> None:
    """What happens to one message does not change the chances drawn for the next."""
    mixed = Behaviour(latency=(0, 1), errors=((0.5, 8),))
    one, other = Random(7), Random(7)
    decide(mixed, "491700001111", False, None, one)
    decide(mixed, "491700009004", False, None, other)
    assert decide(mixed, "491700002222", False, None, one) == decide(mixed, "491700002222", False, None, other)


def test_shares_are_kept() -> None:
    """Errors come at their shares, receipts at their weights, and times within their bounds."""
    mixed = Behaviour(latency=(0.1, 0.2), errors=((0.2, 0x08), (0.1, 0x45)), receipts=((3, "DELIVRD"), (1, "UNDELIV")))
    seen = fates(mixed, 10_000)
    statuses = Counter(fate.status for fate in seen)
    words = Counter(fate.word for fate in seen)
    assert statuses[0x08] == pytest.approx(2_000, rel=0.1)
    assert statuses[0x45] == pytest.approx(1_000, rel=0.1)
    assert words["UNDELIV"] == pytest.approx(2_500, rel=0.1)
    assert all(0.1 <= fate.latency <= 0.2 and 0.05 <= fate.delay <= 0.2 for fate in seen)


def test_a_short_validity_expires_first() -> None:
    """A message whose validity ends before its receipt is due expires then."""
    assert decide(PLAIN, "491701239007", False, 5.0, Random(1)) == Fate(word="EXPIRED", delay=5.0)
    assert decide(PLAIN, "491701239007", False, 60.0, Random(1)) == Fate(delay=30.0)


@pytest.mark.parametrize(
    ("period", "seconds"),
    [
        ("000000000500000R", 300.0),
        ("000001000000000R", 86_400.0),
        ("000000000000000R", 0.0),
        ("010101010101000R", 365 * 86_400 + 30 * 86_400 + 86_400 + 3_661),
        ("", None),
        ("261122073000004+", None),
        ("00000000050000R", None),
        ("00000000050x000R", None),
        ("0000000005²0000R", None),
    ],
)
def test_validity_periods(period: str, seconds: float | None) -> None:
    """Relative periods are read; anything else is no limit."""
    assert validity(period) == seconds


@settings(max_examples=300)
@given(st.text(max_size=17) | st.text("0123456789R+-", min_size=16, max_size=16))
def test_any_period_is_read_or_ignored(period: str) -> None:
    """No text raises."""
    seconds = validity(period)
    assert seconds is None or seconds >= 0


def test_what_is_ordered_goes_first() -> None:
    """Before the number's ending and the behaviour; what the order leaves open is the behaviour's, and validity still ends it."""
    slow = Behaviour(latency=(2.0, 2.0), receipt_delay=(1.0, 1.0), errors=((1.0, 8),))
    magic = "491701239004"
    assert decide(slow, magic, False, None, Random(1), Outcome(word="UNDELIV", error=77)) == Fate(
        latency=2.0, word="UNDELIV", delay=1.0, error=77
    )
    assert decide(slow, magic, False, None, Random(1), Outcome(latency=0.5, delay=9.0)) == Fate(latency=0.5, delay=9.0)
    assert decide(slow, magic, False, 5.0, Random(1), Outcome(delay=9.0, error=77)) == Fate(latency=2.0, word="EXPIRED", delay=5.0)
    assert decide(slow, magic, False, None, Random(1), Outcome(early=True, delay=9.0)).delay == 0.0
