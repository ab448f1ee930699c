"""A file of the first released schema opens in this program, with all that was in it; and a file that cannot be used is refused
with a sentence that says what to do, as it is.

`released/schema-1.db` was written by `laws.stored` under the first schema. It is never written again.
"""

import dataclasses
import random
import resource
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from globewire import errors
from globewire.hold import database, schema, sums
from globewire.hold.port import Question
from globewire.hold.schema import MIGRATIONS, SchemaFault
from globewire.hold.sqlite import SqliteHold
from globewire.hold.sums import connect
from globewire.message import Millis
from laws import stored
from laws.making import NOW, message, submission
from laws.stored import LEASE, drained, fill, seen

RELEASED = Path(__file__).parent / "released" / "schema-1.db"
LATER = Millis(NOW + 10 * LEASE)
RESTORE = "restore your last backup"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copy(RELEASED, tmp_path / "hold.db"))


@pytest.fixture(params=["of the first schema", "of this program"])
async def either(request: pytest.FixtureRequest, file: Path) -> Path:
    if request.param == "of this program":
        await (await SqliteHold.open(file)).close()
    return file


async def refusal(path: Path, create: bool = True) -> str:
    """The sentence with which the file is refused; it is as it was before."""
    before = path.read_bytes()
    with pytest.raises(SchemaFault) as refused:
        await SqliteHold.open(path, create=create)
    assert path.read_bytes() == before
    assert "\n" not in str(refused.value)
    return str(refused.value)


def schema_of(path: Path) -> int:
    with closing(connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").get)


async def test_the_first_schema_opens_with_all_that_was_in_it(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this program had written it; but the SQLite of those days kept of a text what stood before a NUL."""
    monkeypatch.setattr(stored, "ODD", dataclasses.replace(stored.ODD, text="a"))
    assert schema_of(file) == 1
    old, fresh = await SqliteHold.open(file), await SqliteHold.open(tmp_path / "fresh.db")
    try:
        await fill(fresh)
        assert await seen(old) == await seen(fresh)
        assert await drained(old, LATER) == await drained(fresh, LATER)
        await old.keep([submission(70)], None)
        assert await old.look(message(70).id) is not None
    finally:
        await old.close()
        await fresh.close()
    assert schema_of(file) == len(MIGRATIONS)


async def test_a_later_migration_runs_once_and_keeps_everything(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hold = await SqliteHold.open(file)
    before = await seen(hold)
    await hold.close()
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, "ALTER TABLE message ADD COLUMN later TEXT NOT NULL DEFAULT '';"))
    for _ in range(2):
        hold = await SqliteHold.open(file)
        assert await seen(hold) == before
        await hold.close()
    assert schema_of(file) == len(MIGRATIONS) + 1


async def test_a_migration_that_fails_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    had = schema_of(file)
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, "DROP TABLE note; CREATE TABLE part(x TEXT);"))
    with pytest.raises(SchemaFault, match="table part already exists"):
        await SqliteHold.open(file)
    monkeypatch.undo()
    assert schema_of(file) == max(had, len(MIGRATIONS))
    hold = await SqliteHold.open(file)
    assert any([(await hold.look(s.message.id) or s).notes for s in await hold.search(Question(limit=1000))])
    await hold.close()


async def test_a_newer_schema_is_refused(file: Path) -> None:
    with closing(connect(file)) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert "written by a newer Globewire (schema 99," in await refusal(file)


async def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE message(id)")
    assert "another program's" in await refusal(path)


UNUSABLE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "truncated to a page": (lambda whole: whole[:4096], RESTORE),
    "truncated by a page": (lambda whole: whole[:-4096], RESTORE),
    "truncated within a page": (lambda whole: whole[: len(whole) // 2 + 1000], RESTORE),
    "truncated within the header": (lambda whole: whole[:50], RESTORE),
    "empty": (lambda whole: b"", "or remove the file to begin anew"),
    "random": (lambda whole: random.Random(1).randbytes(len(whole)), RESTORE),
    "zeroed": (lambda whole: bytes(len(whole)), RESTORE),
    "text": (lambda whole: b"this is no database\n" * 500, RESTORE),
    "random after the header": (lambda whole: whole[:100] + random.Random(1).randbytes(len(whole) - 100), RESTORE),
    "a page of zeros": (lambda whole: whole[:8192] + bytes(4096) + whole[12288:], RESTORE),
}


@pytest.mark.parametrize("how", UNUSABLE)
async def test_what_is_no_database_any_more_is_refused(either: Path, how: str) -> None:
    """Never is it taken for a new one."""
    damage, advice = UNUSABLE[how]
    either.write_bytes(damage(either.read_bytes()))
    assert advice in await refusal(either)


async def test_a_log_without_its_database_is_refused(file: Path) -> None:
    """It would be played into a new database, which it does not fit."""
    file.with_name("hold.db-wal").write_bytes(b"x" * 5000)
    file.unlink()
    with pytest.raises(SchemaFault, match=r"is missing, but its write-ahead log hold\.db-wal is there"):
        await SqliteHold.open(file)
    assert not file.exists()


async def test_flipped_bits_of_what_has_no_checksums_are_found_or_harmless(file: Path) -> None:
    """A byte of the structure, anywhere: refused at the start, or at the operation, by Unavailable; or all can be read, since it
    was part of a value, or of nothing. Never does anything else come of it."""
    whole = file.read_bytes()
    chance = random.Random(1)
    refused = 0
    for n in range(60):
        page, place = divmod(n, 3)
        offset = (page * 4096 + (chance.randrange(12), chance.randrange(12, 100), chance.randrange(4096))[place]) % len(whole)
        flipped = bytearray(whole)
        flipped[offset] ^= 1 << chance.randrange(8)
        for suffix in ("-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        file.write_bytes(flipped)
        try:
            hold = await SqliteHold.open(file)
        except SchemaFault as fault:
            refused += 1
            assert "\n" not in str(fault)
            continue
        try:
            await hold.keep([submission(70)], None)
            await hold.look(message(1).id)
            await hold.counts()
            await hold.search(Question())
        except errors.Unavailable:
            refused += 1
        finally:
            await hold.close()
    assert refused > 12


async def test_a_big_file_is_not_looked_through_at_the_start(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens; a look at what is damaged is Unavailable, and the rest is there. A small one is looked through by whoever makes
    files, not by every command."""
    await (await SqliteHold.open(file)).close()
    whole = bytearray(file.read_bytes())
    with closing(connect(file)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'note'").get
    whole[root * 4096 - 100] ^= 1
    file.write_bytes(whole)
    monkeypatch.setattr(database, "CHECKED", 0)
    for create in (True, False):
        hold = await SqliteHold.open(file, create=create)
        try:
            with pytest.raises(errors.Unavailable, match=r"does not fit its checksum: it is damaged: restore your last backup"):
                await hold.look(message(10).id)
            assert len(await hold.search(Question())) > 5
        finally:
            await hold.close()
    monkeypatch.undo()
    assert "is damaged" in await refusal(file)


async def test_a_file_without_checksums_gets_them_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever made it: an earlier program, or this one where it could not make any. Then nothing of it is written anew again."""
    monkeypatch.setattr(sums, "available", lambda: False)
    hold = await SqliteHold.open(file)
    before = await seen(hold)
    assert not hold.checksummed
    await hold.close()
    monkeypatch.undo()
    with capture_logs() as logs:
        for _ in range(2):
            hold = await SqliteHold.open(file)
            assert (hold.checksummed, await seen(hold)) == (True, before)
            await hold.close()
    assert [line["event"].partition(",")[0] for line in logs] == ["the database is written anew"]


async def test_a_file_with_checksums_is_refused_where_none_can_be_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await (await SqliteHold.open(file)).close()
    monkeypatch.setattr(sums, "available", lambda: False)
    for create in (True, False):
        assert "which this installation cannot keep: install apsw from its wheel" in await refusal(file, create)


async def test_nothing_is_written_anew_while_somebody_has_it_open(file: Path) -> None:
    """Nor brought to another schema, which an older gateway would not understand."""
    with closing(connect(file)) as other:
        other.execute("PRAGMA journal_mode = WAL").fetchall()
        assert other.execute("SELECT count(*) FROM message").get > 0
        assert "somebody has it open: stop the gateway on it" in await refusal(file)
    assert schema_of(file) == 1
    await (await SqliteHold.open(file)).close()


async def test_nothing_is_written_anew_without_room(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be little, or less than there seemed to be."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=250_000))
    assert "its disk has no room for that: make room for 1 MiB" in await refusal(file)
    monkeypatch.undo()
    room = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, room[1]))
    try:
        with pytest.raises(SchemaFault, match=r"make room|cannot be opened"):
            await SqliteHold.open(file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, room)
    hold = await SqliteHold.open(file)
    assert hold.checksummed
    await hold.close()
