"""The database's primary dies under load, and its synchronous standby is promoted: the gateway lives through it by itself.

Meanwhile nobody is told OK; afterwards everything that anybody was told is there, and has reached the carrier once.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from globewire.message import MessageId, State
from laws.server import Server
from peers.ports import free_port
from stories.carriers import simulated
from stories.fleet import Fleet, fleet
from stories.house import account, carrier, eventually, table, written
from stories.process import refusal

CALLERS = 8
SOME = 150
PATIENCE = 40.0


@pytest.fixture
def pair_of_servers(server: Server) -> Iterator[tuple[Server, Server]]:
    """A primary, and a standby that it waits for at each commit. (`server` is there to skip where there can be none.)"""
    with ExitStack() as stack:
        primary = Server()
        stack.callback(primary.close)
        standby = Server(primary)
        stack.callback(standby.close)
        primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.sql("postgres", "SELECT pg_reload_conf()")
        yield primary, standby


@dataclass(slots=True)
class Load:
    """Customers who send all the time. `sent` is what was answered with OK, `refused` counts what could not be served."""

    fleet: Fleet
    sent: dict[str, MessageId] = field(default_factory=dict)
    refused: int = 0
    over: bool = False
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def customer(self, place: int) -> None:
        """Send one text after another to the process of this place, which must answer each."""
        caller = self.fleet.customer(place)
        while not self.over:
            text = f"text {uuid4()}"
            reply = await caller.try_send("85261234567", text)
            if reply.code == "OK":
                self.sent[text] = reply.id
            else:
                assert (reply.status, reply.code) == (503, "ServiceUnavailable")
                self.refused += 1
            self._moved.set()
            await asyncio.sleep(0.02)

    async def more(self, sent: int = 0, refused: int = 0) -> None:
        """Return when so many more were answered so."""
        goal = (len(self.sent) + sent, self.refused + refused)
        async with asyncio.timeout(PATIENCE):
            while len(self.sent) < goal[0] or self.refused < goal[1]:
                self._moved.clear()
                await self._moved.wait()


@pytest.mark.parametrize("long", [False, True])
async def test_a_standby_takes_over_under_load(pair_of_servers: tuple[Server, Server], tmp_path: Path, long: bool) -> None:
    """At once, or after a time in which the carriers were given up: the processes go on by themselves, and all is sent once."""
    primary, standby = pair_of_servers
    url = f"postgresql://globewire@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
    async with (
        simulated(latency=(0.0, 0.2), receipt_delay=(0.0, 1.0)) as (simulator, address),
        fleet(tmp_path, url, carrier("north", address), account(), places=2) as home,
    ):
        load = Load(home)

        async def given_up() -> bool | None:
            return any("given up" in line for node in home.nodes.values() for line in node.log) or None

        async with asyncio.TaskGroup() as group:
            for n in range(CALLERS):
                group.create_task(load.customer(n % 2))
            await load.more(sent=SOME)
            await asyncio.to_thread(primary.kill)
            await load.more(refused=CALLERS)
            before = set(load.sent.values())
            if long:
                await eventually(given_up)
            assert set(load.sent.values()) == before  # nobody is told OK while nobody can write
            await asyncio.to_thread(standby.promote)
            await load.more(sent=SOME)
            load.over = True
        # Where the carrier changed hands, what its last owner knows may be written after the next one has called it in doubt.
        await home.books.settled(State.ACCEPTED, State.SUBMITTED, State.UNKNOWN)
        found = {standing.message.id: standing for standing in await home.books.everything()}
        assert {id: text for text, id in load.sent.items()}.items() <= {id: s.message.text for id, s in found.items()}.items()
        assert {standing.state for standing in found.values()} == {State.DELIVERED}
        assert Counter(taken.text.decode() for taken in simulator.taken.values()) == {s.message.text: 1 for s in found.values()}
        assert [await node.stop() for node in home.nodes.values()] == [0, 0]


async def test_a_start_without_a_database_may_be_tried_again(server: Server, tmp_path: Path) -> None:
    """Exit code 1, at which a supervisor tries again; 2, at which it does not, where trying is of no use."""
    url = f"postgresql://globewire@127.0.0.1:{free_port()}/postgres"
    code, said = await refusal(tmp_path, written(tmp_path, table("[simulator]", enabled=True), account(), url=url))
    assert (code, "Traceback" in said) == (1, False)
    assert said.startswith("globewire: the database server cannot be used")
    text = written(tmp_path, table("[simulator]", enabled=True), account(), url=server.url("nothing"))
    code, said = await refusal(tmp_path, text)
    assert (code, "Traceback" in said) == (2, False)
