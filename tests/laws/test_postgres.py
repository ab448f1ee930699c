"""What the PostgreSQL engine promises beyond the laws: it refuses databases that it cannot trust, outlives its server, and keeps
each day by itself."""

import asyncio
import dataclasses
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from typing import TypeVar

import pytest

from globewire import errors
from globewire.hold.pg import hosts, schema
from globewire.hold.port import (
    SEND,
    SETTLE,
    Became,
    Nonce,
    Noted,
    Question,
    Submitted,
)
from globewire.hold.postgres import PostgresHold
from globewire.hold.schema import SchemaFault
from globewire.message import CarrierId, MessageId, Millis, State
from laws.conftest import Pair
from laws.making import CARRIER, NOW, heard, message, part, submission
from laws.server import Server
from peers.ports import free_port

T = TypeVar("T")
LEASE = 60_000
DAY = 86_400_000


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


@pytest.fixture
def crashing(server: Server) -> Iterator[Server]:
    """A server of the test's own: after a crash a server flushes every file of every database that it has."""
    with closing(Server()) as own:
        yield own


async def test_a_hold_outlives_its_server(crashing: Server) -> None:
    """A crash: Unavailable while it is gone, then all works again by itself, and what was kept is there."""
    hold = await PostgresHold.open(crashing.url("postgres"), migrate=True)
    try:
        await hold.keep([submission(1)], Nonce(1, Millis(NOW + 1)))
        crashing.stop()
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
            crashing.start()
        await when_served(lambda: hold.keep([submission(4)], None))
        claimed = await when_served(lambda: hold.claim(SEND, 9, NOW, LEASE, CARRIER))
        assert [job.message.id for job in claimed] == [message(1).id, message(4).id]
    finally:
        await hold.close()


async def test_what_was_kept_before_a_crash_is_there_after_it(crashing: Server) -> None:
    """Law 1 in the middle of a storm: of what `keep` returned for, nothing is missing."""
    hold = await PostgresHold.open(crashing.url("postgres"), migrate=True)
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
        await asyncio.to_thread(crashing.stop)
        await asyncio.gather(*senders)
        await asyncio.to_thread(crashing.start)
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
