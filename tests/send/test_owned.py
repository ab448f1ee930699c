"""What only one process may do at a time: begun by one, moved when it falls silent, ended when it cannot be sure any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import pytest

from globewire.errors import Unavailable
from globewire.hold.port import Hold
from globewire.hold.postgres import PostgresHold
from globewire.send import owned
from globewire.send.owned import Owned
from laws.conftest import Opener
from stories.house import now

LEASE = 800


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renewals as much shorter than usual as the lease is."""
    monkeypatch.setattr(owned, "RENEWED", 0.05)


@dataclass(slots=True)
class Owner:
    """One process's hand on it. `began` and `ended` are set at the first of each; `refusals` are how often it cannot begin."""

    name: str
    has: bool = False
    refusals: int = 0
    began: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    running: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("not now")
        self.has = True
        self.began.set()

    async def end(self) -> None:
        self.has = False
        self.ended.set()

    async def die(self) -> None:
        """Fall silent, and give up nothing."""
        assert self.running is not None
        self.running.cancel()
        await asyncio.wait([self.running])


@asynccontextmanager
async def owners(*wanting: tuple[Hold, str], refusals: int = 0) -> AsyncIterator[list[Owner]]:
    """Processes, each with its hold, that all want the same thing; the first has it."""
    made = [Owner(name, refusals=refusals) for _, name in wanting]
    async with AsyncExitStack() as stack, asyncio.timeout(20):
        for (hold, name), one in zip(wanting, made, strict=True):
            run = Owned(hold, "carrier north", name, LEASE, now=now, begin=one.begin, end=one.end).run
            one.running = asyncio.create_task(run())
            stack.push_async_callback(one.die)
            await made[0].began.wait()
        yield made


async def any_began(*those: Owner) -> None:
    """Return when one of them has begun."""
    waits = [asyncio.create_task(one.began.wait()) for one in those]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def test_it_moves_when_its_owner_falls_silent(hold: Hold) -> None:
    """Not before; and the one who comes back too late finds it taken."""
    async with owners((hold, "a"), (hold, "b"), (hold, "c")) as (a, b, c):
        for _ in range(10):
            assert not await hold.own("carrier north", "d", now(), LEASE)
            await asyncio.sleep(LEASE / 4000)
        assert [one.has for one in (a, b, c)] == [True, False, False]
        await a.die()
        await any_began(b, c)
        assert b.has is not c.has
        assert not await hold.own("carrier north", "a", now(), LEASE)


async def test_it_moves_at_once_when_it_is_given_up(hold: Hold) -> None:
    async with owners((hold, "a"), (hold, "b")) as (a, b):
        await a.die()
        await hold.disown("a")
        assert await hold.own("carrier north", "c", now(), 0)  # free, and free again
        await b.began.wait()


async def test_it_is_ended_when_another_has_it(hold: Hold) -> None:
    """As after a sleep of the whole machine: whoever took it meanwhile keeps it."""
    async with owners((hold, "a")) as (a,):
        await hold.disown("a")
        while not await hold.own("carrier north", "b", now(), 60_000):
            await hold.disown("a")
        await a.ended.wait()
        assert not a.has


async def test_it_is_ended_when_the_hold_does_not_serve_for_a_lease(hold: Hold) -> None:
    async with owners((hold, "a")) as (a,):
        await hold.close()
        await a.ended.wait()
        assert not a.has
        assert a.running is not None
        assert not a.running.done()


async def test_it_is_ended_when_the_hold_says_nothing_for_a_lease(database: str) -> None:
    """A database that neither answers nor refuses: it is given up when the lease ends, not when the call does, and comes back."""
    hold = await PostgresHold.open(database, migrate=True)
    other = await asyncpg.connect(database)
    async with owners((hold, "a")) as (a,):
        async with other.transaction():
            await other.execute("LOCK TABLE owner IN ACCESS EXCLUSIVE MODE")
            async with asyncio.timeout(5):  # the hold itself would wait for longer
                await a.ended.wait()
            a.began.clear()
        await a.began.wait()
    await other.close()
    await hold.close()


async def test_what_cannot_be_begun_yet_is_begun_later(hold: Hold) -> None:
    """The hold fails between the lease and what is done first with it."""
    async with owners((hold, "a"), refusals=3) as (a,):
        assert (a.has, a.refusals) == (True, 0)


async def test_two_holds_have_one_owner_between_them(opener: Opener) -> None:
    """Two processes on one store: never do two have it, whoever dies."""
    one, two = await opener(), await opener()
    async with owners((one, "a"), (two, "b"), (one, "c"), (two, "d")) as left:
        for _ in range(3):
            (owner,) = [owner for owner in left if owner.has]
            await owner.die()
            left.remove(owner)
            await any_began(*left)
        assert [owner.has for owner in left] == [True]


async def test_what_is_being_ended_is_neither_begun_again_nor_anyone_elses(hold: Hold) -> None:
    """A stop that takes longer than a lease, as carriers' answers are awaited."""
    done, taken = asyncio.Event(), 0
    begun: list[str] = []

    async def begin() -> None:
        begun.append("begun")

    async def end() -> None:
        begun.append("ended")
        await done.wait()

    owner = Owned(hold, "carrier north", "a", LEASE, now=now, begin=begin, end=end)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        running = group.create_task(owner.run())
        while not begun:
            await asyncio.sleep(0.01)
        stopping = group.create_task(owner.stop())
        until = now() + 2 * LEASE
        while now() < until:
            taken += await hold.own("carrier north", "b", now(), LEASE)
            await asyncio.sleep(LEASE / 4000)
        done.set()
        await stopping
        running.cancel()
    assert (begun, taken) == (["begun", "ended"], 0)
