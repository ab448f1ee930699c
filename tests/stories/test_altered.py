"""A disk alters a message while the gateway is stopped: nothing altered is sent, shown or told, and all others go on."""

from pathlib import Path

from globewire.message import State
from laws.making import alter
from stories.carriers import simulated
from stories.client import customer
from stories.house import account, books, carrier, written
from stories.process import serving


async def test_an_altered_message_is_not_sent_and_the_others_are(tmp_path: Path) -> None:
    """It ends rejected, its history says why, and its sender gets no wrong answer."""
    async with simulated() as (_, address):
        pass  # its address is free now: what is accepted waits
    text = written(tmp_path, carrier("north", address), account())
    async with serving(tmp_path, text) as process, customer(process.address) as caller:
        first, number, words, last = [
            await caller.send(to, said)
            for to, said in (("85261230001", "one"), ("85261230002", "two"), ("85261230003", "code 4711"), ("85261230004", "four"))
        ]
        assert await process.stop() == 0
    alter(tmp_path / "hold.db", b"85261230002", b"85361230002")
    alter(tmp_path / "hold.db", b"code 4711", b"code 471\xb1")
    async with (
        simulated(port=address[1]) as (simulator, _),
        serving(tmp_path, text) as process,
        customer(process.address) as caller,
        books(tmp_path) as looking,
    ):
        for message in (number, words):
            standing = await looking.until(message, State.REJECTED)
            assert (standing.error_code, standing.error) == ("ALTERED", "its row was altered on the disk: restore a backup")
            assert [note.what for note in standing.notes] == ["altered"]
            reply = await caller.call("QueryMessage", {"MessageId": str(message)})
            assert (reply.status, reply.code) == (500, "InternalError")
        for message in (first, last):
            await looking.until(message, State.DELIVERED)
            assert (await caller.query(message))["Status"] == "1"
        assert await process.stop() == 0
        assert sorted(taken.destination for taken in simulator.taken.values()) == ["85261230001", "85261230004"]
    log = "".join(process.log)
    assert {str(id) in log for id in (number, words)} == {True}
    assert all(part not in log for part in ("85261230002", "85361230002", "471", "Traceback"))
