"""A copy of a SQLite file in PostgreSQL is the same hold, wherever it was broken off; and nothing else is written over."""

import asyncio
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from globewire.hold import copying
from globewire.hold.copying import CopyFault, copy
from globewire.hold.port import SEND, SETTLE, TELL, Became, Lane, Question
from globewire.hold.postgres import PostgresHold
from globewire.hold.schema import SchemaFault
from globewire.hold.sqlite import SqliteHold
from globewire.hold.sums import connect
from globewire.message import Millis, State
from laws.making import CARRIER, NOW, account, message, submission
from laws.stored import LEASE, SOUTH, drained, fill, push, seen

LANES: tuple[tuple[Lane[Any], str], ...] = ((SEND, CARRIER), (SEND, SOUTH), (SETTLE, ""), (TELL, ""))
LATER = Millis(NOW + 10 * LEASE)


class Stop(Exception):
    """What breaks a copy off."""


def silent(over: int, total: int) -> None:
    assert 0 < over <= total


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    path = tmp_path / "hold.db"
    hold = await SqliteHold.open(path)
    await fill(hold)
    await push(hold)
    await hold.close()
    return path


@pytest.fixture
async def target(database: str) -> str:
    await (await PostgresHold.open(database, migrate=True)).close()
    return database


async def same(path: Path, url: str) -> None:
    """Both holds look the same, and give out the same jobs: the file as a gateway finds it that starts on it."""
    one, other = await SqliteHold.open(path), await PostgresHold.open(url)
    try:
        for lane, of in LANES:
            await one.recover(NOW, lane, of)
        assert await seen(one) == await seen(other)
        assert await drained(one, LATER) == await drained(other, LATER)
    finally:
        await one.close()
        await other.close()


async def test_a_copy_is_the_same(file: Path, target: str) -> None:
    counts = await copy(file, target, NOW, silent)
    assert all(count.source == count.target for count in counts)
    assert {c.name: c.source for c in counts}["message"] == 17
    await same(file, target)


async def test_a_copy_goes_on_where_it_was_broken_off(file: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After every batch once; nothing is there twice. Nobody gets in before it is done, and then it does nothing more."""
    monkeypatch.setattr(copying, "BATCH", 3)
    reached: list[int] = []

    def told(over: int, total: int) -> None:
        reached.append(over)
        raise Stop

    while True:
        try:
            await copy(file, target, NOW, told)
            break
        except Stop:
            with pytest.raises(SchemaFault, match="begun and not finished: run the same `globewire copy` again"):
                await PostgresHold.open(target)
    assert len(reached) > 20
    assert reached == sorted(set(reached))
    assert [c.target for c in await copy(file, target, NOW, told)] == [c.source for c in await copy(file, target, NOW, told)]
    await same(file, target)


async def test_a_gateway_goes_on_with_the_copy(file: Path, target: str) -> None:
    """What waited is claimed, what was leased too, as interrupted, and at once; numbers go on where they were."""
    await copy(file, target, NOW, silent)
    hold = await PostgresHold.open(target)
    try:
        jobs = await hold.claim(SEND, 9, NOW, LEASE, CARRIER)
        assert [(job.message.id, job.interrupted) for job in jobs] == [(message(n).id, True) for n in (1, 2, 4)]
        await hold.put_account(account())
        await hold.keep([submission(50)], None)
        await hold.record(Became(message(50).id, State.EXPIRED, NOW))
        assert (await hold.search(Question(limit=1)))[0].told == "waiting"
    finally:
        await hold.close()
    await copy(file, target, NOW, silent)  # it is done: nothing comes back
    hold = await PostgresHold.open(target)
    assert await hold.claim(SEND, 9, NOW, LEASE, CARRIER) == []
    await hold.close()


async def test_a_database_that_is_not_migrated_is_refused(file: Path, database: str) -> None:
    with pytest.raises(SchemaFault, match="run `globewire migrate`"):
        await copy(file, database, NOW, silent)


async def test_a_database_with_other_content_is_refused(file: Path, target: str) -> None:
    hold = await PostgresHold.open(target)
    await hold.put_account(account())
    await hold.close()
    with pytest.raises(CopyFault, match=r"content of its own \(in table account\)"):
        await copy(file, target, NOW, silent)
    await (await PostgresHold.open(target)).close()


async def test_a_file_that_changed_meanwhile_is_refused(file: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(over: int, total: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        await copy(file, target, NOW, told)
    hold = await SqliteHold.open(file)
    await hold.record(Became(message(3).id, State.UNKNOWN, LATER))
    await hold.close()
    with pytest.raises(CopyFault, match="the file has changed since"):
        await copy(file, target, NOW, silent)


async def test_a_file_that_is_in_use_is_refused(file: Path, target: str) -> None:
    hold = await SqliteHold.open(file)
    try:
        with pytest.raises(CopyFault, match="stop the gateway on it"):
            await copy(file, target, NOW, silent)
    finally:
        await hold.close()
    await copy(file, target, NOW, silent)


async def test_while_a_copy_runs_nobody_else_gets_in(file: Path, target: str) -> None:
    """Neither at the file nor at the database, and a second copy neither."""
    second: list[asyncio.Task[object]] = []

    def told(over: int, total: int) -> None:
        if not second:
            second.append(asyncio.create_task(copy(elsewhere, target, NOW, silent)))
            with closing(connect(file, patience=0)) as other, pytest.raises(apsw.BusyError):
                other.execute("SELECT count(*) FROM message")

    elsewhere = Path(shutil.copy(file, file.with_name("same.db")))
    await copy(file, target, NOW, told)
    with pytest.raises(CopyFault, match="another copy into this database is under way"):
        await second[0]


async def test_a_server_that_is_not_there_is_a_sentence(file: Path) -> None:
    with pytest.raises(CopyFault, match=r"cannot be used: .*: run the same again when it can"):
        await copy(file, "postgresql://globewire@127.0.0.1:1/x", NOW, silent)
