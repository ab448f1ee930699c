"""Several processes on one PostgreSQL database, as far as the server can tell: nothing is lost, nothing happens twice."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
import pytest

from globewire import errors
from globewire.hold.pg import facts
from globewire.hold.pg.turn import Turn
from globewire.hold.port import (
    SEND,
    SETTLE,
    TELL,
    Became,
    CarrierStanding,
    Lane,
    Nonce,
    Once,
    Question,
    SettleJob,
    Submitted,
)
from globewire.hold.postgres import PostgresHold
from globewire.hold.settling import decide
from globewire.message import Millis, PartState, State
from globewire.settle.receipts import Receipts
from laws.conftest import Pair
from laws.making import ACCOUNT, CARRIER, NOW, account, heard, message, part, submission

LEASE = 60_000
DAY = 86_400_000


async def test_claims_of_two_processes_are_disjoint(pair: Pair) -> None:
    await pair[0].keep([submission(n) for n in range(300)], None)
    await pair[1].record(*(heard(f"id{n}") for n in range(300)))
    sends = await asyncio.gather(*(pair[n % 2].claim(SEND, 7, NOW, LEASE, CARRIER) for n in range(60)))
    while more := await pair[0].claim(SEND, 50, NOW, LEASE, CARRIER):
        sends.append(more)
    assert sorted(job.message.id for jobs in sends for job in jobs) == [message(n).id for n in range(300)]
    settles = await asyncio.gather(*(pair[n % 2].claim(SETTLE, 7, NOW, LEASE) for n in range(60)))
    while later := await pair[0].claim(SETTLE, 50, NOW, LEASE):
        settles.append(later)
    ids = [job.id for jobs in settles for job in jobs]
    assert len(ids) == len(set(ids)) == 300


async def test_a_nonce_is_used_for_all_processes(pair: Pair) -> None:
    """Many nonces in many orders at once: each is used once, and nobody waits for ever."""
    calls = [(pair[n % 2], submission(n), Nonce(n * 7 % 40, Millis(NOW + 1))) for n in range(200)]
    results = await asyncio.gather(*(hold.keep([kept], nonce) for hold, kept, nonce in calls), return_exceptions=True)
    assert results.count(None) == 40
    assert all(result is None or (isinstance(result, errors.Refused) and result.row == errors.NONCE_USED) for result in results)
    assert len(await pair[0].search(Question(limit=1000))) == 40


async def test_a_key_is_kept_once_by_all_processes(pair: Pair) -> None:
    async def call(n: int) -> tuple[str, str | None]:
        key = f"k{n * 7 % 40}"
        once = Once(ACCOUNT, key, "same", f"answer {n}", Millis(NOW + DAY))
        return key, await pair[n % 2].keep([submission(n)], Nonce(n, Millis(NOW + 1)), once=once)

    results = await asyncio.gather(*(call(n) for n in range(200)))
    kept = {s.message.task_id.removeprefix("task-") for s in await pair[0].search(Question(limit=1000))}
    assert len(kept) == 40
    answers = {key: {answer for k, answer in results if k == key and answer} for key, _ in results}
    assert {answer for given in answers.values() for answer in given} == {f"answer {n}" for n in kept}
    assert all(len(given) == 1 for given in answers.values())


async def test_what_is_owned_is_owned_for_all_processes(pair: Pair) -> None:
    owns = await asyncio.gather(*(pair[n % 2].own("carrier.north", f"o{n}", NOW, LEASE) for n in range(20)))
    assert owns.count(True) == 1
    assert await pair[1].own("carrier.north", "later", Millis(NOW + LEASE), LEASE)
    assert not await pair[0].own("carrier.north", f"o{owns.index(True)}", Millis(NOW + LEASE), LEASE)


async def test_a_quota_is_drawn_by_all_processes_together(pair: Pair) -> None:
    given = [
        sum(await asyncio.gather(*(pair[n % 2].draw("shop.send", 100.0, 3, Millis(NOW + tick)) for n in range(8))))
        for tick in range(0, 12_000, 50)
    ]
    assert 950 <= sum(given[:200]) <= 1100
    assert 950 <= sum(given[-200:]) <= 1100


async def settle_all(hold: PostgresHold, over: Callable[[], bool]) -> None:
    receipts = Receipts(hold, now=lambda: NOW)
    while not over():
        if not await receipts.settle():
            await asyncio.sleep(0)


async def test_receipts_of_two_parts_settled_at_once_do_not_miss_each_other(pair: Pair) -> None:
    """Each process decides with the other's part unsettled; one of them decides anew."""
    await pair[0].put_account(account())
    await pair[0].keep([submission(1)], None)
    await pair[0].record(*(Submitted(part(1, n, 2, f"p{n}")) for n in (1, 2)), Became(message(1).id, State.SUBMITTED, NOW))
    await pair[0].record(heard("p1"), heard("p2"))
    jobs = [(await hold.claim(SETTLE, 1, NOW, LEASE))[0] for hold in pair]
    assert {job.part.carrier_id for job in jobs if job.part} == {"p1", "p2"}
    await asyncio.gather(*(hold.done((job, decide([job], NOW)[0])) for hold, job in zip(pair, jobs, strict=True)))
    (anew,) = await pair[0].claim(SETTLE, 9, NOW, LEASE)
    assert sorted(p.state for p in anew.parts) == [PartState.DELIVERED, PartState.SUBMITTED]
    await pair[0].done((anew, decide([anew], NOW)[0]))
    standing = await pair[1].look(message(1).id)
    assert standing is not None
    assert (standing.state, [p.state for p in standing.parts]) == (State.DELIVERED, [PartState.DELIVERED] * 2)
    assert (await pair[0].counts())["lane.tell"] == 1


async def test_two_processes_settle_and_tell_without_losing_or_mixing_anything(pair: Pair) -> None:
    """Every message ends, each is told once, and an endpoint's reports come in the order of their numbers, whoever pushes."""
    await pair[0].put_account(account())
    await pair[0].keep([submission(n) for n in range(120)], None)
    await pair[0].record(
        *(Submitted(part(n, s, 3, f"{n}-{s}")) for n in range(120) for s in (1, 2, 3)),
        *(Became(message(n).id, State.SUBMITTED, NOW) for n in range(120)),
    )
    told: list[int] = []

    async def hear(hold: PostgresHold, sequences: Sequence[int]) -> None:
        for n in range(120):
            await hold.record(*(heard(f"{n}-{s}") for s in sequences))

    async def tell(hold: PostgresHold) -> None:
        while len(told) < 120:
            for job in await hold.claim(TELL, 5, NOW, LEASE):
                told.extend(report.id for report in job.reports)
                await hold.done((job, ()))
            await asyncio.sleep(0)

    def over() -> bool:
        return len(told) >= 120

    async with asyncio.timeout(60):
        await asyncio.gather(
            hear(pair[0], (1, 2)), hear(pair[1], (3,)), *(settle_all(hold, over) for hold in pair), *(tell(hold) for hold in pair)
        )
    assert len(told) == 120
    assert told == sorted(set(told))
    assert {s.state for s in await pair[0].search(Question(limit=200))} == {State.DELIVERED}
    assert {s.told for s in await pair[0].search(Question(limit=200))} == {"acknowledged"}


async def test_what_another_process_had_and_gave_back_is_claimed_as_it_is_now(pair: Pair) -> None:
    """Not as it was kept, though its process still has that in hand and no carrier has refused it."""
    await pair[0].keep([submission(1), submission(2)], None)
    (job, _) = await pair[1].claim(SEND, 9, NOW, LEASE, CARRIER)
    await pair[1].record(Became(job.message.id, State.UNKNOWN, NOW))
    await pair[1].again((job, NOW))
    (again,) = await pair[0].claim(SEND, 9, NOW, LEASE, CARRIER)
    assert (again.message, again.state, again.tried, again.interrupted) == (message(1), State.UNKNOWN, (), False)


async def test_a_report_with_a_higher_number_waits_for_a_lower_one(pair: Pair, database: str) -> None:
    """Law 6: while one transaction has queued a report and is not yet committed, another of that account's waits for it."""
    await pair[0].put_account(account())
    await pair[0].keep([submission(1), submission(2)], None)
    connection = await asyncpg.connect(database)
    await facts.record(Turn(connection), [[Became(message(1).id, State.EXPIRED, NOW)]])
    second = asyncio.create_task(pair[1].record(Became(message(2).id, State.EXPIRED, NOW)))
    async with asyncio.timeout(20):
        while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert not second.done()
        await connection.execute("COMMIT")
        await second
    await connection.close()
    (job,) = await pair[0].claim(TELL, 9, NOW, LEASE)
    assert [report.message for report in job.reports] == [message(1).id, message(2).id]


async def test_of_two_processes_that_end_a_message_one_does(pair: Pair) -> None:
    """Laws 4 and 5: one final state, and one callback for it."""
    await pair[0].put_account(account())
    await pair[0].keep([submission(n) for n in range(60)], None)
    await pair[0].record(*(Became(message(n).id, State.SUBMITTED, NOW) for n in range(60)))
    ends = (State.DELIVERED, State.EXPIRED)
    await asyncio.gather(
        *(
            pair[which].record(*(Became(message(n).id, ends[which], NOW, None, ends[which], "") for n in order))
            for which, order in ((0, range(60)), (1, range(59, -1, -1)))
            for _ in range(3)
        )
    )
    assert (await pair[0].counts())["lane.tell"] == 60
    assert all(s.error_code == s.state for s in await pair[0].search(Question(limit=100)))


@pytest.mark.parametrize("late", [False, True])
async def test_a_receipt_that_two_processes_had_counts_once(pair: Pair, late: bool) -> None:
    """The lease of the first ran out, and the second had it too: whoever comes second changes nothing."""
    await pair[0].put_account(account())
    await pair[0].keep([submission(1)], None)
    await pair[0].record(Submitted(part(1)), Became(message(1).id, State.SUBMITTED, NOW), heard("id1"))
    jobs: list[tuple[PostgresHold, SettleJob]] = []
    for hold, at in zip(pair, (NOW, Millis(NOW + LEASE)), strict=True):
        jobs += [(hold, job) for job in await hold.claim(SETTLE, 9, at, LEASE)]
    for hold, job in reversed(jobs) if late else jobs:
        await hold.done((job, decide([job], NOW)[0]))
    assert await pair[0].claim(SETTLE, 9, Millis(NOW + 9 * LEASE), LEASE) == []
    assert (await pair[0].counts())["lane.tell"] == 1


@pytest.mark.parametrize("lane", [SEND, SETTLE, TELL])
async def test_a_process_is_woken_by_another(pair: Pair, lane: Lane[Any]) -> None:
    """Long before its wait would end, where nobody is at work on that lane in the other."""
    await pair[0].put_account(account())
    await pair[0].keep([submission(1)], None)
    of = CARRIER if lane.name == SEND.name else ""
    await pair[1].wait(lane, 0.0, (of,))
    async with asyncio.timeout(20):
        waiting = asyncio.create_task(pair[1].wait(lane, 1000.0, (of,)))
        await pair[0].keep([submission(2)], None)
        await pair[0].record(heard("id1"), Became(message(1).id, State.EXPIRED, NOW))
        assert await waiting == {of}


async def test_the_book_and_the_carriers_are_everyones(pair: Pair) -> None:
    before = await pair[1].book()
    assert before is not None
    await asyncio.gather(*(pair[n % 2].put_account(account()) for n in range(10)))
    after = await pair[1].book(before.version)
    assert after is not None
    assert (after.version > before.version, after.accounts) == (True, (account(),))
    standing = CarrierStanding(CARRIER, 1, 2, 3, "bound", NOW)
    await asyncio.gather(*(hold.stand([standing]) for hold in pair))
    assert await pair[0].carriers() == [standing]
