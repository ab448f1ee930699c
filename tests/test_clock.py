"""The gateway's clocks."""

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
