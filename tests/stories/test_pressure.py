"""More messages than the carriers take: refused with a hint when to come again, and accepted again when there is room."""

import asyncio
from pathlib import Path

from globewire.message import State
from stories.carriers import simulated
from stories.house import account, carrier, house, table

BACKLOG = 20


async def test_past_the_backlog_calls_are_refused_until_it_has_shrunk(tmp_path: Path) -> None:
    """What was accepted is delivered, each once; what was refused was not kept."""
    async with (
        simulated() as (simulator, address),
        house(tmp_path, account(), carrier("north", address, pace=300), table("[send]", backlog=BACKLOG)) as home,
    ):
        accepted, refused = 0, 0
        async with asyncio.timeout(20):
            while not refused:
                replies = await asyncio.gather(*(home.customer.try_send("85261234567", f"text {n}") for n in range(20)))
                accepted += sum(reply.code == "OK" for reply in replies)
                refused += sum((reply.status, reply.code) == (503, "ServiceUnavailable") for reply in replies)
        async with asyncio.timeout(20):
            while (reply := await home.customer.try_send("85261234567", "again")).status == 503:
                await asyncio.sleep(0.1)
        assert reply.code == "OK"
        counts = await home.books.settled(State.ACCEPTED, State.SUBMITTED, at_least=accepted + 1)
        assert counts["state.delivered"] == simulator.counts["taken"] == accepted + 1
