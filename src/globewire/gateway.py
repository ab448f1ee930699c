"""The only place that builds things: it opens the hold, starts the stages in order, and stops them in reverse."""

import asyncio
import gc
import random
import signal
import ssl
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from globewire.accept.desk import Desk
from globewire.accept.intake import Intake
from globewire.accept.nonces import Nonces
from globewire.accept.server import Limits, Server
from globewire.config import SIMULATOR, Api, Config, HoldSettings
from globewire.declare import declare, first_account
from globewire.hold.port import SEND, SETTLE, TELL, Question
from globewire.hold.sqlite import SqliteHold
from globewire.message import CarrierId, Millis
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
SWITCH = 0.00003
"""Seconds after which a busy thread hands Python over. The hold's writer comes back from SQLite to a busy event loop a dozen
times a transaction; at 0.5 ms each (the default is 5 ms) the whole gateway accepted 2,660 messages a second, at this 3,840."""
COLLECTIONS = (50_000, 20, 100)
"""Objects made before a young collection, young ones before a middle one, middle ones before a full one."""
SIMULATED = Carrier(id=SIMULATOR, host="", port=0, system_id="globewire", password="", window=100, sender="Globewire")
"""The simulator as a carrier; its address is known once it listens."""

Stop = Callable[[], Coroutine[Any, Any, None]]


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
        self._stops: list[Stop] = []
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
        while self._stops:
            await self._stops.pop()()

    async def _start(self) -> None:
        config, only = self._config, self._only
        hold = await open_hold(config.hold, create=True)
        self._stops.append(hold.close)
        registry = await self._registry(hold)
        carriers = await self._carriers()
        router = Router(config.routes, carriers)
        if "send" in only:
            await self._recover(hold, carriers)
            self._send(hold, carriers, Routing(router, config.routes))
        if "settle" in only:
            self._run(Receipts(hold, now=now).run)
        if "tell" in only:
            self._tell(hold, registry)
        if "tend" in only:
            self._run(self._sweep(hold).run)
        if "accept" in only:
            await self._accept(hold, registry, router, carriers)
        _spare_the_collector()

    async def _registry(self, hold: SqliteHold) -> Registry:
        """The book, with what the configuration declares in it, or else a first account."""
        settings = self._config.hold
        vault = open_vault(settings.master_key, Path(settings.key_file))
        await declare(hold, vault, self._config.accounts, now())
        self.first_key = await first_account(hold, vault, now())
        registry = Registry(hold, vault)
        await registry.refresh()
        self._run(registry.run)
        return registry

    async def _carriers(self) -> dict[CarrierId, Carrier]:
        """The carriers by id; the simulator among them where it is wanted, and started where messages are sent."""
        settings = self._config.simulator
        carriers = {carrier.id: carrier for carrier in self._config.carriers}
        if settings.enabled:
            host, port = settings.listen.host, settings.listen.port
            if "send" in self._only:
                simulator = Simulator(settings.behaviour)
                self.simulator = host, port = await simulator.start(host, port)
                self._stops.append(simulator.stop)
            carriers[SIMULATOR] = replace(SIMULATED, host=host, port=port)
        return carriers

    async def _recover(self, hold: SqliteHold, carriers: dict[CarrierId, Carrier]) -> None:
        """No other process works on this file: what an earlier one had leased is free again."""
        for carrier in carriers:
            await hold.recover(now(), SEND, carrier)
        await hold.recover(now(), SETTLE)
        await hold.recover(now(), TELL)

    def _send(self, hold: SqliteHold, carriers: dict[CarrierId, Carrier], routing: Routing) -> None:
        clock = asyncio.get_running_loop().time
        for carrier in carriers.values():
            tls = ssl.create_default_context(cafile=carrier.ca or None) if carrier.tls else None
            sessions = partial(CarrierSessions, carrier, tls=tls, clock=clock, jitter=random.random)
            worker = Worker(hold, carrier, routing, now=now, make=sessions)
            self._run(worker.run, before=partial(worker.stop, DRAIN))

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
        self._run(callbacks.run, before=callbacks.stop)

    def _sweep(self, hold: SqliteHold) -> Sweep:
        settings, grace = self._config.hold, self._config.send.grace * 1000
        return Sweep(hold, grace=grace, bodies_days=settings.keep_bodies_days, messages_days=settings.keep_messages_days, now=now)

    async def _accept(self, hold: SqliteHold, registry: Registry, router: Router, carriers: dict[CarrierId, Carrier]) -> None:
        number.prepare()
        api, request_ids = self._config.api, RequestIds()
        newest = await hold.search(Question(limit=1))
        mint = Mint(now, api.node, max((standing.message.id for standing in newest), default=0))
        intake = Intake(
            Desk(hold, router, carriers, lambda: registry.accounts, now, mint.ids, self._config.send.validity),
            Nonces(await hold.nonces(now()), now),
            register=lambda: registry.register,
            request_id=request_ids,
            form=api.refusal_form,
            require_tls=api.require_tls,
        )
        server = Server(
            intake.answer,
            host=api.listen.host,
            port=api.listen.port,
            tls=_server_tls(api),
            limits=_limits(api),
            trusted_proxies=api.trusted_proxies,
            request_id=request_ids,
        )
        self.api = await server.start()
        self._stops.append(partial(server.stop, DRAIN))

    def _run(self, run: Stop, before: Stop | None = None) -> None:
        """Start a stage's loop, to be stopped by `before` and then cancelled. Its end by itself is the gateway's failure."""
        task = asyncio.create_task(run())
        task.add_done_callback(self._ended)

        async def stop() -> None:
            if before is not None and not task.done():
                await before()
            task.cancel()
            await asyncio.wait([task])

        self._stops.append(stop)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("a stage failed", exc_info=task.exception())
            self.failed.set()


def _spare_the_collector() -> None:
    """Leave what was loaded out of Python's garbage collections, and make full ones rare: each stopped all for up to 60 ms,
    and next to nothing that passes through here is in cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)


def _server_tls(api: Api) -> ssl.SSLContext | None:
    if not api.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(api.certificate, api.certificate_key)
    return context


def _limits(api: Api) -> Limits:
    return Limits(
        line=api.line_limit,
        headers=api.header_limit,
        body=api.body_limit,
        header_timeout=api.header_timeout,
        body_timeout=api.body_timeout,
        connections=api.connections,
    )


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
