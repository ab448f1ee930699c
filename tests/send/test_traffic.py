"""What is counted at a carrier: rates and delays of the last seconds, and what is not kept for ever."""

import random

import pytest

from globewire.hold.port import Delay
from globewire.send import traffic
from globewire.send.traffic import Recent, Traffic


def test_delays_are_of_the_last_minute() -> None:
    recent = Recent()
    assert recent.delay() == Delay(0, 0)
    for ms in range(1, 101):
        recent.note(ms / 1000)
    recent.turn()
    delay = recent.delay()
    assert (abs(delay.p50 - 50), abs(delay.p95 - 95)) <= (2, 2)
    for _ in range(59):
        recent.turn()
    assert recent.delay() == delay
    recent.turn()
    assert recent.delay() == Delay(0, 0)


def test_busy_seconds_are_sampled() -> None:
    """The percentiles are those of all, within a few hundredths."""
    recent, chance = Recent(), random.Random(1)
    for _ in range(traffic.MINUTE):
        for _ in range(2_000):
            recent.note(chance.random())
        recent.turn()
    assert sum(map(len, recent._seconds)) <= traffic.SAMPLED * traffic.MINUTE
    delay = recent.delay()
    assert delay.p50 == pytest.approx(500, abs=40)
    assert delay.p95 == pytest.approx(950, abs=20)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    counted = Traffic()
    assert counted.rate == 0
    rates = []
    for turn in range(12):
        counted.submits += 30 if turn < 6 else 0
        counted.turn(1000.0 + 2 * turn)  # the turns of a busy machine are longer than a second
        rates.append(counted.rate)
    assert rates == [0, 15, 15, 15, 15, 15, 12, 9, 6, 3, 0, 0]


def test_a_receipt_is_as_late_as_its_answer_was_early() -> None:
    counted = Traffic()
    counted.taken("1a", 10.0)
    counted.taken("2b", 10.0)
    counted.heard(("26", "1a"), 10.25)
    counted.heard(("1a",), 99.0)  # a second one of the same part
    counted.heard(("other",), 99.0)
    counted.turn(100.0)
    assert counted.receipts == 3
    assert counted.receipt_delay.delay() == Delay(250, 250)


def test_what_never_comes_is_awaited_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "AWAITED", 2)
    counted = Traffic()
    for carrier_id in ("1", "2", "3"):
        counted.taken(carrier_id, 0.0)
    assert list(counted._awaited) == ["1", "2"]
    counted.turn(traffic.PATIENCE - 1)
    assert list(counted._awaited) == ["1", "2"]
    counted.turn(traffic.PATIENCE)
    counted.taken("4", traffic.PATIENCE)
    assert list(counted._awaited) == ["4"]
