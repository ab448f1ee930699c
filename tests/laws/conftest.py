"""The engines that the laws are run against, each on a fresh store that can be closed and opened again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from globewire.hold.port import Hold
from globewire.hold.sqlite import SqliteHold

Opener = Callable[[], Awaitable[Hold]]


@pytest.fixture(params=["sqlite"])
async def opener(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opener]:
    """Opens the store; a second call is a restart's open. What is still open at the end is closed."""
    opened: list[Hold] = []

    async def open_hold() -> Hold:
        hold = await SqliteHold.open(tmp_path / "hold.db")
        opened.append(hold)
        return hold

    yield open_hold
    for hold in opened:
        await hold.close()


@pytest.fixture
async def hold(opener: Opener) -> Hold:
    return await opener()
