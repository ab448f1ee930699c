"""When to try again: the documented pauses, and an end to each."""

import pytest

from globewire.verdict.retry import callback, question, receipt, reconnect


def test_a_callback_is_pushed_three_times_at_most() -> None:
    """After one minute, then after five (contract 4.1)."""
    assert [callback(tries) for tries in range(4)] == [60, 300, None, None]
    assert [callback(tries, (1, 2, 3)) for tries in range(4)] == [1, 2, 3, None]
    assert callback(0, ()) is None


def test_an_unmatched_receipt_is_looked_at_for_a_quarter_of_an_hour() -> None:
    pauses = [receipt(tries) for tries in range(7)]
    assert pauses == [0.2, 1, 5, 30, 120, 600, None]


def test_a_carrier_is_asked_ever_more_rarely_and_then_no_more() -> None:
    waits = [question(asked, 600) for asked in range(9)]
    assert waits == [600, 1200, 2400, 4800, 9600, 19200, 38400, 76800, None]


@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [
        (0, 0.0, 0.5),
        (1, 0.0, 1.0),
        (5, 0.0, 16.0),
        (6, 0.0, 30.0),
        (10_000, 0.0, 30.0),
        (0, 0.5, 0.375),
        (6, 0.999, 15.015),
        (-1, 0.0, 0.5),
    ],
)
def test_reconnect_doubles_up_to_the_most(attempt: int, jitter: float, seconds: float) -> None:
    assert reconnect(attempt, 0.5, 30.0, jitter) == pytest.approx(seconds)
