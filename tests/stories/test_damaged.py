"""A disk alters the database while the gateway is stopped: it does not start on it; where it does, since the file is too big to be
looked through, nothing of the damaged page is sent or told, and what has no need of it goes on."""

from contextlib import closing
from pathlib import Path
from shutil import copyfile

import pytest

from globewire.hold import database
from globewire.hold.sums import connect
from globewire.message import State
from stories.carriers import simulated
from stories.client import customer
from stories.house import account, books, carrier, house, route, written
from stories.process import refusal, serving

MANY = 60


def alter(path: Path, octets: bytes, others: bytes) -> None:
    """Change octets of a message in a file that nobody has open."""
    with closing(connect(path)) as connection:
        leaves = list(connection.execute("SELECT pgoffset FROM dbstat WHERE name = 'message' AND pagetype = 'leaf'"))
    whole = bytearray(path.read_bytes())
    (page,) = (start for (start,) in leaves if octets in whole[start : start + 4096])
    place = whole.index(octets, page)
    whole[place : place + len(octets)] = others
    path.write_bytes(whole)


async def test_a_start_on_an_altered_file_is_refused_and_a_restored_one_goes_on(tmp_path: Path) -> None:
    async with simulated() as (_, address):
        pass  # its address is free now: what is accepted waits
    text = written(tmp_path, carrier("north", address), account())
    async with serving(tmp_path, text) as process, customer(process.address) as caller:
        message = await caller.send("85261230001", "code 4711")
        assert await process.stop() == 0
    file, whole = tmp_path / "hold.db", copyfile(tmp_path / "hold.db", tmp_path / "whole.db")
    for octets, others in ((b"85261230001", b"85361230001"), (b"code 4711", b"code 471\xb1")):
        alter(file, octets, others)
        code, said = await refusal(tmp_path, text)
        assert code == 2
        assert "a page does not fit its checksum" in said
        assert "restore your last backup" in said
        assert all(part not in said for part in ("8526123", "8536123", "471", "Traceback"))
        copyfile(whole, file)
    async with (
        simulated(port=address[1]) as (simulator, _),
        serving(tmp_path, text) as process,
        books(tmp_path) as looking,
    ):
        await looking.until(message, State.DELIVERED)
        assert await process.stop() == 0
        assert [taken.destination for taken in simulator.taken.values()] == ["85261230001"]


async def test_a_start_on_an_altered_log_is_refused_and_drops_nothing(tmp_path: Path) -> None:
    """However often it is tried, after a kill: with the log as it was, all is there."""
    text = written(tmp_path, account())
    async with serving(tmp_path, text) as process, customer(process.address) as caller:
        messages = [await caller.send(f"852612300{n:02}", "text") for n in range(5)]
        await process.kill()
    log = tmp_path / "hold.db-wal"
    whole = log.read_bytes()
    flipped = bytearray(whole)
    flipped[32 + 24 + 100] ^= 1
    log.write_bytes(flipped)
    for _ in range(2):
        code, said = await refusal(tmp_path, text)
        assert code == 2
        assert "what was committed last stands in hold.db-wal, behind a page that does not fit its checksum" in said
        assert "Traceback" not in said
    assert log.read_bytes() == flipped
    log.write_bytes(whole)
    async with serving(tmp_path, text) as process, customer(process.address) as caller:
        assert [(await caller.query(message))["MessageId"] for message in messages] == [str(message) for message in messages]
        assert await process.stop() == 0


async def test_nothing_of_a_damaged_page_is_sent_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One carrier's queue begins on it and stands still, the other's is sent, and what is new is accepted."""
    async with simulated() as (_, north), simulated() as (_, south):
        pass
    pieces = carrier("north", north), carrier("south", south), route("south", countries=["SG"]), route("north")
    async with house(tmp_path, *pieces) as home:
        numbers = [f"852612300{n:02}" for n in range(MANY)]
        norths = [await home.customer.send(number, f"text {number}") for number in numbers]
        souths = [await home.customer.send(f"65812340{n:02}", "text") for n in range(MANY)]
    alter(tmp_path / "hold.db", numbers[0].encode(), b"85361230000")
    monkeypatch.setattr(database, "CHECKED", 0)
    async with (
        simulated(port=north[1]) as (at_north, _),
        simulated(port=south[1]) as (at_south, _),
        house(tmp_path, *pieces) as home,
    ):
        for message in souths:
            await home.books.until(message, State.DELIVERED)
        asked = await home.customer.call("QueryMessage", {"MessageId": str(norths[0])})
        assert (asked.status, asked.code) == (503, "ServiceUnavailable")
        assert (await home.customer.query(norths[-1]))["Status"] == "3"
        new = await home.customer.send("6581235555", "new")
        await home.books.until(new, State.DELIVERED)
        assert len(at_south.taken) == MANY + 1
        assert {taken.destination for taken in at_north.taken.values()} <= set(numbers[1:])
