"""The server does what it was told to commit, and its answer is lost on the way: nobody can know, and nothing may be lost by it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from globewire.errors import NONCE_USED, Refused, Unavailable
from globewire.hold.port import SEND, Became, Nonce, Noted, Once, Submitted
from globewire.hold.postgres import PostgresHold
from globewire.message import Millis, State
from laws.making import ACCOUNT, CARRIER, NOW, message, part, submission
from laws.server import Server

LEASE = 600_000
EXECUTED = b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04"
"""Execute the unnamed portal to its end, and Sync: what ends the way of a prepared statement to the server."""


@dataclass(slots=True)
class Wire:
    """What lies between a hold and its server. While `cut`, a COMMIT, and a statement that is a transaction by itself, reaches the
    server, and its answer reaches nobody."""

    port: int
    cut: bool = False

    async def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry both ways until either side is closed, or the wire is cut."""
        inward, outward = await asyncio.open_connection("127.0.0.1", self.port)
        committed = asyncio.Event()

        async def up() -> None:
            begun = False
            while data := await reader.read(65_536):
                if self.cut and (b"COMMIT\0" in data or (EXECUTED in data and not begun)):
                    committed.set()
                begun = b"BEGIN" in data or (begun and b"COMMIT" not in data and b"ROLLBACK" not in data)
                outward.write(data)

        async def down() -> None:
            while (data := await inward.read(65_536)) and not committed.is_set():
                writer.write(data)

        carrying = [asyncio.create_task(way()) for way in (up, down)]
        try:
            await asyncio.wait(carrying, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in carrying:
                task.cancel()
            for side in (writer, outward):
                side.close()


@pytest.fixture
async def wire(server: Server) -> AsyncIterator[tuple[Wire, int]]:
    """A wire to the server, and the port where it begins."""
    made = Wire(server.port)
    listening = await asyncio.start_server(made.enter, "127.0.0.1", 0)
    yield made, listening.sockets[0].getsockname()[1]
    listening.close()


@pytest.fixture
async def far(wire: tuple[Wire, int], database: str, server: Server) -> AsyncIterator[tuple[Wire, PostgresHold]]:
    """A hold that reaches its database over the wire."""
    made, port = wire
    hold = await PostgresHold.open(database.replace(f":{server.port}/", f":{port}/"), migrate=True)
    yield made, hold
    made.cut = False
    await hold.close()


async def test_what_a_lost_claim_leased_is_claimed_again_at_once(far: tuple[Wire, PostgresHold]) -> None:
    """Nobody has it in hand, so it is not in doubt; what was, still is."""
    wire, hold = far
    await hold.keep([submission(n) for n in range(3)], None)
    (held,) = await hold.claim(SEND, 1, NOW, LEASE, CARRIER)
    wire.cut = True
    for later in (1, 2):
        with pytest.raises(Unavailable):
            await hold.claim(SEND, 1, Millis(NOW + later), LEASE, CARRIER)
    wire.cut = False
    again = await hold.claim(SEND, 9, Millis(NOW + 3), LEASE, CARRIER)
    assert [(job.message.id, job.interrupted) for job in again] == [(message(n).id, False) for n in (1, 2)]
    assert await hold.claim(SEND, 9, Millis(NOW + 4), LEASE, CARRIER) == []
    await hold.recover(Millis(NOW + 5), SEND, CARRIER)
    assert [job.interrupted for job in await hold.claim(SEND, 9, Millis(NOW + 6), LEASE, CARRIER)] == [True] * 3
    assert held.message.id == message(0).id


async def test_what_a_lost_claim_leased_is_freed_for_another_process(far: tuple[Wire, PostgresHold], database: str) -> None:
    """The carrier is another's from now on, who has no doubt about what nobody had in hand."""
    wire, hold = far
    other = await PostgresHold.open(database)
    await hold.keep([submission(1)], None)
    wire.cut = True
    with pytest.raises(Unavailable):
        await hold.claim(SEND, 1, NOW, LEASE, CARRIER)
    with pytest.raises(Unavailable):
        await hold.free(CARRIER, NOW)
    wire.cut = False
    await hold.free(CARRIER, NOW)
    await other.recover(NOW, SEND, CARRIER)
    assert [job.interrupted for job in await other.claim(SEND, 9, NOW, LEASE, CARRIER)] == [False]
    await other.close()


async def test_what_was_kept_unconfirmed_is_answered_under_its_key(far: tuple[Wire, PostgresHold]) -> None:
    """The caller was told that it cannot be served; the same again finds that it was, and keeps nothing twice."""
    wire, hold = far
    key = Once(ACCOUNT, "order 7", "content", "answer", Millis(NOW + LEASE))
    wire.cut = True
    with pytest.raises(Unavailable):
        await hold.keep([submission(1)], Nonce(1, Millis(NOW + LEASE)), once=key)
    wire.cut = False
    with pytest.raises(Refused) as refused:
        await hold.keep([submission(2)], Nonce(1, Millis(NOW + LEASE)), once=key)
    assert refused.value.row is NONCE_USED
    assert await hold.keep([submission(2)], Nonce(2, Millis(NOW + LEASE)), once=key) == "answer"
    assert (await hold.counts())["state.accepted"] == 1


async def test_what_was_done_unconfirmed_may_be_done_again(far: tuple[Wire, PostgresHold]) -> None:
    """The worker writes its endings until it is told that they are written: they count once."""
    wire, hold = far
    await hold.keep([submission(1)], None)
    (job,) = await hold.claim(SEND, 1, NOW, LEASE, CARRIER)
    facts = (Submitted(part(1)), Became(message(1).id, State.SUBMITTED, NOW, CARRIER), Noted(message(1).id, NOW, "note", "once?"))
    wire.cut = True
    with pytest.raises(Unavailable):
        await hold.done((job, facts))
    wire.cut = False
    await hold.done((job, facts))
    standing = await hold.look(message(1).id)
    assert standing is not None
    assert (standing.state, len(standing.parts)) == (State.SUBMITTED, 1)
    assert await hold.claim(SEND, 9, Millis(NOW + 2 * LEASE), LEASE, CARRIER) == []
