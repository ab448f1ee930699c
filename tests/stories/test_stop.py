"""A gateway that is stopped in the middle of its work, and started again: nothing is lost, in doubt, or sent twice."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from globewire.message import State
from stories.carriers import simulated
from stories.house import books, carrier, house

LONG = "x" * 400


@pytest.mark.parametrize(
    ("many", "text", "latency", "more"),
    [
        (40, LONG, (0.02, 0.06), {"window": 5}),
        (40, LONG, (0.0, 0.0), {"window": 20, "pace": 60}),
        (400, "", (0.0, 0.0), {"window": 10}),
    ],
)
async def test_a_stop_leaves_no_message_in_doubt(
    tmp_path: Path, many: int, text: str, latency: tuple[float, float], more: dict[str, object]
) -> None:
    """What was begun is finished, all parts of it; what was not waits on disk for the next start."""
    async with simulated(latency=latency) as (simulator, address):
        north = carrier("north", address, **more)
        async with house(tmp_path, north) as home:
            sends = asyncio.gather(*(home.customer.send(f"852612{n:05}", f"{n}{text}") for n in range(10_000, 10_000 + many)))
            while simulator.counts["taken"] < 40:
                await asyncio.sleep(0.002)
            await sends
        begun, parts = simulator.counts["taken"], 3 if text else 1
        async with books(tmp_path) as looking:
            counts = await looking.hold.counts()
        assert (begun % parts, counts.get("state.unknown", 0)) == (0, 0)
        assert counts.get("state.accepted", 0) == many - begun // parts
        async with house(tmp_path, north) as home:
            counts = await home.books.settled(State.ACCEPTED, State.SUBMITTED, State.UNKNOWN, at_least=many)
            assert counts["state.delivered"] == many
        taken = Counter((taken.destination, taken.text) for taken in simulator.taken.values())
        assert (len(taken), set(taken.values())) == (parts * many, {1})


async def test_a_stop_does_not_wait_for_a_second_try(tmp_path: Path) -> None:
    """A message that was refused for now was not taken: it goes back to disk at once, and out with the next start."""
    async with simulated(errors=((1.0, 0x08),), magic=False) as (simulator, address):
        async with house(tmp_path, carrier("north", address)) as home:
            message = await home.customer.send("85261230000", "later")
            while not simulator.counts["refused"]:
                await asyncio.sleep(0.01)
        async with books(tmp_path) as looking:
            assert (await looking.standing(message)).state is State.ACCEPTED
    async with simulated(port=address[1]), house(tmp_path, carrier("north", address)) as home:
        await home.books.until(message, State.DELIVERED)
