"""The walk through messages under way: one for all carriers, each told of its own parts, and when it is over."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from globewire.hold.port import Became, Silent, Submitted
from globewire.hold.sqlite import SqliteHold
from globewire.message import CarrierId, Millis, State
from globewire.send import walk
from globewire.send.walk import Walk
from laws.making import CARRIER, NOW, message, part, submission

SOUTH = CarrierId("south")
SECOND = Millis(1_000)
LATER = 60_000
"""Milliseconds after the submits at which the walk looks."""


@dataclass(slots=True)
class Walker:
    """Remembers what it was told: the messages met on each walk."""

    id: CarrierId
    patience: Millis = SECOND
    walks: list[list[int]] = field(default_factory=lambda: [[]])
    _walked: asyncio.Event = field(default_factory=asyncio.Event)

    def met(self, found: Sequence[Silent]) -> None:
        self.walks[-1] += [silent.part.message for silent in found]

    def walked(self) -> None:
        self.walks.append([])
        self._walked.set()

    async def over(self) -> list[int]:
        """What was met on the walk that ends next."""
        self._walked.clear()
        async with asyncio.timeout(5):
            await self._walked.wait()
        return self.walks[-2]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two messages, a hundred a second, and short rests."""
    monkeypatch.setattr(walk, "TURN", 0.01)
    monkeypatch.setattr(walk, "REST", 10)
    monkeypatch.setattr(walk, "PAGE", 2)


@pytest.fixture
async def hold(tmp_path: Path) -> AsyncIterator[SqliteHold]:
    """Messages 1 to 9 are submitted and silent: the odd ones at one carrier, the even ones at another."""
    made = await SqliteHold.open(tmp_path / "hold.db")
    for n in range(1, 10):
        carrier = CARRIER if n % 2 else SOUTH
        await made.keep([submission(n, carrier=carrier)], None)
        await made.record(Submitted(replace(part(n), carrier=carrier)), Became(message(n).id, State.SUBMITTED, NOW, carrier))
    yield made
    await made.close()


@asynccontextmanager
async def walking(hold: SqliteHold, *walkers: Walker) -> AsyncIterator[Walk]:
    made = Walk(hold, lambda: Millis(NOW + LATER))
    for walker in walkers:
        made.join(walker)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.wait([task])


def ids(*numbers: int) -> list[int]:
    return [message(n).id for n in numbers]


async def test_each_is_told_of_its_own_parts_once_a_walk(hold: SqliteHold) -> None:
    """Over as many pages as there are; and again on the next walk, as long as nothing is heard of them."""
    north, south = Walker(CARRIER), Walker(SOUTH)
    async with walking(hold, north, south):
        for _ in range(2):
            assert (await north.over(), south.walks[-2]) == (ids(1, 3, 5, 7, 9), ids(2, 4, 6, 8))


async def test_each_has_its_own_patience(hold: SqliteHold) -> None:
    hasty, patient = Walker(CARRIER), Walker(SOUTH, patience=Millis(LATER))
    async with walking(hold, hasty, patient):
        assert (await hasty.over(), patient.walks[-2]) == (ids(1, 3, 5, 7, 9), [])


async def test_who_joins_meanwhile_goes_along_from_the_next_walk_on(hold: SqliteHold) -> None:
    """Else its first walk would be over before all of it was walked, and count too few."""
    north, south = Walker(CARRIER), Walker(SOUTH)
    async with walking(hold, north) as made:
        while not north.walks[-1]:
            await asyncio.sleep(0.001)
        made.join(south)
        await north.over()
        assert south.walks == [[]]
        await south.over()
        assert south.walks[0] == ids(2, 4, 6, 8)


async def test_who_left_is_told_nothing_more(hold: SqliteHold) -> None:
    """And where nobody is left nothing is looked at."""
    north, south = Walker(CARRIER), Walker(SOUTH)
    async with walking(hold, north, south) as made:
        await north.over()
        made.leave(south)
        seen = [list(each) for each in south.walks]
        await north.over()
        await north.over()
        assert south.walks == seen
        made.leave(north)
        made.join(south)
        await south.over()
        assert south.walks[-2] == ids(2, 4, 6, 8)
