"""A file of the first released schema opens in this program, with all that was in it; and a file that cannot be used is refused
with a sentence that says what to do, as it is.

`released/schema-1.db` was written by `laws.stored` under the first schema. It is never written again.
"""

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from globewire import errors
from globewire.hold import database, schema
from globewire.hold.port import Question
from globewire.hold.schema import MIGRATIONS, SchemaFault
from globewire.hold.seal import altered
from globewire.hold.sqlite import SqliteHold
from globewire.message import Millis
from laws.making import NOW, alter, message, submission
from laws.stored import LEASE, drained, fill, seen

RELEASED = Path(__file__).parent / "released" / "schema-1.db"
LATER = Millis(NOW + 10 * LEASE)
RESTORE = "restore your last backup"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copy(RELEASED, tmp_path / "hold.db"))


async def refusal(path: Path, create: bool = True) -> str:
    """The sentence with which the file is refused; it is as it was before."""
    before = path.read_bytes()
    with pytest.raises(SchemaFault) as refused:
        await SqliteHold.open(path, create=create)
    assert path.read_bytes() == before
    assert "\n" not in str(refused.value)
    return str(refused.value)


def schema_of(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


async def test_the_first_schema_opens_with_all_that_was_in_it(file: Path, tmp_path: Path) -> None:
    """As if this program had written it."""
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


async def test_what_is_from_before_seals_is_read_as_it_is_and_what_is_kept_now_is_sealed(file: Path) -> None:
    """Nobody knows whether it was altered before; its text is blanked as any."""
    hold = await SqliteHold.open(file)
    await hold.keep([submission(70)], None)
    await hold.forget(Millis(NOW + LEASE), Millis(0), 1000)
    assert not any(standing.altered for standing in await hold.search(Question(limit=1000)))
    await hold.close()
    with closing(sqlite3.connect(file)) as connection:
        sealed = connection.execute("SELECT id FROM message WHERE seal <> 0 AND text_seal <> 0").fetchall()
        assert sealed == [(message(70).id,)]
        assert list(altered(connection)) == []
    old, new = message(1).request_id.encode(), message(70).request_id.encode()
    alter(file, new, new[::-1])
    alter(file, old + message(1).to.encode(), old[::-1] + message(1).to.encode())
    hold = await SqliteHold.open(file)
    assert [standing.message.id for standing in await hold.search(Question(limit=1000)) if standing.altered] == [message(70).id]
    await hold.close()


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
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "written by a newer Globewire (schema 99," in await refusal(file)


async def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE message(id)")
    connection.close()
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
async def test_what_is_no_database_any_more_is_refused(file: Path, how: str) -> None:
    """Never is it taken for a new one."""
    damage, advice = UNUSABLE[how]
    file.write_bytes(damage(file.read_bytes()))
    assert advice in await refusal(file)


async def test_a_log_without_its_database_is_refused(file: Path) -> None:
    """It would be played into a new database, which it does not fit."""
    file.with_name("hold.db-wal").write_bytes(b"x" * 5000)
    file.unlink()
    with pytest.raises(SchemaFault, match=r"is missing, but its write-ahead log hold\.db-wal is there"):
        await SqliteHold.open(file)
    assert not file.exists()


async def test_flipped_bits_are_found_or_harmless(file: Path) -> None:
    """A byte of the structure, anywhere: refused at the start, or at the operation, by Unavailable; or all can be read, since it
    was part of a value, or of nothing. Never does anything else come of it."""
    whole = file.read_bytes()
    chance = random.Random(1)
    refused = 0
    for n in range(150):
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
    assert refused > 30


async def test_a_big_file_is_not_looked_through_at_the_start(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens; a look at what is damaged is Unavailable, and the rest is there. A small one is looked through by whoever makes
    files, not by every command."""
    whole = bytearray(file.read_bytes())
    with sqlite3.connect(file) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'note'").fetchone()
    connection.close()
    whole[(root - 1) * 4096 : root * 4096] = bytes(4096)
    file.write_bytes(whole)
    monkeypatch.setattr(database, "CHECKED", 0)
    for create in (True, False):
        hold = await SqliteHold.open(file, create=create)
        try:
            with pytest.raises(errors.Unavailable, match="malformed"):
                await hold.look(message(10).id)
            assert len(await hold.search(Question())) > 5
        finally:
            await hold.close()
    monkeypatch.undo()
    assert "is damaged" in await refusal(file)
