"""The gateway's clocks."""

import asyncio
import time

from globewire.clock import Clock


def test_advance_moves_both_clocks_and_tells() -> None:
    """What is due 72 hours later is due at once, and whoever waits looks again."""
    clock, told = Clock(), []
    clock.moved.append(lambda: told.append(clock.now()))
    wall, running = clock.now(), clock.monotonic()
    clock.advance(72 * 3600)
    assert clock.now() - wall >= 72 * 3_600_000
    assert clock.monotonic() - running >= 72 * 3600
    assert len(told) == 1


def test_leap_moves_the_wall_alone() -> None:
    """An hour back, as a time server may set it; what counts on from some moment counts on."""
    clock = Clock()
    running = clock.monotonic()
    clock.leap(-3600)
    assert clock.wall() < time.time() - 3500
    assert clock.monotonic() >= running


HOUR = 3_600_000
NEAR = 2_000


def test_a_leap_does_not_count_until_it_has_lasted() -> None:
    """There and back again within a quarter of an hour, and it never was; when it stays, it is the time."""
    clock = Clock()
    for seconds in (3600, -3600):
        clock.leap(seconds)
        assert abs(clock.now() - clock.steady()) > HOUR - NEAR
        clock.advance(600)
        assert abs(clock.now() - clock.steady()) > HOUR - NEAR
        clock.leap(-seconds)
        assert clock.steady() == clock.now()
    clock.leap(3600)
    clock.steady()
    clock.advance(900)
    assert abs(clock.now() - clock.steady()) < NEAR


def test_the_latest_is_on_the_later_side_of_a_leap() -> None:
    clock = Clock()
    clock.leap(3600)
    assert abs(clock.latest() - clock.now()) < NEAR
    clock.leap(-7200)
    assert abs(clock.latest() - clock.now() - HOUR) < NEAR


def test_the_earliest_is_the_earliest_that_the_wall_said_in_the_last_hour() -> None:
    """What was dated an hour back, while the clock was, does not end an hour too early when the clock is right again."""
    clock = Clock()
    clock.leap(3600)
    assert abs(clock.now() - clock.earliest() - HOUR) < NEAR
    clock.leap(-7200)
    assert abs(clock.now() - clock.earliest()) < NEAR
    clock.leap(3600)
    clock.advance(3000)
    assert abs(clock.now() - clock.earliest() - HOUR) < NEAR
    clock.advance(1200)
    assert abs(clock.now() - clock.earliest()) < NEAR


def test_drift_is_no_leap() -> None:
    """Half a second again and again is followed."""
    clock = Clock()
    for _ in range(10):
        clock.leap(0.5)
        assert clock.steady() - clock.now() <= 0
        assert abs(clock.now() - clock.earliest()) < NEAR


def test_what_passes_is_no_leap() -> None:
    """Time that an emulator lets pass counts at once, for both."""
    clock = Clock()
    before = clock.steady()
    clock.advance(7200)
    assert clock.steady() - before >= 2 * HOUR
    assert clock.latest() - clock.earliest() < NEAR


async def test_an_advance_hurries_what_is_to_be_called() -> None:
    """What is due by then is called in its order, what is due later so much sooner, and what was cancelled never."""
    clock, called = Clock(), []
    over = asyncio.Event()
    clock.call_later(7200, lambda: called.append("later"))
    clock.call_later(3600, over.set)
    clock.call_later(1800, lambda: called.append("second"))
    clock.call_later(900, lambda: called.append("first"))
    clock.call_later(900, lambda: called.append("never")).cancel()
    clock.advance(3600)
    await over.wait()
    assert called == ["first", "second"]


def test_the_world_outside_is_not_advanced() -> None:
    """But an operator who sets the clock sets it for everybody."""
    clock = Clock()
    clock.advance(72 * 3600)
    clock.leap(-60)
    for told in (clock.real(), clock.outside(clock.now)):
        assert abs(told / 1000 - (time.time() - 60)) < 5
    assert clock.ahead == 72 * 3600
