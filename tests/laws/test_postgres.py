"""What the PostgreSQL engine promises beyond the laws: it refuses databases that it cannot trust, outlives its server, and
stays right where several processes share one database."""

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from typing import Any, TypeVar

import asyncpg
import pytest

from globewire import errors
from globewire.hold.pg import facts, hosts, schema
from globewire.hold.port import (
    SEND,
    SETTLE,
    TELL,
    Became,
    CarrierStanding,
    Lane,
    Nonce,
    Noted,
    Once,
    Question,
    SettleJob,
    Submitted,
)
from globewire.hold.postgres import PostgresHold
from globewire.hold.schema import SchemaFault
from globewire.message import CarrierId, MessageId, Millis, PartState, State
from globewire.settle.receipts import Receipts, decide
from laws.making import ACCOUNT, CARRIER, NOW, account, heard, message, part, submission
from laws.server import Server, free_port

T = TypeVar("T")
LEASE = 60_000
DAY = 86_400_000
Pair = tuple[PostgresHold, PostgresHold]


@pytest.fixture
async def pair(database: str) -> AsyncIterator[Pair]:
    """Two processes' holds on one database, as far as PostgreSQL can tell."""
    one, two = await PostgresHold.open(database, migrate=True), await PostgresHold.open(database)
    yield one, two
    await one.close()
    await two.close()


async def when_served(call: Callable[[], Awaitable[T]]) -> T:
    """The call's result, from the first time that the hold serves again."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await call()
            except errors.Unavailable:
                await asyncio.sleep(0.05)


# --- what it refuses ---------------------------------------------------------------------------------------------------


async def refusal(url: str, *, migrate: bool = False) -> str:
    with pytest.raises(SchemaFault) as refused:
        await PostgresHold.open(url, migrate=migrate)
    return str(refused.value)


async def test_a_database_without_the_schema_is_refused(database: str) -> None:
    assert await refusal(database) == "the database is not set up yet: run `globewire migrate`"
    await (await PostgresHold.open(database, migrate=True)).close()
    await (await PostgresHold.open(database)).close()


async def test_an_older_schema_is_refused_until_it_is_migrated(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await (await PostgresHold.open(database, migrate=True)).close()
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE later(id bigint)"))
    assert "an older Globewire" in (sentence := await refusal(database))
    assert "run `globewire migrate`" in sentence
    await (await PostgresHold.open(database, migrate=True)).close()
    await (await PostgresHold.open(database)).close()


@pytest.mark.parametrize("migrate", [False, True])
async def test_a_newer_schema_is_refused(database: str, server: Server, migrate: bool) -> None:
    await (await PostgresHold.open(database, migrate=True)).close()
    server.sql(database.rpartition("/")[2], "UPDATE schema_version SET version = 99")
    assert "written by a newer Globewire (schema 99," in await refusal(database, migrate=migrate)


async def test_two_processes_may_migrate_at_once(database: str) -> None:
    holds = await asyncio.gather(*(PostgresHold.open(database, migrate=True) for _ in range(3)))
    for hold in holds:
        await hold.close()


async def test_a_server_that_does_not_flush_is_refused(database: str, server: Server) -> None:
    name = database.rpartition("/")[2]
    server.sql("postgres", f"ALTER DATABASE {name} SET synchronous_commit = off")
    assert "synchronous_commit = off" in await refusal(database, migrate=True)
    hold = await PostgresHold.open(database, migrate=True, durable=False)
    await hold.keep([submission(1)], None)
    await hold.close()


async def test_a_server_that_is_not_there_is_refused_with_a_sentence() -> None:
    assert "cannot be used" in await refusal(f"postgresql://globewire@127.0.0.1:{free_port()}/x")


# --- when the server goes ----------------------------------------------------------------------------------------------


async def test_a_hold_outlives_its_server(database: str, server: Server) -> None:
    """A crash: Unavailable while it is gone, then all works again by itself, and what was kept is there."""
    hold = await PostgresHold.open(database, migrate=True)
    try:
        await hold.keep([submission(1)], Nonce(1, Millis(NOW + 1)))
        server.stop()
        try:
            for call in (
                lambda: hold.keep([submission(2)], None),
                lambda: hold.claim(SEND, 9, NOW, LEASE, CARRIER),
                lambda: hold.look(message(1).id),
                lambda: hold.record(heard("id1")),
                lambda: hold.keep([submission(3, at=NOW + 5 * DAY)], None),
                lambda: hold.forget(NOW, NOW, 10, now=NOW),
            ):
                with pytest.raises(errors.Unavailable):
                    await call()
        finally:
            server.start()
        await when_served(lambda: hold.keep([submission(4)], None))
        claimed = await when_served(lambda: hold.claim(SEND, 9, NOW, LEASE, CARRIER))
        assert [job.message.id for job in claimed] == [message(1).id, message(4).id]
    finally:
        await hold.close()


async def test_what_was_kept_before_a_crash_is_there_after_it(database: str, server: Server) -> None:
    """Law 1 in the middle of a storm: of what `keep` returned for, nothing is missing."""
    hold = await PostgresHold.open(database, migrate=True)
    try:
        kept: list[MessageId] = []
        enough = asyncio.Event()

        async def sender(first: int) -> None:
            for n in range(first, first + 10_000):
                try:
                    await hold.keep([submission(n)], Nonce(n, Millis(NOW + 1)))
                except errors.Unavailable:
                    return
                kept.append(message(n).id)
                if len(kept) > 300:
                    enough.set()

        senders = [asyncio.create_task(sender(n * 10_000)) for n in range(9)]
        await enough.wait()
        await asyncio.to_thread(server.stop)
        await asyncio.gather(*senders)
        await asyncio.to_thread(server.start)
        found = {s.message.id for s in await when_served(lambda: hold.search(Question(limit=100_000)))}
        assert set(kept) <= found
    finally:
        await hold.close()


@pytest.fixture
def two_servers(server: Server) -> Iterator[tuple[Server, Server]]:
    """A primary, and a standby that it waits for at each commit."""
    with ExitStack() as stack:
        primary = Server()
        stack.callback(primary.close)
        standby = Server(primary)
        stack.callback(standby.close)
        primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.sql("postgres", "SELECT pg_reload_conf()")
        yield primary, standby


async def test_nothing_is_missing_after_a_fail_over(two_servers: tuple[Server, Server]) -> None:
    """The primary dies under load, its standby is promoted; whoever asks goes on asking, and nothing that was kept is missing."""
    primary, standby = two_servers
    url = f"postgresql://globewire@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
    holds = [await PostgresHold.open(url, migrate=True) for _ in range(2)]
    kept: list[MessageId] = []
    refused = 0
    goal = 200
    reached = asyncio.Event()

    async def sender(hold: PostgresHold, numbers: Iterator[int]) -> None:
        nonlocal refused
        while not reached.is_set() or len(kept) < goal:
            n = next(numbers)
            try:
                await hold.keep([submission(n)], Nonce(n, Millis(NOW + 1)))
            except errors.Unavailable:
                refused += 1
                await asyncio.sleep(0.02)
                continue
            kept.append(message(n).id)
            if len(kept) >= goal:
                reached.set()

    async with asyncio.timeout(60):
        numbers = count(1)
        senders = [asyncio.create_task(sender(holds[n % 2], numbers)) for n in range(8)]
        await reached.wait()
        goal = 10**9
        await asyncio.to_thread(primary.stop)
        before = len(kept)
        await asyncio.to_thread(standby.promote)
        goal = before + 200
        await asyncio.gather(*senders)
        found = {s.message.id for s in await holds[0].search(Question(limit=100_000))}
        claimed = {job.message.id for job in await holds[1].claim(SEND, 100_000, NOW, LEASE, CARRIER)}
    assert refused
    assert set(kept) <= found == claimed
    for hold in holds:
        await hold.close()


async def test_a_host_that_is_gone_is_passed_over(database: str, server: Server) -> None:
    both = f"127.0.0.1:{free_port()},127.0.0.1:{server.port}"
    hold = await PostgresHold.open(database.replace(f"127.0.0.1:{server.port}", both), migrate=True)
    await hold.keep([submission(1)], None)
    assert await hold.look(message(1).id) is not None
    await hold.close()


async def test_a_host_that_says_nothing_is_passed_over(database: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that was switched off: it takes its own time, not all of it."""
    monkeypatch.setattr(hosts, "EACH", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel accepts, and nobody reads
        both = f"127.0.0.1:{silent.getsockname()[1]},127.0.0.1:{server.port}"
        hold = await PostgresHold.open(database.replace(f"127.0.0.1:{server.port}", both), migrate=True)
        await hold.keep([submission(1)], None)
        await hold.close()


@pytest.mark.parametrize(
    ("url", "one_each"),
    [
        ("postgresql://u:p%40@a:1,b:2/d?x=1,2", ["postgresql://u:p%40@a:1/d?x=1,2", "postgresql://u:p%40@b:2/d?x=1,2"]),
        ("postgresql://a,[::1]:5/d", ["postgresql://a/d", "postgresql://[::1]:5/d"]),
        ("postgresql:///d?host=/run/pg", ["postgresql:///d?host=/run/pg"]),
        ("postgresql://a", ["postgresql://a"]),
    ],
)
def test_each_host_of_a_url_is_a_url(url: str, one_each: list[str]) -> None:
    assert hosts.split(url) == one_each


async def test_a_server_that_only_reads_is_not_used(database: str, server: Server) -> None:
    """As a primary is after a fail-over: connections that were made to it are of no use, and new ones go elsewhere."""
    name = database.rpartition("/")[2]
    hold = await PostgresHold.open(database, migrate=True)
    await hold.keep([submission(1)], None)
    server.sql("postgres", f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    server.sql("postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    for _ in range(3):
        with pytest.raises(errors.Unavailable):
            await hold.keep([submission(2)], None)
        with pytest.raises(errors.Unavailable):
            await hold.look(message(1).id)
    server.sql("postgres", f"ALTER DATABASE {name} RESET default_transaction_read_only")
    await when_served(lambda: hold.keep([submission(2)], None))
    await hold.close()


# --- several processes -------------------------------------------------------------------------------------------------


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
    assert all(result is None or (isinstance(result, errors.Refused) and result.row is errors.NONCE_USED) for result in results)
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


async def test_a_report_with_a_higher_number_waits_for_a_lower_one(pair: Pair, database: str) -> None:
    """Law 6: while one transaction has queued a report and is not yet committed, another of that account's waits for it."""
    await pair[0].put_account(account())
    await pair[0].keep([submission(1), submission(2)], None)
    connection = await asyncpg.connect(database)
    await connection.execute("BEGIN")
    await facts.record(connection, [[Became(message(1).id, State.EXPIRED, NOW)]])
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
    """Long before its wait would end."""
    await pair[0].put_account(account())
    await pair[0].keep([submission(1)], None)
    for hold in pair:
        await hold.wait(lane, CARRIER if lane.name == SEND.name else "", 0.0)
    async with asyncio.timeout(20):
        waiting = asyncio.create_task(pair[1].wait(lane, CARRIER if lane.name == SEND.name else "", 1000.0))
        await pair[0].keep([submission(2)], None)
        await pair[0].record(heard("id1"), Became(message(1).id, State.EXPIRED, NOW))
        await waiting


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


# --- partitions --------------------------------------------------------------------------------------------------------


def tables(server: Server, database: str) -> set[str]:
    statement = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relispartition"
    return set(server.sql(database.rpartition("/")[2], statement).split())


async def test_a_day_is_a_partition_and_goes_as_a_whole(database: str, server: Server) -> None:
    hold = await PostgresHold.open(database, migrate=True)
    days = [NOW, NOW + DAY, NOW + 2 * DAY]
    await hold.keep([submission(n, at=days[n % 3]) for n in range(9)], None)
    ids = [message(n, at=days[n % 3]).id for n in range(9)]
    await hold.record(*(Became(id, State.EXPIRED, NOW) for id in ids if id != ids[1]), Noted(ids[0], NOW, "odd", "x"))
    assert {"message_20270115", "part_20270116", "note_20270117"} < tables(server, database)
    dropped = "20270115"
    assert await hold.forget(Millis(0), Millis(NOW + 2 * DAY), 100) == 3 + 2
    assert {s.message.id for s in await hold.search(Question())} == {ids[1], ids[2], ids[5], ids[8]}
    left = tables(server, database)
    assert not {name for name in left if name.endswith(dropped)}
    assert "message_20270116" in left
    await hold.close()


async def test_a_day_that_another_process_dropped_is_made_again(pair: Pair) -> None:
    """As after a clock was set back: nothing fails for lack of a partition."""
    for hold in pair:
        await hold.keep([submission(1 if hold is pair[0] else 2)], None)
    await pair[0].record(*(Became(message(n).id, State.EXPIRED, NOW) for n in (1, 2)))
    assert await pair[0].forget(Millis(0), Millis(NOW + 2 * DAY), 10) == 2
    await asyncio.gather(*(pair[1].keep([submission(n)], None) for n in range(3, 9)))
    await pair[1].record(Submitted(part(1)), Noted(message(1).id, NOW, "late", ""), heard("id1"))
    assert len(await pair[0].search(Question())) == 6


async def test_texts_are_blanked_once_and_those_that_end_later_as_they_end(pair: Pair) -> None:
    await pair[0].keep([submission(n) for n in range(5)], None)
    await pair[0].record(*(Became(message(n).id, State.EXPIRED, NOW) for n in range(3)))
    later = Millis(NOW + DAY)
    assert [await hold.forget(later, Millis(0), 2) for hold in (pair[0], pair[1], pair[0])] == [2, 1, 0]
    await pair[1].record(Became(message(3).id, State.EXPIRED, NOW))
    texts = {s.message.id: s.message.text for s in await pair[0].search(Question())}
    assert texts == {message(n).id: message(n).text if n == 4 else "" for n in range(5)}


async def test_a_receipt_finds_a_message_of_many_days_before(database: str) -> None:
    hold = await PostgresHold.open(database, migrate=True)
    old = NOW - 40 * DAY
    await hold.keep([submission(1, at=old), submission(2)], None)
    ids = (message(1, at=old).id, message(2).id)
    await hold.record(*(Submitted(dataclasses.replace(part(n), message=id)) for n, id in enumerate(ids, start=1)))
    await hold.record(heard("id1"), heard("id2"), heard("id3"))
    jobs = await hold.claim(SETTLE, 9, NOW, LEASE)
    assert [job.part and job.part.message for job in jobs] == [*ids, None]
    await hold.close()


async def test_a_text_comes_back_as_it_was_given(database: str) -> None:
    """PostgreSQL's text holds no NUL; ours does."""
    hold = await PostgresHold.open(database, migrate=True)
    given = submission(1)
    odd = "a\0b\U0001f600\ufffd\\"
    kept = dataclasses.replace(given, message=message(1, text=odd))
    await hold.keep([kept], None)
    (job,) = await hold.claim(SEND, 1, NOW, LEASE, CARRIER)
    standing = await hold.look(message(1).id)
    assert standing is not None
    assert job.message == standing.message == message(1, text=odd)
    await hold.record(heard("id\0one"), Noted(message(1).id, NOW, "odd", "x\0y"))
    (settling,) = await hold.claim(SETTLE, 1, NOW, LEASE)
    assert settling.receipt.carrier_ids == ("id\0one",)
    await hold.close()


async def test_a_message_of_another_carrier_is_not_disturbed_by_a_failing_one(database: str) -> None:
    """One payload that cannot be written takes no other with it."""
    hold = await PostgresHold.open(database, migrate=True)
    calls = [hold.keep([submission(n if n != 5 else 4, carrier=CarrierId("c"))], None) for n in range(40)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(result, errors.Unavailable) for result in results) == 1
    assert len(await hold.search(Question(limit=100))) == 39
    await hold.close()
