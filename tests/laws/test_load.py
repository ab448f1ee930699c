"""What an engine says of the work that there is, and what it counts of what it did: whatever is asked, exactly what came of it."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from globewire.errors import Unavailable
from globewire.hold.port import SEND, SETTLE, TELL, Became, Hold, Load, PartBecame, Submitted, Waiting
from globewire.hold.postgres import PostgresHold
from globewire.hold.sqlite import SqliteHold
from globewire.message import CarrierId, Millis, PartState, State
from globewire.meter.dials import Meter
from laws.making import ACCOUNT, CARRIER, NOW, account, heard, message, part, submission

LEASE = 60_000
SOUTH = CarrierId("south")


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture(params=["sqlite", "postgres"])
async def hold(request: pytest.FixtureRequest, tmp_path: Path, meter: Meter) -> AsyncIterator[Hold]:
    """An engine that counts in `meter`."""
    hold: Hold
    if request.param == "sqlite":
        hold = await SqliteHold.open(tmp_path / "hold.db", meter=meter)
    else:
        hold = await PostgresHold.open(request.getfixturevalue("database"), migrate=True, meter=meter)
    yield hold
    await hold.close()


def reached(meter: Meter) -> dict[State, int]:
    """How many messages came to each state, where any did."""
    return {state: count for state in State if (count := meter.messages.of(state).value)}


async def test_the_load_is_what_is_under_way(hold: Hold) -> None:
    """Open messages by state; in each lane how many wait, in hand or not, and since when the oldest does."""
    await hold.put_account(account())
    await hold.keep([submission(1, at=NOW - 9_000), submission(2)], None)
    await hold.keep([submission(3, at=NOW - 5_000, carrier=SOUTH), submission(4), submission(5)], None)
    assert await hold.load() == Load(
        {State.ACCEPTED: 5},
        (
            Waiting("send", CARRIER, 4, Millis(NOW - 9_000)),
            Waiting("send", SOUTH, 1, Millis(NOW - 5_000)),
            Waiting("settle", "", 0, Millis(0)),
            Waiting("tell", ACCOUNT, 0, Millis(0)),
            Waiting("dead", ACCOUNT, 0, Millis(0)),
        ),
    )
    jobs = await hold.claim(SEND, 10, NOW, LEASE, CARRIER)
    assert len(jobs) == 4
    assert (await hold.load()).waiting[0].jobs == 4
    await hold.done(
        (jobs[0], (Became(jobs[0].message.id, State.UNKNOWN, NOW, CARRIER),)),
        (jobs[1], (Submitted(part(2)), Became(message(2).id, State.SUBMITTED, NOW, CARRIER))),
        (jobs[2], (Became(message(4).id, State.REJECTED, Millis(NOW + 100)),)),
        (jobs[3], (Became(message(5).id, State.REJECTED, Millis(NOW + 200)),)),
    )
    await hold.record(heard("id2"), dataclasses.replace(heard("never"), at=Millis(NOW - 70)))
    told = await hold.claim(TELL, 1, Millis(NOW + 300), LEASE)
    await hold.bury(told[0], Millis(NOW + 300))
    assert await hold.load() == Load(
        {State.ACCEPTED: 1, State.UNKNOWN: 1, State.SUBMITTED: 1},
        (
            Waiting("send", SOUTH, 1, Millis(NOW - 5_000)),
            Waiting("settle", "", 2, NOW),
            Waiting("tell", ACCOUNT, 1, Millis(NOW + 200)),
            Waiting("dead", ACCOUNT, 1, Millis(NOW + 100)),
        ),
    )


async def test_an_orphan_is_no_load(hold: Hold) -> None:
    """A receipt that nobody looks at again does not wait."""
    await hold.record(heard("never"))
    (job,) = await hold.claim(SETTLE, 10, NOW, LEASE)
    await hold.again((job, None))
    assert await hold.load() == Load({}, (Waiting("settle", "", 0, Millis(0)),))


async def test_a_load_that_takes_too_long_can_be_given_up(hold: Hold) -> None:
    """It is cancelled, and the next one is answered."""
    await hold.keep([submission(n) for n in range(2_000)], None)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await hold.load()
    assert (await hold.load()).open == {State.ACCEPTED: 2_000}


async def test_states_are_counted_as_they_were_written(hold: Hold, meter: Meter) -> None:
    """A change that MAY_BECOME forbids, and the same change again, are counted for none; neither is what was not committed."""
    await hold.keep([submission(n) for n in range(6)], None)
    await hold.record(*(Became(message(n).id, State.SUBMITTED, NOW, CARRIER) for n in range(4)))
    await asyncio.gather(
        hold.record(Became(message(0).id, State.DELIVERED, NOW), Became(message(1).id, State.FAILED, NOW)),
        hold.record(Became(message(2).id, State.DELIVERED, NOW), Became(message(4).id, State.DELIVERED, NOW)),
        hold.record(Became(message(0).id, State.EXPIRED, NOW), Became(message(77).id, State.EXPIRED, NOW)),
    )
    await hold.record(Became(message(0).id, State.DELIVERED, NOW), PartBecame(message(0).id, 1, PartState.DELIVERED, "", NOW))
    wrong = dataclasses.replace(heard("x"), at=Millis(2**70))
    with pytest.raises(Unavailable):
        await hold.record(Became(message(3).id, State.DELIVERED, NOW), wrong)
    assert reached(meter) == {State.ACCEPTED: 6, State.SUBMITTED: 4, State.DELIVERED: 2, State.FAILED: 1}
    assert (await hold.load()).open == {State.ACCEPTED: 2, State.SUBMITTED: 1}


async def test_what_expires_is_counted(hold: Hold, meter: Meter) -> None:
    await hold.keep([submission(n, validity=1) for n in range(3)], None)
    assert await hold.expire(Millis(NOW + 2_000), 0, 10) == 3
    assert reached(meter) == {State.ACCEPTED: 3, State.EXPIRED: 3}


async def test_commits_are_counted_with_their_sizes(hold: Hold, meter: Meter) -> None:
    """As many requests as were made, in no more commits than that; what fails is counted as failed."""
    lines = ("all",) if isinstance(hold, SqliteHold) else ("keep", "claim", "draw", "write")
    before = sum(meter.commits.of(line).sum for line in lines)
    await asyncio.gather(*(hold.keep([submission(n)], None) for n in range(20)), hold.claim(SEND, 1, NOW, LEASE, CARRIER))
    spreads = [meter.commits.of(line) for line in lines]
    assert sum(spread.sum for spread in spreads) - before == 21
    assert sum(map(sum, (spread.counts for spread in spreads))) == sum(sum(meter.commit_seconds.of(line).counts) for line in lines)
    assert [meter.commits_failed.of(line).value for line in lines] == [0] * len(lines)
    with pytest.raises(Unavailable):
        await hold.record(dataclasses.replace(heard("x"), at=Millis(2**70)))
    assert meter.commits_failed.of(lines[-1]).value == 1
