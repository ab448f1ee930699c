"""What a disk alters in a message is told from what was kept, by SQLite's file itself with octets changed in it: it is not sent,
not shown and not told to anybody, and holds up none of the others."""

import dataclasses
import random
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from globewire.hold.copying import CopyFault, copy
from globewire.hold.port import ALTERED, SEND, TELL, Became, Question, Standing, Submission
from globewire.hold.postgres import PostgresHold
from globewire.hold.seal import altered
from globewire.hold.sqlite import SqliteHold
from globewire.message import AccessKeyId, Message, Millis, State
from laws.making import CARRIER, NOW, account, alter, message, submission

TEXT = "Your code is 4711"
MESSAGE = dataclasses.replace(
    message(7, text=TEXT),
    request_id="0F3C-7",
    sender="Globetel",
    task_id="campaign-7",
    channel="channel-7",
    access_key=AccessKeyId("LTAI7777"),
)
DAY = 86_400_000
ALTERATIONS = {
    "a digit of the number": (b"85291000007", b"85391000007"),
    "a letter of the text": (b"is 4711", b"is 4715"),
    "a letter that is no text any more": (b"Your code", b"Y\xefur code"),
    "the sender": (b"Globetel", b"Glnbetel"),
    "the TaskId": (b"campaign-7", b"campaigo-7"),
    "the channel": (b"channel-7", b"channel-6"),
    "the AccessKey": (b"LTAI7777", b"LTAI7776"),
    "the request": (b"0F3C-7", b"0F3C-5"),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hold.db"


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteHold]:
    hold = await SqliteHold.open(path)
    try:
        yield hold
    finally:
        await hold.close()


async def kept(path: Path) -> None:
    """A file with three messages to be sent, of which MESSAGE is the second, and an account that is told of each."""
    async with opened(path) as hold:
        await hold.put_account(account())
        await hold.keep([submission(1), Submission(MESSAGE, CARRIER, "{}"), submission(20)], None)


def named(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return list(altered(connection))


def hidden(standing: Standing | None) -> bool:
    """Whether it shows that it was altered, and nothing of what it was or has become."""
    assert standing is not None
    told = {field.name: getattr(standing.message, field.name) for field in dataclasses.fields(Message)}
    values = [value for name, value in told.items() if isinstance(value, str) and name not in ("text", "encoding")]
    return standing.altered and standing.message.text == ALTERED and standing.message.id == MESSAGE.id and set(values) == {""}


@pytest.mark.parametrize("what", ALTERATIONS)
async def test_what_was_altered_is_neither_sent_nor_shown(path: Path, what: str) -> None:
    await kept(path)
    alter(path, *ALTERATIONS[what])
    assert named(path) == [MESSAGE.id]
    async with opened(path) as hold:
        with capture_logs() as logs:
            jobs = await hold.claim(SEND, 10, NOW, 60_000, CARRIER)
            assert hidden(await hold.look(MESSAGE.id))
            found = await hold.search(Question())
        assert [(job.message.id, job.altered) for job in jobs] == [
            (message(1).id, False),
            (MESSAGE.id, True),
            (message(20).id, False),
        ]
        assert [job.message for job in jobs if not job.altered] == [message(1), message(20)]
        assert [hidden(standing) for standing in found] == [False, True, False]
    assert {(line["event"], line["log_level"], line["message"]) for line in logs} == {
        ("a message was altered on the disk", "error", MESSAGE.id)
    }
    assert all(part not in str(logs) for part in ("8529", "8539", "4711", "4715"))


@pytest.mark.parametrize("what", ["a digit of the number", "a letter that is no text any more"])
async def test_what_was_altered_is_told_to_nobody_and_the_others_are(path: Path, what: str) -> None:
    await kept(path)
    async with opened(path) as hold:
        await hold.record(*(Became(one, State.SUBMITTED, NOW) for one in (message(1).id, MESSAGE.id, message(20).id)))
        await hold.record(*(Became(one, State.DELIVERED, NOW, None, "DELIVERED") for one in (MESSAGE.id, message(1).id)))
    alter(path, *ALTERATIONS[what])
    async with opened(path) as hold:
        (job,) = await hold.claim(TELL, 1, NOW, 60_000) or await hold.claim(TELL, 1, NOW, 60_000)
        assert [report.message for report in job.reports] == [message(1).id]
        await hold.done((job, ()))
        assert await hold.claim(TELL, 1, NOW, 60_000) == []
        (given_up,) = await hold.given_up(message(1).account, 10)
        assert hidden(given_up)
        assert [(box.waiting, box.dead) for box in await hold.outboxes()] == [(0, 1)]


async def test_an_altered_state_holds_up_nobody(path: Path) -> None:
    await kept(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE message SET state = 'acceptee' WHERE id = ?", (MESSAGE.id,))
        connection.commit()
    async with opened(path) as hold:
        jobs = await hold.claim(SEND, 10, NOW, 60_000, CARRIER)
        assert [job.altered for job in jobs] == [False, True, False]
        await hold.done(*((job, [Became(job.message.id, State.REJECTED, NOW)]) for job in jobs))
        assert await hold.backlog() == 0


async def test_a_text_whose_retention_is_over_needs_none(path: Path) -> None:
    """Its blanking is no alteration; one of the rest is still found."""
    await kept(path)
    async with opened(path) as hold:
        await hold.record(Became(MESSAGE.id, State.REJECTED, NOW))
        assert await hold.forget(Millis(NOW + DAY), Millis(0), 100) == 1
        standing = await hold.look(MESSAGE.id)
        assert standing is not None
        assert (standing.altered, standing.message) == (False, dataclasses.replace(MESSAGE, text=""))
    assert named(path) == []
    alter(path, b"Globetel", b"Glnbetel")
    assert named(path) == [MESSAGE.id]


def texts(count: int) -> Sequence[str]:
    """Texts of control characters, letters, what is next to surrogates, and what lies outside the first plane."""
    chance = random.Random(1)
    characters = [chr(code) for code in (*range(1, 0x300), *range(0xD7F0, 0xD800), *range(0xE000, 0xE010), *range(0xFFF0, 0x10010))]
    return ["".join(chance.choices(characters, k=chance.randrange(1, 80))) for _ in range(count)]


async def test_whatever_is_kept_is_whole(path: Path) -> None:
    messages = [
        dataclasses.replace(message(n, text=text), sender=text[:11], task_id=text[::-1], channel=text[5:])
        for n, text in enumerate(texts(300))
    ]
    async with opened(path) as hold:
        await hold.keep([Submission(one, CARRIER, "{}") for one in messages], None)
        jobs = await hold.claim(SEND, 1000, NOW, 60_000, CARRIER)
        assert [job.message for job in jobs] == messages
        found = await hold.search(Question(limit=1000))
        assert [standing.message for standing in reversed(found)] == messages
        assert await hold.look(messages[0].id) is not None
    assert named(path) == []


async def test_what_has_a_nul_in_it_is_whole(path: Path) -> None:
    """SQLite may keep what is before it only."""
    odd = dataclasses.replace(MESSAGE, text="a\0b", channel="c\0d", sender="\\u0000")
    async with opened(path) as hold:
        await hold.keep([Submission(odd, CARRIER, "{}")], None)
        (job,) = await hold.claim(SEND, 10, NOW, 60_000, CARRIER)
        assert (job.altered, job.message.sender, job.message.text[0]) == (False, odd.sender, "a")
    assert named(path) == []


async def test_any_flipped_bit_of_the_text_is_found(path: Path) -> None:
    await kept(path)
    whole = path.read_bytes()
    place = whole.index(TEXT.encode())
    for bit in range(len(TEXT) * 8):
        flipped = bytearray(whole)
        flipped[place + bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        assert named(path) == [MESSAGE.id]


async def test_nothing_altered_goes_over_to_postgres(path: Path, database: str) -> None:
    """Behind its checksums it would pass for what was kept. The same file restored goes over."""
    await kept(path)
    await (await PostgresHold.open(database, migrate=True)).close()
    whole = path.read_bytes()
    alter(path, *ALTERATIONS["a letter of the text"])
    with pytest.raises(CopyFault, match=f"were altered on the disk \\({MESSAGE.id}\\), and nothing was copied: restore"):
        await copy(path, database, NOW, lambda over, total: None)
    path.write_bytes(whole)
    counts = await copy(path, database, NOW, lambda over, total: None)
    assert {count.name: count.target for count in counts}["message"] == 3
