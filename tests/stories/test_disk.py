"""A disk that is full, at once or for good."""

import resource
from collections import Counter
from pathlib import Path

from globewire.message import MessageId, State
from stories.carriers import simulated
from stories.client import Customer, customer
from stories.house import Books, account, books, carrier, eventually, written
from stories.process import Process, serving

ROOM = 400_000
MOST = 1_000
ENOUGH = 20
BODY = "x" * 500


async def fill(caller: Customer) -> tuple[list[MessageId], int]:
    """Send until the disk is full, and a little longer: what was accepted, and how much was refused, all in the one way."""
    accepted: list[MessageId] = []
    refused = 0
    for n in range(MOST):
        reply = await caller.try_send(f"852612{10_000 + n}", BODY)
        if reply.code == "OK":
            accepted.append(reply.id)
        else:
            assert (reply.status, reply.code) == (503, "ServiceUnavailable")
            refused += 1
        if refused == ENOUGH:
            break
    assert accepted
    assert refused == ENOUGH
    return accepted, refused


async def all_there(looking: Books, accepted: list[MessageId]) -> int:
    """How many messages are held once all have left for the carrier; the accepted must be among them, word for word."""
    counts = await looking.settled(State.ACCEPTED, State.SUBMITTED)
    for message in accepted:
        assert (await looking.standing(message)).message.text == BODY
    return sum(count for name, count in counts.items() if name.startswith("state."))


async def size(folder: Path, text: str) -> int:
    """Start and stop once, so that the files are there; the size of the largest."""
    async with serving(folder, text) as process:
        assert await process.stop() == 0
    return max(file.stat().st_size for file in folder.iterdir())


def clean(process: Process) -> bool:
    """Whether the log is free of tracebacks."""
    return "Traceback" not in "".join(process.log)


async def test_a_full_disk_is_no_false_promise(tmp_path: Path) -> None:
    """Sends are answered with ServiceUnavailable; what was acknowledged is there after a restart, even one by force."""
    async with simulated() as (_, address):
        text = written(tmp_path, carrier("north", address), account())
        limit = await size(tmp_path, text) + ROOM
        async with serving(tmp_path, text, file_limit=limit) as process, customer(process.address) as caller:
            accepted, refused = await fill(caller)
            await process.kill()
        assert clean(process)
        async with serving(tmp_path, text) as process, books(tmp_path) as looking:
            assert len(accepted) <= await all_there(looking, accepted) <= len(accepted) + refused
            assert await process.stop() == 0


async def test_when_there_is_room_again_it_goes_on_by_itself(tmp_path: Path) -> None:
    """The same process accepts again, and all that it had accepted arrives, each part once."""
    async with simulated() as (simulator, address):
        text = written(tmp_path, carrier("north", address), account())
        limit = await size(tmp_path, text) + ROOM
        async with serving(tmp_path, text, file_limit=limit) as process, customer(process.address) as caller:
            accepted, _ = await fill(caller)
            resource.prlimit(process.writer, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

            async def accepts() -> MessageId | None:
                reply = await caller.try_send("85261230000", BODY)
                return reply.id if reply.code == "OK" else None

            accepted.append(await eventually(accepts))
            async with books(tmp_path) as looking:
                held = await all_there(looking, accepted)
                assert (await looking.hold.counts())["state.delivered"] == held
            assert await process.stop() == 0
        assert clean(process)
        parts = Counter((taken.destination, taken.text) for taken in simulator.taken.values())
        assert set(parts.values()) == {1}
