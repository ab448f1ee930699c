"""What a disk alters in a SQLite file is met, wherever it stands: the file is refused at the start, `globewire check` names it, and
of what is asked of it nothing is answered wrongly. Bits are flipped in files that nobody has open."""

import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import apsw
import pytest

from globewire.errors import Refused, Unavailable
from globewire.hold import database, sums
from globewire.hold.backup import BackupFault, back_up
from globewire.hold.copying import copy
from globewire.hold.database import faults
from globewire.hold.port import SEND, SETTLE, TELL, CarrierOrder, Question
from globewire.hold.postgres import PostgresHold
from globewire.hold.schema import SchemaFault
from globewire.hold.sqlite import SqliteHold
from globewire.hold.sums import connect
from globewire.message import Millis
from laws.making import CARRIER, NOW, message, submission
from laws.stored import DEAD, LEASE, NONCES, ONCE, SOUTH, fill, push

PAGE = 4096
LATER = Millis(NOW + 10 * LEASE)
MANY = 12_000
"""Messages that are more than SQLite keeps in memory (2 MiB)."""
RESTORE = "restore your last backup"
Asking = Callable[[SqliteHold], Awaitable[object]]


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A file with something in every table, and in the longest of them several pages."""
    path = tmp_path / "hold.db"
    hold = await SqliteHold.open(path)
    await fill(hold)
    await push(hold)
    await hold.order(SOUTH, CarrierOrder.PAUSE, NOW)
    await hold.keep([submission(n) for n in range(200, 240)], None)
    await hold.close()
    return path


def without_right_checksum(path: Path) -> list[int]:
    """The pages of a file that do not fit their checksums."""
    whole = path.read_bytes()
    with closing(connect(path)) as connection:
        fits = [
            connection.execute("SELECT verify_checksum(?)", (whole[place : place + PAGE],)).get
            for place in range(0, len(whole), PAGE)
        ]
    return [number for number, right in enumerate(fits, start=1) if not right]


def pages(path: Path) -> list[tuple[str, int]]:
    """Each page of the file, by its number from 1 on, with the table or index that it belongs to."""
    with closing(connect(path)) as connection:
        found = [(str(name), int(number)) for name, number in connection.execute("SELECT name, pageno FROM dbstat")]
        kept = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE rootpage > 0")}
    assert {name for name, _ in found} == {*kept, "sqlite_schema"}
    return found


def flips(path: Path, whole: bytes, places: list[int], dice: random.Random) -> Iterator[int]:
    """Give the file each time with one bit flipped at one of these places."""
    for place in places:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << dice.randrange(8)
        path.write_bytes(flipped)
        yield place
    path.write_bytes(whole)


ASKED: dict[str, Asking] = {
    "book": lambda hold: hold.book(),
    "newest": lambda hold: hold.search(Question(limit=1000)),
    "by number": lambda hold: hold.find(Question(to=message(21).to)),
    "by task": lambda hold: hold.find(Question(task_id="task-21")),
    "amiss": lambda hold: hold.find(Question(states=("failed", "expired"))),
    "open": lambda hold: hold.find(Question(states=("accepted",))),
    **{f"message {n}": partial(SqliteHold.look, message=message(n).id) for n in (1, 10, 12, 23, 24, 30, 90)},
    "outboxes": lambda hold: hold.outboxes(),
    "given up": lambda hold: hold.given_up(DEAD, 10),
    "carriers": lambda hold: hold.carriers(),
    "orders": lambda hold: hold.orders(),
    "backlog": lambda hold: hold.backlog(CARRIER),
    "load": lambda hold: hold.load(),
    "counts": lambda hold: hold.counts(),
    "left": lambda hold: hold.left("shop.send", 5.0, NOW),
    "pending": lambda hold: hold.pending(NOW),
    "silent": lambda hold: hold.silent({CARRIER: LATER}, 1000),
    "nonces": lambda hold: hold.nonces(NOW),
    "send": lambda hold: hold.claim(SEND, 100, LATER, LEASE, CARRIER),
    "send by another": lambda hold: hold.claim(SEND, 100, LATER, LEASE, SOUTH),
    "settle": lambda hold: hold.claim(SETTLE, 100, LATER, LEASE),
    "tell": lambda hold: hold.claim(TELL, 100, LATER, LEASE),
    "owner": lambda hold: hold.own("node 3", "another", NOW, LEASE),
    "known key": lambda hold: hold.keep([submission(99)], None, once=ONCE),
    "used nonce": lambda hold: _refused(hold.keep([submission(99)], NONCES[0])),
}
"""What is asked of a hold: what is read, then what is claimed, and what must not be kept again."""


async def _refused(keeping: Awaitable[object]) -> object:
    with pytest.raises(Refused) as refused:
        await keeping
    return repr(refused.value)


async def answers(path: Path) -> dict[str, object]:
    """What a hold answers to all of it; an Unavailable in place of what it does not."""
    hold = await SqliteHold.open(path)
    found: dict[str, object] = {}
    try:
        for name, asking in ASKED.items():
            try:
                found[name] = await asking(hold)
            except Unavailable as fault:
                found[name] = fault
    finally:
        await hold.close()
    return found


async def test_no_flipped_bit_is_answered_from(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two in each page of each table and index, in a file that is too big to be looked through at the start."""
    whole, dice = path.read_bytes(), random.Random(7)
    number_of = [number for _, number in pages(path) for _ in range(2)]
    places = [(number - 1) * PAGE + dice.randrange(PAGE) for number in number_of]
    monkeypatch.setattr(database, "CHECKED", 0)
    right = await answers(path)
    assert not any(isinstance(answer, Unavailable) for answer in right.values())
    unanswered = set[str]()
    for place in flips(path, whole, places, dice):
        try:
            found = await answers(path)
        except SchemaFault as fault:
            assert RESTORE in str(fault)
            continue
        for name, answer in found.items():
            if isinstance(answer, Unavailable):
                assert RESTORE in str(answer)
                unanswered.add(name)
            else:
                assert answer == right[name], (name, place)
    assert unanswered == set(ASKED)


async def test_a_flipped_bit_is_found_by_whoever_looks_through(path: Path) -> None:
    """A start, a check, a backup."""
    whole, dice = path.read_bytes(), random.Random(8)
    places = [(number - 1) * PAGE + dice.randrange(PAGE) for _, number in pages(path)]
    for _ in flips(path, whole, places, dice):
        before = path.read_bytes()
        with pytest.raises(SchemaFault, match=RESTORE):
            await SqliteHold.open(path)
        with pytest.raises((SchemaFault, BackupFault)):
            back_up(path, path.with_name("backup.db"), lambda over, total: None)
        try:
            with closing(connect(path)) as connection:
                assert faults(connection)
        except apsw.Error:
            pass
        assert path.read_bytes() == before


async def test_a_flipped_bit_of_the_header_is_found(path: Path) -> None:
    """Also of the octet that says whether there are checksums."""
    whole, dice = path.read_bytes(), random.Random(9)
    for _ in flips(path, whole, [*range(100), *(place for place in range(16, 24) for _ in range(12))], dice):
        with pytest.raises(SchemaFault, match=f"{RESTORE}|is another program's|by a newer Globewire"):
            await SqliteHold.open(path)


async def test_nothing_altered_goes_over_to_postgres(path: Path, database: str) -> None:
    """Behind its checksums it would pass for what was kept: nothing of it goes over. The same file restored does."""
    await (await PostgresHold.open(database, migrate=True)).close()
    whole, dice = path.read_bytes(), random.Random(10)
    number = max(number for name, number in pages(path) if name == "message")
    for _ in flips(path, whole, [(number - 1) * PAGE + dice.randrange(PAGE)], dice):
        with pytest.raises(SchemaFault, match=RESTORE):
            await copy(path, database, NOW, lambda over, total: None)
    counts = await copy(path, database, NOW, lambda over, total: None)
    assert all(count.source == count.target for count in counts)


async def test_every_page_of_a_backup_has_its_checksum(path: Path) -> None:
    """Also of what was in the write-ahead log only, as it was made."""
    hold = await SqliteHold.open(path)
    await hold.keep([submission(n) for n in range(1000, MANY)], None)
    back_up(path, path.with_name("backup.db"), lambda over, total: None)
    await hold.close()
    assert without_right_checksum(path.with_name("backup.db")) == []


async def test_every_page_that_is_written_anew_has_its_checksum(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is left of how that was done."""
    other = path.with_name("other.db")
    monkeypatch.setattr(sums, "available", lambda: False)
    hold = await SqliteHold.open(other)
    await hold.keep([submission(n) for n in range(MANY)], None)
    before = await hold.search(Question(limit=MANY))
    await hold.close()
    monkeypatch.setattr(sums, "available", lambda: True)
    assert len(without_right_checksum(other)) > 1000
    other.with_name("other.db.anew").write_bytes(b"what a crash left")
    hold = await SqliteHold.open(other)
    assert (hold.checksummed, await hold.search(Question(limit=MANY))) == (True, before)
    await hold.close()
    assert without_right_checksum(other) == []
    assert sorted(file.name for file in path.parent.iterdir() if file.name.startswith("other")) == ["other.db"]
