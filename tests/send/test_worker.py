"""The worker where stories do not reach: stopped at every turn of the loop, with a real hold and a real carrier."""

import asyncio
import random
from functools import partial
from pathlib import Path

import pytest

from globewire import plan
from globewire.hold.port import SEND
from globewire.hold.sqlite import SqliteHold
from globewire.plan import Route
from globewire.send.carrier import Carrier
from globewire.send.routing import Routing
from globewire.send.shared import Shared
from globewire.send.worker import Worker
from globewire.verdict.route import Router
from laws.making import CARRIER, submission
from stories.carriers import simulated
from stories.house import now


@pytest.mark.parametrize("turns", range(0, 24, 2))
async def test_a_stop_at_any_moment_of_a_claim_leaves_nothing_leased(tmp_path: Path, turns: int) -> None:
    """The message was either sent, and that is written down, or it is free for the next start: nobody has to guess."""
    routes = (Route(id="all", carriers=(CARRIER,)),)
    hold = await SqliteHold.open(tmp_path / "hold.db")
    async with simulated() as (simulator, address):
        carrier = plan.Carrier(id=CARRIER, host=address[0], port=address[1], system_id="globe", password="")
        clock = asyncio.get_running_loop().time
        sessions = partial(Carrier, carrier, tls=None, clock=clock, jitter=random.random)
        shared = Shared(hold, now)
        worker = Worker(hold, shared, carrier, Routing(Router(routes, {CARRIER: carrier}), routes), now=now, make=sessions)
        running = [asyncio.create_task(run()) for run in (shared.run, worker.run)]
        while not simulator.counts["binds"]:
            await asyncio.sleep(0.005)
        await hold.keep([submission(1, at=now(), carrier=CARRIER)], None)
        for _ in range(turns):
            await asyncio.sleep(0)
        await worker.stop(5.0)
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        await hold.recover(now(), SEND)
        left = await hold.claim(SEND, 10, now(), 1000, CARRIER)
        assert [job.interrupted for job in left] == [False] * (1 - simulator.counts["taken"])
    await hold.close()
