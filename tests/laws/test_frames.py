"""A write-ahead log in which a disk has altered what was committed is told from one that a power cut has cut short, whatever of the
last, unflushed commit came to the disk."""

import asyncio
import random
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from globewire.hold.backup import back_up
from globewire.hold.crash import refuse_cut
from globewire.hold.frames import INDEX, Index, cut_short, read_index
from globewire.hold.schema import SchemaFault
from globewire.hold.sqlite import SqliteHold
from globewire.hold.sums import connect
from laws.making import message, submission

SECTOR = 512
FRAME = 24 + 4096


@dataclass(frozen=True, slots=True)
class Log:
    """A file with its log, after so many commits, and the last: the log before and after it, and the index before."""

    file: bytes
    before: bytes
    after: bytes
    index: Index


def commit(connection: apsw.Connection, dice: random.Random) -> None:
    """Some rows in one transaction: a page or a dozen."""
    with connection:
        for _ in range(dice.choice((1, 1, 3, 40))):
            row = (dice.randrange(500), dice.randbytes(dice.randrange(900)))
            connection.execute("INSERT OR REPLACE INTO t VALUES(?, ?)", row)


def made(path: Path, seed: int) -> Log:
    """A log of several commits; every other one is written over an older log, which was longer or shorter."""
    dice = random.Random(seed)
    path.unlink(missing_ok=True)
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.wal_autocheckpoint(0)
        connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x)")
        if seed % 2:
            for _ in range(dice.randrange(1, 12)):
                commit(connection, dice)
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        for _ in range(dice.randrange(2, 8)):
            commit(connection, dice)
        file, before, index = path.read_bytes(), octets(path, "-wal"), read_index(octets(path, "-shm"))
        assert index is not None
        commit(connection, dice)
        return Log(file, before, octets(path, "-wal"), index)


def octets(path: Path, suffix: str) -> bytes:
    return path.with_name(path.name + suffix).read_bytes()


def recovered(path: Path, file: bytes, log: bytes) -> Index:
    """What SQLite finds in such a log."""
    for suffix, content in (("", file), ("-wal", log)):
        path.with_name(path.name + suffix).write_bytes(content)
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    with closing(connect(path)) as connection:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        found = read_index(octets(path, "-shm"))
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(30))
def test_what_a_power_cut_leaves_is_no_damage(tmp_path: Path, seed: int) -> None:
    """Of the last commit's sectors any may be on the disk, and what stood there before in place of the others."""
    log, dice = made(tmp_path / "made.db", seed), random.Random(seed)
    for share in (0.0, 0.2, 0.5, 0.9, 0.97, 1.0):
        old = log.before.ljust(len(log.after), b"\0")
        sectors = [log.after if dice.random() < share else old for _ in range(0, len(log.after), SECTOR)]
        torn = b"".join(of[n * SECTOR : (n + 1) * SECTOR] for n, of in enumerate(sectors))
        torn = torn[: dice.choice((len(torn), max(len(log.before), dice.randrange(len(torn) + 1))))]
        found = recovered(tmp_path / "torn.db", log.file, torn)
        assert found.frames >= log.index.frames
        assert not cut_short(torn, None, found)
        assert not cut_short(torn, log.index, found)


@pytest.mark.parametrize("seed", range(30))
def test_what_was_altered_is_damage(tmp_path: Path, seed: int) -> None:
    """Of what the index knows to be flushed, every bit; without an index, what has another whole commit and the beginning of one
    more behind it."""
    log, dice = made(tmp_path / "made.db", seed), random.Random(seed)
    whole = recovered(tmp_path / "whole.db", log.file, log.after)
    assert not cut_short(log.after, log.index, whole)
    for place in [*range(32), *(dice.randrange(32 + log.index.frames * FRAME) for _ in range(40))]:
        flipped = bytearray(log.after)
        flipped[place] ^= 1 << dice.randrange(8)
        found = recovered(tmp_path / "flipped.db", log.file, bytes(flipped))
        if found.frames < log.index.frames:
            assert cut_short(bytes(flipped), log.index, found)
        else:
            assert place < 16  # what SQLite does not look at
        ends = [n for n in commits(log.after, whole.frames) if n > 1 + (place - 32) // FRAME]
        if len(ends) > 1 and place >= 32:
            assert cut_short(bytes(flipped), None, found)


def commits(log: bytes, frames: int) -> list[int]:
    """The frames that end a commit."""
    return [n for n in range(1, frames + 1) if log[32 + (n - 1) * FRAME + 4 : 32 + (n - 1) * FRAME + 8] != bytes(4)]


LOG = b"\x37\x7f\x06\x82\x00\x2d\xe2\x18\x00\x00\x02\x00"


@given(st.binary(max_size=INDEX + 8), st.one_of(st.binary(max_size=3000), st.binary(max_size=3000).map(lambda rest: LOG + rest)))
def test_any_octets_are_read(index: bytes, log: bytes) -> None:
    """And prove nothing."""
    left = read_index(index)
    assert left is None or left.salts == index[32:40]
    assert not cut_short(log, None, Index(b"", 0))


@pytest.fixture
async def crashed(tmp_path: Path) -> Path:
    """A file whose gateway died with commits in its log, and the index as it left it."""
    path, place = tmp_path / "live.db", tmp_path / "hold.db"
    hold = await SqliteHold.open(path)
    for n in range(10):
        await hold.keep([submission(n)], None)
    for suffix in ("", "-wal", "-shm"):
        shutil.copyfile(path.with_name(path.name + suffix), place.with_name(place.name + suffix))
    await hold.close()
    return place


def files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.glob(f"{path.name}*")}


@pytest.mark.parametrize("indexed", [True, False])
async def test_a_start_is_refused_where_a_commit_is_lost(crashed: Path, indexed: bool) -> None:
    """As often as it is tried; so is a backup, and all files stay as they are. Without the flipped bit everything is there."""
    log, index = crashed.with_name("hold.db-wal"), crashed.with_name("hold.db-shm")
    if not indexed:
        index.unlink()
    whole = log.read_bytes()
    for frame in (1, commits(whole, len(whole) // FRAME)[0], len(whole) // FRAME)[: 3 if indexed else 2]:
        flipped = bytearray(whole)
        flipped[32 + (frame - 1) * FRAME + 100] ^= 16
        log.write_bytes(flipped)
        before = files(crashed)
        for create in (True, False, True):
            with pytest.raises(SchemaFault, match="behind a page that does not fit its checksum"):
                await SqliteHold.open(crashed, create=create)
        with pytest.raises(SchemaFault, match="behind a page that does not fit its checksum"):
            back_up(crashed, crashed.with_name("backup.db"), lambda over, total: None)
        assert files(crashed) == before
    log.write_bytes(whole)
    hold = await SqliteHold.open(crashed)
    for n in range(10):
        assert await hold.look(message(n).id) is not None
    await hold.close()


async def test_a_log_that_is_being_written_is_not_taken_for_damaged(tmp_path: Path) -> None:
    """Whoever looks may see its end before its middle."""
    path, over = tmp_path / "hold.db", asyncio.Event()
    hold = await SqliteHold.open(path)

    async def write() -> None:
        for n in range(400):
            await hold.keep([submission(n)], None)
        over.set()

    async def look() -> None:
        while not over.is_set():
            await asyncio.to_thread(refuse_cut, path)

    await asyncio.gather(write(), look())
    await hold.close()
