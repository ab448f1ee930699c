"""Killed in the middle of its work, and started again on the same files: what was said to be accepted is there.

The carrier lives on in the test and counts. Between a carrier's yes and our commit a crash leaves doubt, which no gateway can
resolve; the doubt must be no wider than what the database says was under way at that moment.
"""

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from globewire.message import MessageId, State
from globewire.send.simulator import Simulator
from stories.carriers import simulated
from stories.client import Customer, customer
from stories.house import account, books, carrier, route, written
from stories.process import serving

MANY = 400
AT_ONCE = 40
WINDOW = 20


async def send_all(caller: Customer, sent: dict[str, MessageId]) -> None:
    """Send MANY texts, each its own, some at a time; those that were answered with OK are in `sent`."""
    texts = iter(range(MANY))

    async def one_after_another() -> None:
        for n in texts:
            try:
                sent[f"text {n}"] = await caller.send(f"852612{10_000 + n}", f"text {n}")
            except aiohttp.ClientError:
                return  # nobody is there any more: nothing was promised

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))


async def crash(folder: Path, text: str, seed: int) -> tuple[dict[str, MessageId], set[MessageId]]:
    """Kill a gateway while it is sent to; what it had acknowledged, and what it had under way to the carrier."""
    sent: dict[str, MessageId] = {}
    moment = random.Random(seed).randrange(MANY // 10, MANY * 8 // 10)
    async with serving(folder, text) as process, customer(process.address, AT_ONCE) as caller:
        sending = asyncio.create_task(send_all(caller, sent))
        while len(sent) < moment:
            await asyncio.sleep(0.001)
        await process.kill()
        await sending
    assert moment <= len(sent) < MANY
    with closing(sqlite3.connect(f"file:{folder}/hold.db?mode=ro", uri=True)) as connection:  # it leaves the log as it is
        leased = {MessageId(row[0]) for row in connection.execute("SELECT message FROM sending WHERE leased = 1")}
    return sent, leased


async def restart(folder: Path, text: str, *unfinished: State) -> dict[MessageId, tuple[str, State]]:
    """Start it again, and wait until no message is unfinished; each message's text and state."""
    async with serving(folder, text) as process, books(folder) as looking:
        await looking.settled(*unfinished)
        found = {s.message.id: (s.message.text, s.state) for s in await looking.everything()}
        assert await process.stop() == 0
        return found


def arrivals(simulator: Simulator) -> Counter[str]:
    """How often the carrier was given each text."""
    return Counter(taken.text.decode() for taken in simulator.taken.values())


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_killed_and_told_to_resend_everything_acknowledged_arrives(tmp_path: Path, seed: int) -> None:
    """Each OK is held and reaches the carrier; only what was under way at the kill may have reached it twice."""
    async with simulated(latency=(0.0, 0.01)) as (simulator, address):
        text = written(tmp_path, carrier("north", address, window=WINDOW), route("north", on_unknown="resend"), account())
        sent, leased = await crash(tmp_path, text, seed)
        found = await restart(tmp_path, text, State.ACCEPTED, State.SUBMITTED, State.UNKNOWN)
        assert {id: said for said, id in sent.items()}.items() <= {id: said for id, (said, _) in found.items()}.items()
        assert {state for _, state in found.values()} == {State.DELIVERED}
        arrived = arrivals(simulator)
        assert set(arrived) == {said for said, _ in found.values()}
        assert {said for said, times in arrived.items() if times > 1} <= {found[id][0] for id in leased}
        assert (max(arrived.values()) <= 2, len(leased) <= 3 * WINDOW) == (True, True)


@pytest.mark.parametrize("seed", [4, 5, 6])
async def test_killed_and_not_told_to_resend_nothing_arrives_twice(tmp_path: Path, seed: int) -> None:
    """Each OK is delivered, or shown as unknown: exactly what was under way at the kill is."""
    async with simulated(latency=(0.0, 0.01)) as (simulator, address):
        text = written(tmp_path, carrier("north", address, window=WINDOW), account())
        sent, leased = await crash(tmp_path, text, seed)
        found = await restart(tmp_path, text, State.ACCEPTED, State.SUBMITTED)
        assert {id: said for said, id in sent.items()}.items() <= {id: said for id, (said, _) in found.items()}.items()
        unknown = {id for id, (_, state) in found.items() if state is State.UNKNOWN}
        assert unknown == leased
        assert {state for id, (_, state) in found.items() if id not in unknown} == {State.DELIVERED}
        assert max(arrivals(simulator).values()) == 1
