"""The send stage of one gateway: a worker for each carrier, where processes share a hold only while the carrier is owned."""

import asyncio
import random
import ssl
from collections.abc import Callable
from functools import partial

import structlog

from globewire.errors import Unavailable
from globewire.gateway.ground import DRAIN, Ground
from globewire.gateway.loops import Stop
from globewire.hold.port import SEND
from globewire.message import CarrierId, Millis
from globewire.plan import Carrier
from globewire.send.carrier import Carrier as Sessions
from globewire.send.hand import LEASE
from globewire.send.owned import Owned
from globewire.send.routing import Routing
from globewire.send.shared import Shared
from globewire.send.worker import Worker

log = structlog.get_logger()

CARRIER_LEASE = 6_000
"""Milliseconds after which the carriers of a process that fell silent are another's."""

LEAVING = 3.0
"""Seconds that the last owner of a carrier has, where it lives, to write down what it knows of what it has in hand."""


class Senders:
    """The workers of this process; `start` has them work."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._shared = Shared(ground.hold, ground.due)
        self._workers: dict[CarrierId, Worker] = {}

    @property
    def busy(self) -> bool:
        """Whether any has something in hand that does not wait for later."""
        return any(worker.busy for worker in self._workers.values())

    def start(self) -> None:
        """Start all. They stop all together, since each may have to wait for its carrier's answers."""
        ground = self._ground
        ground.loops.run(self._shared.run)
        routing = Routing(ground.router, ground.config.routes)
        own = self._while_owned if ground.config.hold.shared else self._always
        stops = [own(carrier.id, partial(self._make, carrier, routing)) for carrier in ground.carriers.values()]
        ground.clock.moved.append(self._look_again)

        async def stop() -> None:
            await asyncio.gather(*(stop() for stop in stops))

        ground.loops.on_stop(stop)

    def _make(self, carrier: Carrier, routing: Routing) -> Worker:
        ground = self._ground
        tls = ssl.create_default_context(cafile=carrier.ca or None) if carrier.tls else None
        worker = self._workers[carrier.id] = Worker(
            ground.hold,
            self._shared,
            carrier,
            routing,
            now=ground.due,
            earliest=ground.clock.earliest,
            make=partial(Sessions, carrier, tls=tls, clock=asyncio.get_running_loop().time, jitter=random.random),
            later=ground.clock.call_later,
            meter=ground.meter,
        )
        return worker

    def _always(self, carrier: CarrierId, make: Callable[[], Worker]) -> Stop:
        worker = make()
        return self._ground.loops.begin(worker.run, before=partial(worker.stop, DRAIN))

    def _while_owned(self, carrier: CarrierId, make: Callable[[], Worker]) -> Stop:
        """Of the processes that share a hold, one has a carrier's binds; the next one starts with what it left."""
        hold, clock, loops = self._ground.hold, self._ground.clock, self._ground.loops
        stops: list[Stop] = []

        async def begin() -> None:
            before, worker = Millis(clock.now() + LEASE), make()

            async def run() -> None:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._inherit(carrier, before))
                    group.create_task(worker.run())

            stops.append(loops.begin(run, before=partial(self._leave, worker)))

        async def end() -> None:
            await stops.pop()()

        owned = Owned(hold, f"carrier {carrier}", self._ground.me, CARRIER_LEASE, now=clock.steady, begin=begin, end=end)
        return loops.begin(owned.run, before=owned.stop)

    async def _inherit(self, carrier: CarrierId, before: Millis) -> None:
        """Call in doubt what the last owner had in hand and wrote nothing of: its leases, which end before ours."""
        while True:
            await asyncio.sleep(LEAVING)
            try:
                return await self._ground.hold.recover(self._ground.clock.now(), SEND, carrier, before=before)
            except Unavailable as fault:
                log.error("the hold does not serve", carrier=carrier, reason=str(fault))

    async def _leave(self, worker: Worker) -> None:
        """End its binds; and unless the whole process ends, see what it knows of its last submits written down, though the hold
        be away: else they would be in doubt."""
        await worker.stop(DRAIN)
        if not self._ground.loops.stopping:
            await worker.finish()

    def _look_again(self) -> None:
        """The clock was moved: no worker pauses any longer."""
        for worker in self._workers.values():
            worker.look_again()
