"""The process that writes for a gateway: what happens where either of the two is gone without the other."""

import asyncio
import os
import signal
from pathlib import Path

from globewire.message import State
from stories.carriers import simulated
from stories.client import customer
from stories.house import PATIENCE, account, books, carrier, eventually, written
from stories.process import parent_of, serving


async def gone(pid: int) -> bool:
    """Whether there is no such process any more."""
    return not parent_of(pid)


async def test_a_gateway_whose_writer_is_gone_ends_and_nothing_is_lost(tmp_path: Path) -> None:
    """It says why, and its supervisor starts it anew: what had been acknowledged arrives, or is in doubt."""
    async with simulated() as (simulator, address):
        text = written(tmp_path, carrier("north", address), account())
        async with serving(tmp_path, text) as process, customer(process.address) as caller:
            accepted = [await caller.send(f"852612300{n:02}", "text") for n in range(20)]
            os.kill(process.writer, signal.SIGKILL)
            async with asyncio.timeout(PATIENCE):
                assert await process.process.wait() == 1
        assert "the hold's writer has ended" in "".join(process.log)
        async with serving(tmp_path, text) as process, books(tmp_path) as looking:
            counts = await looking.settled(State.ACCEPTED)
            for message in accepted:
                assert (await looking.standing(message)).message.text == "text"
            assert await process.stop() == 0
        assert len({taken.destination for taken in simulator.taken.values()}) >= len(accepted) - counts.get("state.unknown", 0)


async def test_a_writer_whose_gateway_is_gone_ends_and_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    """It writes nothing more, and the log of what it wrote stays for the next start, which finds all of it."""
    text = written(tmp_path, account())
    async with serving(tmp_path, text) as process, customer(process.address) as caller:
        accepted = [await caller.send(f"852612300{n:02}", "text") for n in range(20)]
        writer = process.writer
        os.kill(process.process.pid, signal.SIGKILL)
        await eventually(lambda: gone(writer))
    assert (tmp_path / "hold.db-wal").stat().st_size > 0
    async with serving(tmp_path, text) as process, books(tmp_path) as looking:
        for message in accepted:
            assert (await looking.standing(message)).message.text == "text"
        assert await process.stop() == 0


async def test_what_a_terminal_tells_all_of_them_is_for_the_gateway(tmp_path: Path) -> None:
    """Ctrl-C reaches the writer too, which must outlive what the gateway still has to write."""
    async with simulated() as (_, address):
        text = written(tmp_path, carrier("north", address), account())
        async with serving(tmp_path, text) as process, customer(process.address) as caller:
            accepted = [await caller.send(f"852612300{n:02}", "text") for n in range(20)]
            os.killpg(process.process.pid, signal.SIGINT)
            async with asyncio.timeout(PATIENCE):
                assert await process.process.wait() == 0
        assert "Traceback" not in "".join(process.log)
        assert not (tmp_path / "hold.db-wal").exists()
        async with books(tmp_path) as looking:
            for message in accepted:
                assert (await looking.standing(message)).message.text == "text"
