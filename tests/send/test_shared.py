"""What the workers of a process ask of the hold together, with a hold that fails for one carrier: that holds up no other."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from globewire.errors import Unavailable
from globewire.hold.port import SEND, Became, Fact, Heard, Job, SendJob
from globewire.hold.sqlite import SqliteHold
from globewire.message import CarrierId, Millis, State
from globewire.meter.dials import Meter
from globewire.plan import Carrier
from globewire.send import claims
from globewire.send.attempt import Ending
from globewire.send.awaited import Awaited
from globewire.send.hand import Hand
from globewire.send.hearing import Hearing
from globewire.send.shared import Shared
from globewire.send.traffic import Traffic
from globewire.wire.pdu import Command, Status
from globewire.wire.smpp import Answered, Asked, Side
from laws.making import NOW, message, submission
from send.test_session import Ear, accept, ask, connect, make
from stories.house import eventually

NORTH, SOUTH = CarrierId("north"), CarrierId("south")


class Faulty(SqliteHold):
    """A hold in a file that serves nothing of the carrier `faulty`, as with a damaged page."""

    faulty = ""
    asked: tuple[int, int] = (0, 0)
    """Claims and writes that came, joint ones too."""

    async def _claim_sends(self, limits: Mapping[CarrierId, int], now: Millis, lease: int) -> dict[CarrierId, list[SendJob]]:
        self.asked = (self.asked[0] + 1, self.asked[1])
        self._check(limits)
        return await super()._claim_sends(limits, now, lease)

    async def done(self, *outcomes: tuple[Job, Sequence[Fact]]) -> None:
        self.asked = (self.asked[0], self.asked[1] + 1)
        self._check([job.carrier for job, _ in outcomes if isinstance(job, SendJob)])
        await super().done(*outcomes)

    async def record(self, *facts: Fact) -> None:
        self._check([fact.carrier for fact in facts if isinstance(fact, Heard)])
        await super().record(*facts)

    def _check(self, carriers: Sequence[str] | Mapping[CarrierId, int]) -> None:
        if self.faulty in carriers:
            raise Unavailable("a page is damaged")


class Taker:
    """Takes up to `room` messages of a carrier and keeps them in hand."""

    def __init__(self, hold: Faulty, shared: Shared, id: CarrierId, room: int) -> None:
        self.id, self.room = id, room
        self.hand = Hand(hold, id, lambda: NOW, shared.endings.add, Meter().submit_delay.of(id))
        self.jobs: list[SendJob] = []

    def begin(self, jobs: Sequence[SendJob]) -> None:
        """Take them."""
        self.jobs += jobs
        self.room -= len(jobs)

    async def has(self, *numbers: int) -> None:
        """Return when it has just these messages, in this order."""

        async def look() -> bool | None:
            return [job.message.id for job in self.jobs] == [message(n).id for n in numbers] or None

        await eventually(look, lambda: f"{len(self.jobs)} of {len(numbers)} taken")


@asynccontextmanager
async def sharing(folder: Path) -> AsyncIterator[tuple[Faulty, Shared]]:
    """A hold, and what its workers share, at work."""
    hold = await Faulty.open(folder / "hold.db")
    assert isinstance(hold, Faulty)
    shared = Shared(hold, lambda: NOW)
    running = asyncio.create_task(shared.run())
    yield hold, shared
    running.cancel()
    await asyncio.wait([running])
    await hold.close()


async def test_one_claim_serves_all_that_have_room(tmp_path: Path) -> None:
    """Each gets what it has room for, oldest first, and more when it has room again; whoever left gets nothing."""
    async with sharing(tmp_path) as (hold, shared):
        north, south = (Taker(hold, shared, id, room) for id, room in ((NORTH, 2), (SOUTH, 9)))
        await hold.keep([submission(n, carrier=SOUTH if n == 4 else NORTH) for n in range(1, 6)], None)
        for taker in (north, south):
            shared.claims.join(taker)
        await north.has(1, 2)
        await south.has(4)
        assert hold.asked == (1, 0)
        north.room = 9
        shared.claims.moved(NORTH)
        await north.has(1, 2, 3, 5)
        shared.claims.leave(north)
        await hold.keep([submission(6, carrier=NORTH), submission(7, carrier=SOUTH)], None)
        await south.has(4, 7)
        await north.has(1, 2, 3, 5)
        assert [job.message.id for job in await hold.claim(SEND, 9, NOW, 1000, NORTH)] == [message(6).id]


async def test_a_lane_that_cannot_be_claimed_from_holds_up_no_other(tmp_path: Path) -> None:
    """It is tried again after a pause, and meanwhile not with the others."""
    async with sharing(tmp_path) as (hold, shared):
        hold.faulty = NORTH
        north, south = (Taker(hold, shared, id, 9) for id in (NORTH, SOUTH))
        await hold.keep([submission(1, carrier=NORTH), submission(2, carrier=SOUTH)], None)
        for taker in (north, south):
            shared.claims.join(taker)
        await south.has(2)
        await hold.keep([submission(3, carrier=SOUTH)], None)
        await south.has(2, 3)
        await north.has()
        assert north.hand.claiming == 0
        hold.faulty = ""
        async with asyncio.timeout(10 * claims.PAUSE):
            await north.has(1)


async def test_an_ending_that_cannot_be_written_holds_up_no_other(tmp_path: Path) -> None:
    """It is written when that can be done, and its message stays in hand until then."""
    async with sharing(tmp_path) as (hold, shared):
        north, south = (Taker(hold, shared, id, 9) for id in (NORTH, SOUTH))
        await hold.keep([submission(n, carrier=SOUTH if n % 2 else NORTH) for n in range(1, 5)], None)
        for taker in (north, south):
            shared.claims.join(taker)
        await north.has(2, 4)
        await south.has(1, 3)
        hold.faulty = NORTH
        for job in (*north.jobs, *south.jobs):
            (north if job.carrier == NORTH else south).hand.end(ended(job))
        await south.hand.emptied()
        assert (len(north.hand), north.hand.unwritten, len(south.hand), south.hand.unwritten) == (2, 2, 0, 0)
        hold.faulty = ""
        async with asyncio.timeout(10):
            await north.hand.emptied()
        assert (await hold.counts())["state.rejected"] == 4


async def test_endings_that_come_together_are_written_together(tmp_path: Path) -> None:
    async with sharing(tmp_path) as (hold, shared):
        takers = [Taker(hold, shared, id, 9) for id in (NORTH, SOUTH)]
        await hold.keep([submission(n, carrier=SOUTH if n % 2 else NORTH) for n in range(1, 9)], None)
        for taker in takers:
            shared.claims.join(taker)
        await takers[0].has(2, 4, 6, 8)
        await takers[1].has(1, 3, 5, 7)
        for taker in takers:
            for job in taker.jobs:
                taker.hand.end(ended(job))
        for taker in takers:
            await taker.hand.emptied()
        assert hold.asked[1] == 1


async def test_a_receipt_that_cannot_be_kept_holds_up_no_other(tmp_path: Path) -> None:
    """Its carrier is told to offer it again; the others' are acknowledged."""
    async with sharing(tmp_path) as (hold, shared):
        hold.faulty = NORTH
        there = Ear(accept)
        server = await asyncio.get_running_loop().create_server(make(Side.SMSC, there), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        for id in (NORTH, SOUTH):
            plan = Carrier(id=id, host="", port=0, system_id=id, password="")
            hearing = Hearing(shared.receipts, plan, lambda: NOW, Traffic(), Awaited(), Meter())
            await connect(port, Ear(hearing.hear))
            assert isinstance(await there.next(), Asked)
        for pump, id in zip(there.pumps, (NORTH, SOUTH), strict=True):
            ask(pump, Command.DELIVER_SM, id, esm_class=4, short_message=f"id:{id} stat:DELIVRD err:000".encode())
        heard = [await there.next() for _ in there.pumps]
        answers = {event.ref: event.pdu.status for event in heard if isinstance(event, Answered)}
        assert answers == {NORTH: Status.RX_T_APPN, SOUTH: Status.ROK}
        assert (await hold.counts())["lane.settle"] == 1
        server.close()


def ended(job: SendJob) -> Ending:
    """No carrier takes it."""
    return Ending(job, (Became(job.message.id, State.REJECTED, NOW, job.carrier, "REJECTD", "no"),))
