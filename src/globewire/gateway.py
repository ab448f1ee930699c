"""The only place that builds things: it opens the hold, starts the stages in order, and stops them in reverse."""

import asyncio
import gc
import os
import random
import secrets
import signal
import socket
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from starlette.types import ASGIApp

from globewire.accept.desk import Desk
from globewire.accept.exchanges import Ring
from globewire.accept.hints import Hints
from globewire.accept.intake import Intake
from globewire.accept.nonces import Nonces
from globewire.accept.pressure import Pressure
from globewire.accept.server import Elsewhere, Limits, Server
from globewire.accept.turns import OwnTurns, SharedTurns
from globewire.clock import Clock
from globewire.config import SIMULATOR, Api, Config, HoldSettings
from globewire.declare import declare, first_account
from globewire.errors import Unavailable
from globewire.hold.claimant import Claimant
from globewire.hold.port import FRESH, SEND, SETTLE, TELL, Hold, Question
from globewire.hold.postgres import PostgresHold
from globewire.hold.schema import SchemaFault
from globewire.hold.sqlite import SqliteHold
from globewire.keeper import Keeper
from globewire.message import AccountId, CarrierId, Millis
from globewire.meter.dials import Meter
from globewire.mint import NODES, Mint, RequestIds
from globewire.plan import Carrier, Declared
from globewire.registry import Registry
from globewire.send.attempt import LATER
from globewire.send.carrier import Carrier as CarrierSessions
from globewire.send.owned import Owned
from globewire.send.routing import Routing
from globewire.send.simulator import Simulator
from globewire.send.worker import Worker
from globewire.settle.receipts import Receipts
from globewire.show.emulation import Emulation
from globewire.show.probes import PATHS, probes
from globewire.show.serving import Serving
from globewire.show.sessions import Sessions
from globewire.show.site import prefixes, site
from globewire.show.window import Window
from globewire.tell.callbacks import Callbacks
from globewire.tell.callbacks import Settings as Pushing
from globewire.tend.readiness import Readiness
from globewire.tend.scrape import Scrape
from globewire.tend.sweep import Sweep
from globewire.vault import VaultFault, open_vault
from globewire.verdict.retry import RECEIPT_LOOKS
from globewire.verdict.route import Router
from globewire.wire import number
from globewire.wire.endpoint import hosts
from globewire.wire.exchange import Exchange, Exchanges
from globewire.wire.request import Raw

log = structlog.get_logger()

STAGES = ("accept", "send", "settle", "tell", "tend")
DRAIN = 10.0
"""Seconds that a stop waits for what is in flight."""
SWITCH = 0.00003
"""Seconds after which a busy thread hands Python over. The hold's writer comes back from SQLite to a busy event loop a dozen
times a transaction; at 0.5 ms each (the default is 5 ms) the whole gateway accepted 2,660 messages a second, at this 3,840."""
CARRIER_LEASE = 6_000
"""Milliseconds after which the carriers of a process that fell silent are another's."""
NODE_LEASE = 120_000
"""Milliseconds after which its number is."""
NODE_RENEWED = 15.0
"""Seconds between renewals."""
COLLECTIONS = (50_000, 20, 100)
"""Objects made before a young collection, young ones before a middle one, middle ones before a full one."""
SIMULATED = Carrier(id=SIMULATOR, host="", port=0, system_id="globewire", password="", window=100, sender="Globewire")
"""The simulator as a carrier; its address is known once it listens."""

Stop = Callable[[], Coroutine[Any, Any, None]]


def carriers_of(config: Config) -> dict[CarrierId, Carrier]:
    """The carriers by id, the simulator among them where it is wanted; its address is the one it was told to take."""
    carriers = {carrier.id: carrier for carrier in config.carriers}
    if config.simulator.enabled:
        listen = config.simulator.listen
        carriers[SIMULATOR] = replace(SIMULATED, host=listen.host, port=listen.port)
    return carriers


def now() -> Millis:
    """The wall clock."""
    return Millis(time.time_ns() // 1_000_000)


async def open_hold(settings: HoldSettings, *, create: bool, migrate: bool = False, meter: Meter | None = None) -> Hold:
    """The hold that the configuration names. SchemaFault where it cannot be used.

    A file is brought up to date when it is opened; a PostgreSQL database, which others may be using, only where told to.
    """
    if settings.shared:
        return await PostgresHold.open(settings.url, migrate=migrate, meter=meter)
    return await SqliteHold.open(Path(settings.path), create=create, meter=meter)


class Gateway:
    """A running gateway, or the stages of it named in `only`. What fails while starting raises, with nothing left running."""

    def __init__(self, config: Config, only: frozenset[str] = frozenset(), clock: Clock | None = None) -> None:
        self._config, self._only, self._clock = config, only or frozenset(STAGES), clock or Clock()
        self._due = self._clock.latest if config.hold.shared else self._clock.now
        """By what is due: a leap back leaves to a process that shares what the others say is due."""
        self._stops: list[Stop] = []
        self._started = self._stopping = False
        self._connections: Callable[[], int] = int
        self.meter = Meter()
        """What its stages count."""
        self._simulator: Simulator | None = None
        self._workers: dict[CarrierId, Worker] = {}
        self._receipts: Receipts | None = None
        self._sweeping: Sweep | None = None
        self.api: tuple[str, int] | None = None
        self.metrics: tuple[str, int] | None = None
        self.simulator: tuple[str, int] | None = None
        self.first_key: tuple[str, str] | None = None
        self.exchanges: Exchanges | None = None
        self._server: Server | None = None
        self._me = f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(4)}"
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
        self._stopping = True
        while self._stops:
            await self._stops.pop()()

    async def _start(self) -> None:
        config, only = self._config, self._only
        hold = await open_hold(config.hold, create=True, meter=self.meter)
        self._stops.append(hold.close)
        self._clock.moved.append(hold.look_again)
        if not config.hold.shared:
            self._stops.append(Claimant(Path(config.hold.path), sorted(only), STAGES).release)
        self._stops.append(partial(_let_go, hold, self._me))
        registry, keeper = await self._book(hold)
        carriers = await self._carriers()
        router = Router(config.routes, carriers)
        ready = Readiness(hold, now=self._clock.now, stages=self._out_of_order)
        scrape = Scrape(
            hold,
            self.meter,
            now=self._clock.now,
            carriers=list(carriers),
            running=lambda: dict.fromkeys(sorted(only), not self._out_of_order()),
            connections=lambda: self._connections(),
        )
        await self._measured(ready, scrape)
        if not config.hold.shared:
            await self._recover(hold, carriers)
        if "send" in only:
            self._send(hold, carriers, Routing(router, config.routes))
        if "settle" in only:
            self._receipts = Receipts(hold, now=self._due, meter=self.meter)
            self._run(self._receipts.run)
        if "tell" in only:
            self._tell(hold, registry)
        if "tend" in only:
            self._sweeping = self._sweep(hold, carriers)
            self._run(self._sweeping.run)
        if "accept" in only:
            await self._accept(hold, registry, keeper, router, carriers, ready, scrape)
        self._started = True
        _spare_the_collector()

    async def _book(self, hold: Hold) -> tuple[Registry, Keeper]:
        """The book, with what the configuration declares in it, or else a first account; and who changes it."""
        settings = self._config.hold
        book = await hold.book()
        if book is not None and book.keys and not settings.master_key and not Path(settings.key_file).exists():
            raise VaultFault(
                f"the master key file {settings.key_file} is missing, and the database has secrets that only it opens: "
                "put it back, or give GLOBEWIRE_MASTER_KEY"
            )
        vault = open_vault(settings.master_key, Path(settings.key_file))
        await declare(hold, vault, self._config.accounts, self._clock.now())
        self.first_key = await first_account(hold, vault, self._clock.now())
        registry = Registry(hold, vault)
        await registry.refresh()
        self._run(registry.run)
        declared = Declared.of(self._config.accounts)
        pushing = self._pushing()
        return registry, Keeper(hold, lambda: vault, declared, pushing=pushing, now=self._clock.now, changed=registry.look)

    async def _carriers(self) -> dict[CarrierId, Carrier]:
        """The carriers by id; the simulator among them where it is wanted, and started where messages are sent."""
        settings, carriers = self._config.simulator, carriers_of(self._config)
        if settings.enabled and "send" in self._only:
            simulator = self._simulator = Simulator(settings.behaviour, clock=self._clock.monotonic, wall=self._clock.wall)
            self._clock.moved.append(simulator.look_again)
            self.simulator = host, port = await simulator.start(settings.listen.host, settings.listen.port)
            self._stops.append(simulator.stop)
            carriers[SIMULATOR] = replace(SIMULATED, host=host, port=port)
        return carriers

    def _out_of_order(self) -> str:
        """What is wrong with the stages, "" where all run."""
        if self._stopping:
            return "the gateway is stopping"
        if self.failed.is_set():
            return "a stage has failed: the log says why"
        return "" if self._started else "the gateway is starting"

    async def _measured(self, ready: Readiness, scrape: Scrape) -> None:
        """Listen at the metrics' own address, where they have one: before the stages start, and until they have stopped."""
        listen = self._config.metrics.listen
        if listen is None:
            return
        serving = Serving(probes(ready.fault, scrape.text))
        listener = await asyncio.get_running_loop().create_server(serving.protocol, listen.host, listen.port)
        self.metrics = listener.sockets[0].getsockname()[:2]

        async def stop() -> None:
            listener.close()
            await serving.stop(DRAIN)

        self._stops.append(stop)

    async def _recover(self, hold: Hold, carriers: dict[CarrierId, Carrier]) -> None:
        """No other process does these stages on this file: what an earlier one had leased is free again."""
        for carrier in carriers if "send" in self._only else ():
            await hold.recover(self._clock.now(), SEND, carrier)
        if "settle" in self._only:
            await hold.recover(self._clock.now(), SETTLE)
        if "tell" in self._only:
            await hold.recover(self._clock.now(), TELL)

    def _send(self, hold: Hold, carriers: dict[CarrierId, Carrier], routing: Routing) -> None:
        """A worker for each carrier; they stop all together, since each may have to wait for its carrier's answers."""
        clock = asyncio.get_running_loop().time
        self._clock.moved.append(self._look_again)
        stops = []
        for carrier in carriers.values():
            tls = ssl.create_default_context(cafile=carrier.ca or None) if carrier.tls else None
            sessions = partial(CarrierSessions, carrier, tls=tls, clock=clock, jitter=random.random)
            worker = partial(
                Worker,
                hold,
                carrier,
                routing,
                now=self._due,
                earliest=self._clock.earliest,
                make=sessions,
                later=self._clock.call_later,
                meter=self.meter,
            )
            make = partial(self._worker, worker)
            stops.append(self._send_while_owned(hold, carrier.id, make) if self._config.hold.shared else self._work(make()))

        async def stop() -> None:
            await asyncio.gather(*(stop() for stop in stops))

        self._stops.append(stop)

    def _worker(self, make: Callable[[], Worker]) -> Worker:
        worker = make()
        self._workers[worker.id] = worker
        return worker

    def _look_again(self) -> None:
        """The clock was moved: no worker pauses any longer."""
        for worker in self._workers.values():
            worker.look_again()

    def _busy(self) -> bool:
        """Whether a stage of this process has something in hand that does not wait for later."""
        return any(worker.busy for worker in self._workers.values()) or (self._receipts is not None and self._receipts.busy)

    def _work(self, worker: Worker) -> Stop:
        return self._begin(worker.run, before=partial(worker.stop, DRAIN))

    def _send_while_owned(self, hold: Hold, carrier: CarrierId, make: Callable[[], Worker]) -> Stop:
        """Of the processes that share a hold, one has a carrier's binds; the next one starts with what it left."""
        stops: list[Stop] = []

        async def begin() -> None:
            await hold.recover(self._clock.now(), SEND, carrier)
            worker = make()
            stops.append(self._begin(worker.run, before=partial(self._leave, worker)))

        async def end() -> None:
            await stops.pop()()

        owned = Owned(hold, f"carrier {carrier}", self._me, CARRIER_LEASE, now=self._clock.steady, begin=begin, end=end)
        return self._begin(owned.run, before=owned.stop)

    async def _leave(self, worker: Worker) -> None:
        """End its binds; and unless the whole process ends, see what it knows of its last submits written down, though the hold
        be away: else they would be in doubt."""
        await worker.stop(DRAIN)
        if not self._stopping:
            await worker.finish()

    def _pushing(self) -> Pushing:
        settings = self._config.callbacks
        return Pushing(
            allow_private=settings.allow_private,
            delays=settings.delays,
            timeout=settings.timeout,
            batch=settings.batch,
            connections=settings.connections,
        )

    def _tell(self, hold: Hold, registry: Registry) -> None:
        clock = self._clock
        callbacks = Callbacks(
            hold,
            settings=self._pushing(),
            clock=clock.now,
            stamp=partial(clock.outside, clock.now),
            secret_of=registry.callback_secret,
            meter=self.meter,
        )
        self._run(callbacks.run, before=callbacks.stop)

    def _sweep(self, hold: Hold, carriers: Iterable[CarrierId]) -> Sweep:
        settings = self._config.hold
        return Sweep(
            hold,
            grace=self._config.send.grace * 1000,
            bodies_days=settings.keep_bodies_days,
            messages_days=settings.keep_messages_days,
            waits=[
                *((SEND, carrier, LATER + FRESH) for carrier in carriers),
                (SETTLE, "", round(RECEIPT_LOOKS[-1] * 1000) + FRESH),
                (TELL, "", self._pushing().longest + FRESH),
            ],
            now=self._clock.earliest,
            due=self._due,
        )

    async def _accept(
        self,
        hold: Hold,
        registry: Registry,
        keeper: Keeper,
        router: Router,
        carriers: dict[CarrierId, Carrier],
        ready: Readiness,
        scrape: Scrape,
    ) -> None:
        number.prepare()
        api, request_ids = self._config.api, RequestIds()
        newest = await hold.search(Question(limit=1))
        shared = self._config.hold.shared
        node = await self._node(hold) if shared else api.node
        mint = Mint(self._clock.now, node, max((standing.message.id for standing in newest), default=0))
        pressure = Pressure(hold, self._config.send.backlog)
        self._run(pressure.run)
        turns = SharedTurns(hold, self._clock.steady) if shared else OwnTurns(self._clock.steady)
        real = partial(self._clock.outside, self._clock.now)
        intake = Intake(
            Desk(
                hold, router, carriers, lambda: registry.accounts, self._clock.now, mint.ids, self._config.send.validity, self.meter
            ),
            Nonces(await hold.nonces(real()), partial(self._clock.outside, self._clock.earliest)),
            turns,
            pressure,
            register=lambda: registry.register,
            request_id=request_ids,
            form=api.refusal_form,
            require_tls=api.require_tls,
            meter=self.meter,
            hints=self._hints(registry) if api.hints else None,
            real=real,
        )
        emulation = self._emulation(hold, turns.forget)
        self.exchanges = ring = Ring(api.exchanges or 0, now=real, account_of=lambda key: _account_of(registry, key))
        pages = self._pages(hold, registry, keeper, router, carriers, ring, turns.left, emulation)
        metrics = scrape.text if self._config.metrics_at_api else None
        beside = Serving(probes(ready.fault, metrics, local=not self._config.reachable, site=pages))
        self._stops.append(partial(beside.stop, DRAIN))
        self._server = server = Server(
            intake.answer,
            host=api.listen.host,
            port=api.listen.port,
            tls=_server_tls(api),
            limits=_limits(api),
            trusted_proxies=api.trusted_proxies,
            meter=self.meter,
            request_id=request_ids,
            elsewhere=Elsewhere((*PATHS, *prefixes(self._config.shows_console, emulation is not None)), beside.protocol),
            exchanges=ring,
        )
        self._connections = lambda: len(server.connections)
        self.api = await server.start()
        self._stops.append(partial(server.stop, DRAIN))

    def _pages(
        self,
        hold: Hold,
        registry: Registry,
        keeper: Keeper,
        router: Router,
        carriers: dict[CarrierId, Carrier],
        exchanges: Exchanges,
        left: Callable[[AccountId, str, int], Awaitable[int]],
        emulation: Emulation | None,
    ) -> ASGIApp | None:
        """The console and the emulator's API, None where neither is to be had."""
        config = self._config
        if not config.shows_console and emulation is None:
            return None
        window = Window(
            hold=hold,
            now=self._clock.now,
            call=self._call,
            router=router,
            carriers=carriers,
            register=lambda: registry.register,
            accounts=lambda: registry.accounts,
            exchanges=exchanges,
            keeper=keeper,
            left=left,
            refusal_form=config.api.refusal_form,
            require_tls=config.api.require_tls,
            validity=config.send.validity,
            emulating=config.emulating,
            stopping=lambda: self._stopping,
            console=config.shows_console,
            emulation=emulation,
        )
        signing = config.console.password_hash
        return site(window, Sessions(signing, self._clock.monotonic) if signing else None)

    def _emulation(self, hold: Hold, forget_quotas: Callable[[], None]) -> Emulation | None:
        """What tests can do here: nothing, unless all stages are here and messages go to a simulated carrier alone."""
        simulator, sweep = self._simulator, self._sweeping
        if simulator is None or sweep is None or self._only != frozenset(STAGES) or not self._config.emulating:
            return None
        return Emulation(
            hold=hold,
            carrier=simulator,
            tell=partial(simulator.tell, SIMULATED.system_id),
            clock=self._clock,
            sweep=sweep,
            busy=self._busy,
            forget_quotas=forget_quotas,
        )

    async def _call(self, raw: Raw) -> Exchange:
        assert self._server is not None  # who calls was served by it
        return await self._server.call(raw)

    def _hints(self, registry: Registry) -> Hints:
        return Hints(
            lambda: registry.register,
            lambda: hosts(*self.api) if self.api else (),
            self._clock.steady,
        )

    async def _node(self, hold: Hold) -> int:
        """A number that no other process on this hold has, so that their message ids differ; kept while this one lives."""
        for node in range(NODES):
            if await hold.own(f"node {node}", self._me, self._clock.steady(), NODE_LEASE):
                self._run(partial(self._renew, hold, f"node {node}"))
                return node
        raise SchemaFault(f"{NODES} processes share this database already, and no more can")

    async def _renew(self, hold: Hold, node: str) -> None:
        """Keep the number until cancelled. While the hold is away nothing is kept under it, so it can wait; where it turns out to
        be another's by now this process ends, to begin anew with one of its own."""
        while not self.failed.is_set():
            await asyncio.sleep(NODE_RENEWED)
            try:
                if not await hold.own(node, self._me, self._clock.steady(), NODE_LEASE):
                    log.critical("this process lost its number among those that share the hold", what=node)
                    self.failed.set()
            except Unavailable as fault:
                log.error("the hold does not serve", what=node, reason=str(fault))

    def _run(self, run: Stop, before: Stop | None = None) -> None:
        """Start a stage's loop, which `stop` ends."""
        self._stops.append(self._begin(run, before))

    def _begin(self, run: Stop, before: Stop | None = None) -> Stop:
        """Start a loop; what is given back stops it, by `before` and then by cancelling. Its end by itself is a failure."""
        task = asyncio.create_task(run())
        task.add_done_callback(self._ended)

        async def stop() -> None:
            try:
                if before is not None and not task.done():
                    await before()
            finally:
                task.cancel()
                await asyncio.wait([task])

        return stop

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("a stage failed", exc_info=task.exception())
            self.failed.set()


async def _let_go(hold: Hold, owner: str) -> None:
    """Give up at once what this process owns, where the hold still hears; else its leases end by themselves."""
    try:
        await hold.disown(owner)
    except Unavailable as fault:
        log.warning("what this process owns is given up by time", reason=str(fault))


def _account_of(registry: Registry, access_key: str) -> str:
    found = registry.register.find(access_key)
    return found[1].account if found else ""


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
