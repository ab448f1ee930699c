"""What the SQLite engine promises beyond the laws: its file is its owner's, and nobody's reading holds up what is kept."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import apsw
import pytest

from globewire.errors import Unavailable
from globewire.hold import checkpoints, lanes
from globewire.hold.port import SEND
from globewire.hold.sqlite import SqliteHold
from globewire.hold.sums import connect
from laws.making import CARRIER, NOW, submission


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hold.db"


@pytest.fixture
async def hold(path: Path) -> AsyncIterator[SqliteHold]:
    hold = await SqliteHold.open(path)
    yield hold
    await hold.close()


@pytest.fixture
def other(hold: SqliteHold, path: Path) -> Iterator[apsw.Connection]:
    """Another program's connection to the same file."""
    connection = connect(path, patience=0)
    yield connection
    connection.close()


async def test_the_files_are_their_owners(hold: SqliteHold, path: Path) -> None:
    await hold.keep([submission(1)], None)
    names = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert names == {"hold.db": 0o600, "hold.db-wal": 0o600, "hold.db-shm": 0o600}


async def test_of_two_who_make_it_at_once_both_have_the_same(path: Path) -> None:
    holds = await asyncio.gather(*(SqliteHold.open(path) for _ in range(3)))
    try:
        await holds[0].keep([submission(1)], None)
        assert [(await hold.counts()).get("state.accepted") for hold in holds] == [1, 1, 1]
    finally:
        for hold in holds:
            await hold.close()
    assert [file.name for file in path.parent.iterdir()] == ["hold.db"]


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is emptied after every transaction."""
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    monkeypatch.setattr(checkpoints, "LOG_LIMIT", 0)


async def test_a_reader_does_not_hold_up_what_is_kept(eager: None, hold: SqliteHold, other: apsw.Connection, path: Path) -> None:
    """While somebody reads an old state, the log cannot be emptied; were that waited for, each of these would take ten seconds.
    When the reader has ended, it is emptied."""
    log = path.with_name("hold.db-wal")
    await hold.keep([submission(0)], None)
    other.execute("BEGIN")
    assert other.execute("SELECT count(*) FROM message").get == 1
    async with asyncio.timeout(8):
        for n in range(1, 10):
            await hold.keep([submission(n)], None)
    assert log.stat().st_size > 0
    other.execute("COMMIT")
    await hold.keep([submission(10)], None)
    await hold.close()
    assert log.stat().st_size == 0
    assert other.execute("SELECT count(*) FROM message").get == 11


async def test_another_writer_is_waited_for(eager: None, hold: SqliteHold, other: apsw.Connection) -> None:
    """Also after the log was emptied."""
    for n in range(3):
        await hold.keep([submission(n)], None)
    other.execute("PRAGMA busy_timeout = 5000")
    other.execute("BEGIN IMMEDIATE")
    keeping = asyncio.create_task(hold.keep([submission(9)], None))
    done, _ = await asyncio.wait([keeping], timeout=0.3)
    assert not done
    other.execute("COMMIT")
    assert await keeping is None


async def test_what_was_leased_and_cannot_be_read_is_free_again(
    hold: SqliteHold, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the time it can be read, nobody takes it for a message that a carrier may have."""
    await hold.keep([submission(1)], None)
    await hold.close()
    again = await SqliteHold.open(path)  # where it is not in hand
    with monkeypatch.context() as broken:
        broken.setattr(lanes, "_SENDS", "SELECT nonsense")
        with pytest.raises(Unavailable):
            await again.claim(SEND, 9, NOW, 60_000, CARRIER)
    (job,) = await again.claim(SEND, 9, NOW, 60_000, CARRIER)
    assert (job.message, job.interrupted) == (submission(1).message, False)
    await again.close()
