"""`backup` under load, restored; what it refuses; and `check`."""

import asyncio
import resource
import shutil
import sys
from contextlib import closing
from pathlib import Path

import pytest

from cli.conftest import Run
from globewire.commands import check
from globewire.hold.port import Question
from globewire.hold.sqlite import SqliteHold
from globewire.hold.sums import connect
from globewire.message import MessageId
from laws.making import message, submission
from stories.client import Customer, customer
from stories.house import books, table, written
from stories.process import serving

ENOUGH = 200
QUICK = table("[simulator]", receipt_delay=0.01)


async def send_on(caller: Customer, acknowledged: list[MessageId], enough: asyncio.Event, n: int) -> None:
    """Send until cancelled."""
    while True:
        acknowledged.append(await caller.send(f"852612{n:05}", f"text {len(acknowledged)} {'x' * 300}"))
        if len(acknowledged) >= ENOUGH:
            enough.set()


async def command(folder: Path, *words: str) -> tuple[int, str]:
    """Run a command beside the gateway; its exit code, and all that it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "globewire", *words),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_a_backup_under_load_has_all_that_was_acknowledged(tmp_path: Path) -> None:
    """Restored elsewhere, a gateway starts on it and knows every message that was acknowledged before the backup began; the one
    that was copied went on meanwhile and lost nothing."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    acknowledged: list[MessageId] = []
    enough = asyncio.Event()
    async with serving(first, written(first, QUICK)) as process, customer(process.address) as caller:
        senders = [asyncio.create_task(send_on(caller, acknowledged, enough, n)) for n in range(8)]
        await asyncio.wait_for(enough.wait(), 30)
        before = list(acknowledged)
        code, said = await command(first, "backup", str(second / "hold.db"), "--config", "globewire.toml")
        assert code == 0, said
        meanwhile = len(acknowledged) - len(before)
        for sender in senders:
            sender.cancel()
        assert not [e for e in await asyncio.gather(*senders, return_exceptions=True) if not isinstance(e, asyncio.CancelledError)]
        async with books(first) as looking:
            held = {standing.message.id for standing in await looking.everything()}
        assert set(acknowledged) <= held
        assert await process.stop() == 0
    assert meanwhile > 0
    assert [file.name for file in second.iterdir()] == ["hold.db"]
    shutil.copy(first / "hold.db.key", second)
    async with serving(second, written(second, QUICK)) as process, customer(process.address) as caller:
        for one in before:
            assert (await caller.query(one))["ResponseCode"] == "OK"
        await caller.send("85261230000", "and it goes on")
        assert await process.stop() == 0


@pytest.fixture
def held(shop: Run, place: Path) -> Run:
    async def keep() -> None:
        hold = await SqliteHold.open(place / "globewire.db")
        await hold.keep([submission(1), submission(2)], None)
        await hold.close()

    asyncio.run(keep())
    return shop


def test_a_backup_is_one_file_of_its_owner(held: Run, place: Path) -> None:
    (place / "out").mkdir()
    ran = held("backup", "out/copy.db")
    assert ran.code == 0
    assert f"out/copy.db has 2 messages, up to {message(2).id}: " in ran.out
    assert "master key (globewire.db.key): keep a copy of that, apart from this file" in ran.err
    (file,) = (place / "out").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600

    async def look() -> list[str]:
        hold = await SqliteHold.open(file)
        try:
            return [standing.message.text for standing in await hold.search(Question())]
        finally:
            await hold.close()

    assert asyncio.run(look()) == [message(2).text, message(1).text]
    assert held("backup", "out/second.db", "--json").json["newest"] == str(message(2).id)


def test_a_file_that_is_there_is_replaced_only_by_force(held: Run, place: Path) -> None:
    (place / "copy.db").write_text("precious")
    ran = held("backup", "copy.db")
    assert (ran.code, ran.out) == (1, "")
    assert "copy.db is there already: give another name, or --force to replace it" in ran.err
    assert (place / "copy.db").read_text() == "precious"
    assert held("backup", "--force", "copy.db").code == 0
    with closing(connect(place / "copy.db")) as copied:
        assert copied.execute("SELECT count(*) FROM message").get == 2


def test_what_a_backup_may_not_be_written_to(held: Run, place: Path) -> None:
    (place / "used.db-wal").write_bytes(b"x")
    (place / "link.db").symlink_to("globewire.db")
    before = (place / "globewire.db").read_bytes()
    for to, why in {
        "globewire.db": "is the database itself",
        "link.db": "is the database itself",
        "used.db": "a database in use, or what one left",
        ".": "is no file",
        "nowhere/copy.db": "cannot be made: no such file or directory",
    }.items():
        ran = held("backup", "--force", to)
        assert (ran.code, ran.out) == (1, "")
        assert why in ran.err
    assert (place / "globewire.db").read_bytes() == before


def test_a_backup_that_breaks_off_leaves_nothing(held: Run, place: Path) -> None:
    """A full disk, and a database that is damaged."""
    room = resource.getrlimit(resource.RLIMIT_FSIZE)
    with closing(connect(place / "globewire.db")) as gateway:
        assert gateway.execute("SELECT count(*) FROM message").get == 2
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, room[1]))
        try:
            ran = held("backup", "copy.db")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, room)
    assert (ran.code, ran.out) == (1, "")
    assert "copy.db cannot be written: " in ran.err
    assert not [file.name for file in place.iterdir() if file.name.startswith("copy")]
    damage(place / "globewire.db")
    ran = held("backup", "copy.db")
    assert ran.code == 1
    assert "the copy is not sound" in ran.err
    assert not [file.name for file in place.iterdir() if file.name.startswith("copy")]


def damage(path: Path) -> None:
    """Blank the page where the index of open messages begins."""
    with closing(connect(path)) as connection:
        number = int(connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'message_open'").get)
    whole = bytearray(path.read_bytes())
    whole[(number - 1) * 4096 : number * 4096] = bytes(4096)
    path.write_bytes(whole)


def test_there_is_nothing_to_back_up(run: Run) -> None:
    ran = run("backup", "copy.db")
    assert (ran.code, ran.out) == (2, "")
    assert "there is no database at globewire.db" in ran.err


@pytest.mark.parametrize("words", [("backup", "copy.db"), ("check",)])
def test_postgresql_has_ways_of_its_own(run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    monkeypatch.setenv("GLOBEWIRE_HOLD_URL", "postgresql://user:secret@db.example/globewire")
    ran = run(*words)
    assert ran.code == 2
    assert "pg_basebackup" in ran.err or "pg_amcheck" in ran.err
    assert "db.example/globewire" in ran.err
    assert "secret" not in ran.err


def test_a_check_finds_damage(held: Run, place: Path) -> None:
    assert "globewire.db is sound: 2 messages." in held("check").out
    assert held("check", "--json").json == {"database": "globewire.db", "sound": True, "faults": []}
    damage(place / "globewire.db")
    ran = held("check")
    assert (ran.code, ran.out) == (1, "")
    assert "the database globewire.db is damaged" in ran.err
    assert "restore your last backup" in ran.err
    assert held("check", "--json").json["sound"] is False


def test_what_was_altered_is_found_and_not_shown(held: Run, place: Path) -> None:
    """Nothing is said of what it was, or of what it has become."""
    path = place / "globewire.db"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(message(2).to.encode(), b"85293000002"))
    for ran in (held("check"), held("message", "show", str(message(2).id)), held("message", "list")):
        assert (ran.code, ran.out) == (1, "")
        assert "a page does not fit its checksum" in ran.err
        assert "restore your last backup" in ran.err
        assert "852930" not in ran.err
    assert held("check", "--json").json == {
        "database": "globewire.db",
        "sound": False,
        "faults": ["a page does not fit its checksum"],
    }


def test_a_check_says_how_much_it_does_not_print(held: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "MOST", 0)
    damage(place / "globewire.db")
    found = len(held("check", "--json").json["faults"])
    assert f"and {found} more: --json has all" in held("check").err


def test_what_a_file_from_before_checksums_takes_is_said_beside_what_is_printed(run: Run, place: Path) -> None:
    shutil.copy(Path(__file__).parent.parent / "laws" / "released" / "schema-1.db", place / "globewire.db")
    ran = run("message", "list", "--json")
    assert (ran.code, len(ran.json)) == (0, 17)
    assert "the database is written anew, once, with checksums over its pages: a big one takes a while" in ran.err
    assert run("message", "list", "--json").err == ""
