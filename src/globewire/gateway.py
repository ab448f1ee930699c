"""The only place that builds things: it opens the hold, starts the stages in order, and stops them in reverse."""

import asyncio
import random
import signal
import ssl
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import structlog

from globewire.accept.desk import Desk
from globewire.accept.intake import Intake
from globewire.accept.nonces import Nonces
from globewire.accept.server import Limits, Server
from globewire.config import SIMULATOR, Config, HoldSettings
from globewire.declare import declare, first_account
from globewire.hold.port import Question
from globewire.hold.sqlite import SqliteHold
from globewire.message import MessageId, Millis
from globewire.mint import Mint, RequestIds
from globewire.plan import Carrier
from globewire.registry import Registry
from globewire.send.carrier import Carrier as CarrierSessions
from globewire.send.routing import Routing
from globewire.send.simulator import Simulator
from globewire.send.worker import Worker
from globewire.settle.receipts import Receipts
from globewire.tell.callbacks import Callbacks
from globewire.tell.callbacks import Settings as Pushing
from globewire.tend.sweep import Sweep
from globewire.vault import open_vault
from globewire.verdict.route import Router
from globewire.wire import number

log = structlog.get_logger()

STAGES = ("accept", "send", "settle", "tell", "tend")
DRAIN = 10.0
"""Seconds that a stop waits for what is in flight."""
SWITCH = 0.0005
"""Seconds after which a busy thread hands Python over. At the default of ten times that, the hold's writer, which comes back
from SQLite to a busy event loop several times a transaction, spends its time waiting."""
SIMULATOR_WINDOW = 100


def now() -> Millis:
    """The wall clock."""
    return Millis(time.time_ns() // 1_000_000)


async def open_hold(settings: HoldSettings, *, create: bool) -> SqliteHold:
    """The hold that the configuration names. SchemaFault where it cannot be used."""
    return await SqliteHold.open(Path(settings.path), create=create)


class Gateway:
    """A running gateway, or the stages of it named in `only`. What fails while starting raises, with nothing left running."""

    def __init__(self, config: Config, only: frozenset[str] = frozenset()) -> None:
        self._config, self._only = config, only or frozenset(STAGES)
        self._stops: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.api: tuple[str, int] | None = None
        self.simulator: tuple[str, int] | None = None
        self.first_key: tuple[str, str] | None = None
        self.failed = asyncio.Event()
        """Set when a stage ended by itself, which none should: stop, and let a supervisor start it anew."""

    async def start(self) -> None:
        """Open the hold and start the stages; receipts can be taken before the first message is accepted."""
        sys.setswitchinterval(SWITCH)
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the stages in reverse: accept no more, finish what is in flight, close the hold."""
        for stop in reversed(self._stops):
            await stop()
        self._stops.clear()

    async def _start(self) -> None:
        config = self._config
        hold = await open_hold(config.hold, create=True)
        self._stops.append(hold.close)
        vault = open_vault(config.hold.master_key, Path(config.hold.key_file))
        await declare(hold, vault, config.accounts, now())
        self.first_key = await first_account(hold, vault, now())
        registry = Registry(hold, vault)
        await registry.refresh()
        self._loop(registry.run)
        carriers = await self._carriers()
        router = Router(config.routes, carriers)
        if "send" in self._only:
            await hold.recover(now())
            self._send(hold, carriers, Routing(router, config.routes))
        if "settle" in self._only:
            self._loop(Receipts(hold, now=now).run)
        if "tell" in self._only:
            self._tell(hold, registry)
        if "tend" in self._only:
            settings = config.hold
            sweep = Sweep(
                hold,
                grace=config.send.grace * 1000,
                bodies_days=settings.keep_bodies_days,
                messages_days=settings.keep_messages_days,
                now=now,
            )
            self._loop(sweep.run)
        if "accept" in self._only:
            await self._accept(hold, registry, router, carriers)

    async def _carriers(self) -> dict[Any, Carrier]:
        """The carriers by id; the simulator among them, started, where it is wanted."""
        config = self._config
        carriers = {carrier.id: carrier for carrier in config.carriers}
        if config.simulator.enabled and self._only & {"accept", "send"}:
            simulator = Simulator(config.simulator.behaviour)
            listen = config.simulator.listen
            self.simulator = await simulator.start(listen.host, listen.port)
            self._stops.append(simulator.stop)
            host, port = self.simulator
            carriers[SIMULATOR] = Carrier(
                id=SIMULATOR, host=host, port=port, system_id="globewire", password="", window=SIMULATOR_WINDOW, sender="Globewire"
            )
        return carriers

    def _send(self, hold: SqliteHold, carriers: dict[Any, Carrier], routing: Routing) -> None:
        clock = asyncio.get_running_loop().time
        for carrier in carriers.values():
            tls = ssl.create_default_context(cafile=carrier.ca or None) if carrier.tls else None

            def sessions(worker: Worker, carrier: Carrier = carrier, tls: ssl.SSLContext | None = tls) -> CarrierSessions:
                return CarrierSessions(carrier, worker, tls=tls, clock=clock, jitter=random.random)

            worker = Worker(hold, carrier, routing, now=now, make=sessions)
            task = self._loop(worker.run)

            async def stop(worker: Worker = worker, task: asyncio.Task[None] = task) -> None:
                await worker.stop(DRAIN)
                task.cancel()

            self._stops[-1] = stop

    def _tell(self, hold: SqliteHold, registry: Registry) -> None:
        settings = self._config.callbacks
        pushing = Pushing(
            allow_private=settings.allow_private,
            delays=settings.delays,
            timeout=settings.timeout,
            batch=settings.batch,
            connections=settings.connections,
        )
        callbacks = Callbacks(hold, settings=pushing, clock=now, secret_of=registry.callback_secret)
        self._loop(callbacks.run)
        self._stops[-1] = callbacks.stop

    async def _accept(self, hold: SqliteHold, registry: Registry, router: Router, carriers: dict[Any, Carrier]) -> None:
        number.prepare()
        api, config = self._config.api, self._config
        newest = await hold.search(Question(limit=1))
        mint = Mint(now, api.node, max((standing.message.id for standing in newest), default=0))
        request_ids = RequestIds()
        desk = Desk(hold, router, carriers, lambda: registry.accounts, now, mint.ids, config.send.validity)
        intake = Intake(
            desk,
            Nonces(await hold.nonces(now()), now),
            register=lambda: registry.register,
            request_id=request_ids,
            form=api.refusal_form,
            require_tls=api.require_tls,
        )
        limits = Limits(
            line=api.line_limit,
            headers=api.header_limit,
            body=api.body_limit,
            header_timeout=api.header_timeout,
            body_timeout=api.body_timeout,
            connections=api.connections,
        )
        tls = None
        if api.certificate:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(api.certificate, api.certificate_key)
        server = Server(
            intake.answer,
            host=api.listen.host,
            port=api.listen.port,
            tls=tls,
            limits=limits,
            trusted_proxies=api.trusted_proxies,
            request_id=request_ids,
        )
        self.api = await server.start()
        self._stops.append(lambda: server.stop(DRAIN))

    def _loop(self, run: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        """Start a stage's loop; its end by itself is a failure of the gateway."""
        task = asyncio.create_task(run())
        task.add_done_callback(self._ended)

        async def stop() -> None:
            task.cancel()
            await asyncio.wait([task])

        self._stops.append(stop)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("a stage failed", exc_info=task.exception())
            self.failed.set()


async def run(config: Config, only: frozenset[str], ready: Callable[[Gateway], None]) -> bool:
    """Serve until SIGTERM or SIGINT; whether it ended as it should."""
    stopping = asyncio.Event()
    for number_ in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number_, stopping.set)
    gateway = Gateway(config, only)
    await gateway.start()
    ready(gateway)
    waits = [asyncio.create_task(stopping.wait()), asyncio.create_task(gateway.failed.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    await gateway.stop()
    return not gateway.failed.is_set()
