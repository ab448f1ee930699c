"""A call that is put off, put forward, and not wanted."""

import asyncio
from math import inf

import pytest

from globewire import alarm
from globewire.alarm import Alarm


async def test_the_last_call_is_made_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the one before was later or sooner, and however often the timer rings meanwhile."""
    loop, made = asyncio.get_running_loop(), list[str]()
    bell, rung = Alarm(), asyncio.Event()
    for ahead in (0.001, 1.0):
        monkeypatch.setattr(alarm, "AHEAD", ahead)
        for before in (60.0, 0.002):
            now = loop.time()
            bell.set(now + before, lambda: made.append("before"))
            bell.set(now + 0.01, rung.set)
            assert bell.at == now + 0.01
            await rung.wait()
            rung.clear()
            assert loop.time() >= now + 0.01 - 0.001
            assert bell.at == inf
    await asyncio.sleep(0.02)
    assert (made, rung.is_set()) == ([], False)


async def test_what_is_unset_is_not_called() -> None:
    rung = asyncio.Event()
    bell = Alarm()
    bell.set(asyncio.get_running_loop().time() + 0.005, rung.set)
    bell.unset()
    await asyncio.sleep(0.02)
    assert not rung.is_set()
    bell.set(0.0, rung.set)
    await rung.wait()
