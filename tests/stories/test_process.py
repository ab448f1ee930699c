"""The program as a process: told to stop, and started on files that it cannot use."""

from pathlib import Path

import pytest

from globewire.message import State
from globewire.wire.pdu import Command
from stories.carriers import simulated, smsc
from stories.client import customer
from stories.house import account, books, carrier, written
from stories.process import refusal, serving


async def test_told_to_stop_it_unbinds_and_ends_well(tmp_path: Path) -> None:
    """SIGTERM: the carrier is unbound from, the exit code is 0, and what was accepted is there."""
    async with smsc() as (carrier_side, address):
        text = written(tmp_path, carrier("north", address), account())
        async with serving(tmp_path, text) as process, customer(process.address) as caller:
            messages = [await caller.send(f"8526123000{n}", "before the end") for n in range(5)]
            assert await process.stop() == 0
        assert carrier_side.endings == ["unbound by the peer"]
        submitted = {pdu.text("destination_addr") for pdu in await carrier_side.requests(Command.SUBMIT_SM, 0)}
        async with books(tmp_path) as looking:
            for message in messages:
                standing = await looking.standing(message)
                assert standing.state is (State.SUBMITTED if standing.message.to in submitted else State.ACCEPTED)


@pytest.mark.parametrize("spoil", ["directory", "text", "parent"])
async def test_a_database_that_cannot_be_used_is_said_in_a_sentence(tmp_path: Path, spoil: str) -> None:
    """Exit code 2, a sentence with the path in it, and no traceback."""
    path = tmp_path / "hold.db"
    if spoil == "directory":
        path.mkdir()
    elif spoil == "text":
        path.write_text("this is not a database, and never was one\n" * 100)
    else:
        path.write_text("")
        path = path / "hold.db"
    async with simulated() as (_, address):
        text = written(tmp_path, carrier("north", address), account()).replace(f"{tmp_path}/hold.db", str(path))
        code, said = await refusal(tmp_path, text)
    assert code == 2
    assert said.startswith(f"globewire: the database {path} cannot be opened")
    assert "Traceback" not in said
