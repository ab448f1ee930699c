"""Pace: who keeps to the limit never waits, who does not gets no more than the limit, and memory is bounded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.verdict.pace import JITTER, Pace, Throttle

EPOCH = 1_790_000_000_000.0


@pytest.mark.parametrize("rate", [1, 3, 30, 300, 2000, 0.5])
def test_a_second_s_worth_passes_at_once_and_no_more(rate: float) -> None:
    """The burst is the rate, and one where the rate is less."""
    pace = Pace(rate)
    whole = max(1, int(rate))
    assert [pace.take(EPOCH) for _ in range(whole)] == [0.0] * whole
    assert pace.take(EPOCH) == pytest.approx(1000 / rate, abs=0.1)


@pytest.mark.parametrize("rate", [1, 7, 30, 1999])
def test_waiting_as_told_is_enough(rate: int) -> None:
    """After the milliseconds that a refusal names, the same call passes; even where sums of floats round."""
    pace, now = Pace(rate), EPOCH
    for _ in range(rate * 3):
        wait = pace.take(now)
        if wait:
            now += wait
            assert pace.take(now) == 0.0


@settings(max_examples=200)
@given(st.sampled_from([1, 2, 5, 30]), st.lists(st.integers(0, 700), max_size=60))
def test_who_keeps_to_the_limit_never_waits(rate: int, gaps: list[int]) -> None:
    """Any pattern of at most `rate` calls within any second passes whole."""
    pace, now, passed = Pace(rate), 0.0, list[float]()
    for gap in gaps:
        now += gap
        if len(passed) >= rate:
            now = max(now, passed[-rate] + 1000)
        assert pace.take(EPOCH + now) == 0.0
        passed.append(now)


@settings(max_examples=200)
@given(st.sampled_from([1, 2, 5, 30]), st.lists(st.integers(0, 90), max_size=200))
def test_nobody_gets_more_than_the_limit_over_time(rate: int, gaps: list[int]) -> None:
    """However it is pressed, a span holds its share and one burst."""
    pace, now, passed = Pace(rate), EPOCH, 0
    for gap in gaps:
        now += gap
        passed += pace.take(now) == 0.0
    assert passed <= rate * (now - EPOCH) / 1000 + rate + 1e-3


def test_a_refusal_takes_nothing() -> None:
    """Asking again and again does not push the turn away, and `delay` only looks."""
    pace = Pace(2, burst=1)
    assert pace.delay(0) == 0.0
    assert pace.take(0) == 0.0
    first = pace.take(100)
    assert pace.take(100) == first == pace.delay(100) == pytest.approx(400, abs=0.1)
    assert pace.take(500) == 0.0


def test_a_small_burst_is_an_even_pace() -> None:
    """As a strict carrier wants it: one, and the next when it is due."""
    pace = Pace(100, burst=1)
    assert [pace.take(now) == 0.0 for now in (0, 5, 10, 19, 20, 30)] == [True, False, True, False, True, True]


def test_cost_counts_segments() -> None:
    """A long text takes its segments; one longer than a burst passes once the pace has rested, and is paid for after."""
    pace = Pace(10, burst=4)
    assert pace.take(0, cost=3) == 0.0
    assert pace.take(0, cost=3) == pytest.approx(200, abs=0.1)
    assert pace.take(0, cost=1) == 0.0
    assert pace.take(0, cost=9) == pytest.approx(400, abs=0.1)
    assert pace.take(400, cost=9) == 0.0
    assert pace.delay(400) == pytest.approx(600, abs=0.1)


def test_a_clock_set_back_bars_nobody_for_long() -> None:
    """An hour back costs at most the turn that was due anyway."""
    pace = Pace(2)
    assert pace.take(EPOCH) == 0.0
    back = EPOCH - 3_600_000
    wait = pace.take(back)
    assert 0 < wait <= 1000
    assert pace.take(back + wait) == 0.0
    assert pace.take(back + wait + 1000) == 0.0


def test_a_rate_of_nothing_is_no_limit() -> None:
    """As in a carrier's plan."""
    pace = Pace(0)
    assert [pace.take(0, cost=50) for _ in range(1000)] == [0.0] * 1000


def test_accounts_and_operations_do_not_share() -> None:
    """Each pair has its own pace, and a refusal is whole milliseconds, at least one."""
    throttle = Throttle()
    assert throttle.check("a", "Batch", 1, EPOCH) == 0
    wait = throttle.check("a", "Batch", 1, EPOCH)
    assert 1 <= wait <= 1000
    assert throttle.check("b", "Batch", 1, EPOCH) == 0
    assert throttle.check("a", "Query", 1, EPOCH) == 0
    assert throttle.check("a", "Batch", 1, EPOCH + wait) == 0
    assert throttle.check("c", "Batch", 0, EPOCH) == throttle.check("c", "Batch", 0, EPOCH) == 0


def test_the_network_s_jitter_is_forgiven_but_not_given_away() -> None:
    """Once a second, give or take, never waits; always early does."""
    throttle = Throttle()
    arrivals = [n * 1000 + (-1) ** n * JITTER / 2.5 for n in range(40)]
    assert [throttle.check("even", "Batch", 1, EPOCH + at) for at in arrivals] == [0] * 40
    early = [throttle.check("early", "Batch", 1, EPOCH + n * (1000 - JITTER / 2)) == 0 for n in range(40)]
    assert early[:2] == [True, True]
    assert False in early


def test_a_new_limit_holds_at_once() -> None:
    """A changed quota starts a new pace."""
    throttle = Throttle()
    assert throttle.check("a", "Batch", 1, EPOCH) == 0
    assert throttle.check("a", "Batch", 1, EPOCH) > 0
    assert [throttle.check("a", "Batch", 5, EPOCH) for _ in range(5)] == [0] * 5
    assert throttle.check("a", "Batch", 5, EPOCH) > 0


def test_memory_is_bounded_and_the_rested_go_first() -> None:
    """Those that say nothing are forgotten; where all are busy, the oldest."""
    throttle = Throttle(most=8)
    for n in range(7):
        throttle.check(f"rested {n}", "Query", 1000, EPOCH)
    throttle.check("busy", "Batch", 1, EPOCH)
    throttle.check("new", "Batch", 1, EPOCH + 500)
    assert len(throttle) == 2
    assert throttle.check("busy", "Batch", 1, EPOCH + 500) > 0
    for n in range(1000):
        throttle.check(f"flood {n}", "Batch", 1, EPOCH + 500)
        assert len(throttle) <= 8
    assert throttle.check("flood 999", "Batch", 1, EPOCH + 500) > 0


def test_what_is_left_is_told_and_not_taken() -> None:
    """Before any call all of it, then less by each, and all again once it has rested; another limit begins anew."""
    throttle = Throttle()
    assert throttle.left("shop", "send", 30, EPOCH) == 30
    for _ in range(10):
        throttle.check("shop", "send", 30, EPOCH)
    assert throttle.left("shop", "send", 30, EPOCH) == 20
    assert throttle.left("other", "send", 30, EPOCH) == 30
    assert throttle.left("shop", "send", 30, EPOCH + 1000) == 30
    assert throttle.left("shop", "send", 5, EPOCH) == 5
    assert throttle.left("shop", "send", 0, EPOCH) == 0


@pytest.mark.parametrize("rate", [1, 30, 1999])
def test_what_is_left_passes(rate: int) -> None:
    """As many calls as are left go on at once."""
    pace = Pace(rate)
    for gap in (0, 40, 7, 500):
        now = EPOCH + gap
        left = pace.left(now)
        assert [pace.take(now) for _ in range(left)] == [0.0] * left
        assert pace.left(now) == 0
        assert pace.take(now) > 0
