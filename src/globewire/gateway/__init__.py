"""The only place that builds things: it opens what all stages stand on, starts them in order, and stops them in reverse.

`opening` opens hold and carriers, `sending` builds the workers, `front` what listens; what runs is stopped by `loops`.
"""

import asyncio
import gc
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import structlog

from globewire.clock import Clock
from globewire.config import SIMULATOR, Config
from globewire.declare import declare, first_account
from globewire.errors import Unavailable
from globewire.gateway.front import Front, turns
from globewire.gateway.ground import DRAIN, Ground
from globewire.gateway.loops import Loops
from globewire.gateway.opening import SIMULATED, carriers_of, now, open_hold, pushing, warn_of
from globewire.gateway.sending import Senders
from globewire.hold.claimant import Claimant
from globewire.hold.port import FRESH, SEND, SETTLE, TELL, Hold
from globewire.hold.sqlite import SqliteHold
from globewire.keeper import Keeper
from globewire.message import CarrierId
from globewire.meter.dials import Meter
from globewire.plan import Carrier, Declared
from globewire.registry import Registry
from globewire.send.attempt import LATER
from globewire.send.simulator import Simulator
from globewire.settle.receipts import Receipts
from globewire.show.emulation import Emulation
from globewire.show.probes import probes
from globewire.show.serving import Serving
from globewire.tell.callbacks import Callbacks
from globewire.tell.pusher_process import apart
from globewire.tend.readiness import Readiness
from globewire.tend.scrape import Scrape
from globewire.tend.sweep import Sweep
from globewire.vault import VaultFault, open_vault
from globewire.verdict.retry import RECEIPT_LOOKS
from globewire.verdict.route import Router
from globewire.wire.exchange import Exchanges

__all__ = ["STAGES", "Gateway", "carriers_of", "now", "open_hold", "run"]

log = structlog.get_logger()

STAGES = ("accept", "send", "settle", "tell", "tend")
SWITCH = 0.001
"""Seconds after which a busy thread hands Python over: for so long a reader that makes values of a page of rows holds up the event
loop. Shorter, each forced hand-over costs both: at 0.03 ms, with the writer among the threads, a gateway took 15 % more processor
time."""
COLLECTIONS = (50_000, 20, 100)
"""Objects made before a young collection, young ones before a middle one, middle ones before a full one."""


class Gateway:
    """A running gateway, or the stages of it named in `only`. What fails while starting raises, with nothing left running.

    `api`, `metrics` and `simulator` are where these listen, `first_key` an AccessKey that this start made. `failed` is set when a
    stage ended by itself, which none should: stop, and let a supervisor start it anew. `meter` is what its stages count.
    """

    def __init__(self, config: Config, only: frozenset[str] = frozenset(), clock: Clock | None = None) -> None:
        self._config, self._only, self._clock = config, only or frozenset(STAGES), clock or Clock()
        self._loops = Loops()
        self._started = False
        self._simulator: Simulator | None = None
        self._front: Front | None = None
        self.meter = Meter()
        self.failed = self._loops.failed
        self.metrics: tuple[str, int] | None = None
        self.simulator: tuple[str, int] | None = None
        self.first_key: tuple[str, str] | None = None

    @property
    def api(self) -> tuple[str, int] | None:
        """Where the API listens."""
        return self._front.api if self._front else None

    @property
    def emulates(self) -> bool:
        """Whether the emulator's API is served there too."""
        return self._front is not None and self._front.emulates

    @property
    def exchanges(self) -> Exchanges | None:
        """The last requests and replies."""
        return self._front.exchanges if self._front else None

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
        await self._loops.stop()

    async def _start(self) -> None:
        only, loops = self._only, self._loops
        ground = await self._ground()
        ready, scrape = self._measuring(ground)
        await self._measured(ready, scrape)
        if not self._config.hold.shared:
            await self._recover(ground)
        senders = Senders(ground)
        if "send" in only:
            senders.start()
        receipts = Receipts(ground.hold, now=ground.due, meter=self.meter)
        if "settle" in only:
            loops.run(receipts.run)
        if "tell" in only:
            self._tell(ground)
        sweep = self._sweep(ground)
        if "tend" in only:
            loops.run(sweep.run)
        if "accept" in only:
            whose = turns(ground)
            emulation = self._emulation(ground, sweep, lambda: senders.busy or receipts.busy, whose.forget)
            self._front = Front(ground, whose, emulation, ready, scrape)
            await self._front.start()
        self._started = True
        _spare_the_collector()

    # --- what they stand on ------------------------------------------------------------------------------------------------

    async def _ground(self) -> Ground:
        """Open the hold and the book, and find the carriers."""
        config, clock, loops = self._config, self._clock, self._loops
        me = f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(4)}"
        hold = await open_hold(config.hold, create=True, meter=self.meter, apart=True)
        loops.on_stop(hold.close)
        if isinstance(hold, SqliteHold):
            loops.run(hold.writing)
        await warn_of(hold)
        clock.moved.append(hold.look_again)
        if not config.hold.shared:
            loops.on_stop(Claimant(Path(config.hold.path), sorted(self._only), STAGES).release)
        loops.on_stop(partial(_let_go, hold, me))
        registry, keeper = await self._book(hold)
        carriers = await self._carriers()
        return Ground(
            config=config,
            me=me,
            clock=clock,
            due=clock.latest if config.hold.shared else clock.now,
            meter=self.meter,
            loops=loops,
            hold=hold,
            registry=registry,
            keeper=keeper,
            carriers=carriers,
            router=Router(config.routes, carriers),
        )

    async def _book(self, hold: Hold) -> tuple[Registry, Keeper]:
        """The book, with what the configuration declares in it, or else a first account; and who changes it."""
        settings, now = self._config.hold, self._clock.now
        book = await hold.book()
        if book is not None and book.keys and not settings.master_key and not Path(settings.key_file).exists():
            raise VaultFault(
                f"the master key file {settings.key_file} is missing, and the database has secrets that only it opens: "
                "put it back, or give GLOBEWIRE_MASTER_KEY"
            )
        vault = open_vault(settings.master_key, Path(settings.key_file))
        await declare(hold, vault, self._config.accounts, now())
        self.first_key = await first_account(hold, vault, now())
        registry = Registry(hold, vault)
        await registry.refresh()
        self._loops.run(registry.run)
        declared = Declared.of(self._config.accounts)
        return registry, Keeper(hold, lambda: vault, declared, pushing=pushing(self._config), now=now, changed=registry.look)

    async def _carriers(self) -> dict[CarrierId, Carrier]:
        """The carriers by id; the simulator among them where it is wanted, and started where messages are sent."""
        settings, carriers = self._config.simulator, carriers_of(self._config)
        if settings.enabled and "send" in self._only:
            simulator = self._simulator = Simulator(settings.behaviour, clock=self._clock.monotonic, wall=self._clock.wall)
            self._clock.moved.append(simulator.look_again)
            self.simulator = host, port = await simulator.start(settings.listen.host, settings.listen.port)
            self._loops.on_stop(simulator.stop)
            carriers[SIMULATOR] = replace(SIMULATED, host=host, port=port)
        return carriers

    async def _recover(self, ground: Ground) -> None:
        """No other process does these stages on this file: what an earlier one had leased is free again."""
        hold, now = ground.hold, self._clock.now
        for carrier in ground.carriers if "send" in self._only else ():
            await hold.recover(now(), SEND, carrier)
        if "settle" in self._only:
            await hold.recover(now(), SETTLE)
        if "tell" in self._only:
            await hold.recover(now(), TELL)

    # --- measuring ---------------------------------------------------------------------------------------------------------

    def _measuring(self, ground: Ground) -> tuple[Readiness, Scrape]:
        running = sorted(self._only)
        scrape = Scrape(
            ground.hold,
            self.meter,
            now=self._clock.now,
            carriers=list(ground.carriers),
            running=lambda: dict.fromkeys(running, not self._out_of_order()),
            connections=lambda: self._front.connections if self._front else 0,
        )
        return Readiness(ground.hold, now=self._clock.now, stages=self._out_of_order), scrape

    def _out_of_order(self) -> str:
        """What is wrong with the stages, "" where all run."""
        if self._loops.stopping:
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

        self._loops.on_stop(stop)

    # --- the stages that are built in a few lines ----------------------------------------------------------------------------

    def _tell(self, ground: Ground) -> None:
        clock, settings = self._clock, pushing(self._config)
        callbacks = Callbacks(
            ground.hold,
            settings=settings,
            clock=clock.now,
            stamp=clock.real,
            secret_of=ground.registry.callback_secret,
            pushers=partial(apart, settings.how),
            meter=self.meter,
        )
        self._loops.run(callbacks.run, before=callbacks.stop)

    def _sweep(self, ground: Ground) -> Sweep:
        settings = self._config.hold
        return Sweep(
            ground.hold,
            grace=self._config.send.grace * 1000,
            bodies_days=settings.keep_bodies_days,
            messages_days=settings.keep_messages_days,
            waits=[
                *((SEND, carrier, LATER + FRESH) for carrier in ground.carriers),
                (SETTLE, "", round(RECEIPT_LOOKS[-1] * 1000) + FRESH),
                (TELL, "", pushing(self._config).longest + FRESH),
            ],
            now=self._clock.earliest,
            due=ground.due,
        )

    def _emulation(
        self, ground: Ground, sweep: Sweep, busy: Callable[[], bool], forget_quotas: Callable[[], None]
    ) -> Emulation | None:
        """What tests can do here: nothing, unless all stages are here and messages go to a simulated carrier alone."""
        simulator = self._simulator
        if simulator is None or self._only != frozenset(STAGES) or not self._config.emulating:
            return None
        return Emulation(
            hold=ground.hold,
            carrier=simulator,
            tell=partial(simulator.tell, SIMULATED.system_id),
            clock=self._clock,
            sweep=sweep,
            busy=busy,
            forget_quotas=forget_quotas,
        )


async def _let_go(hold: Hold, owner: str) -> None:
    """Give up at once what this process owns, where the hold still hears; else its leases end by themselves."""
    try:
        await hold.disown(owner)
    except Unavailable as fault:
        log.warning("what this process owns is given up by time", reason=str(fault))


def _spare_the_collector() -> None:
    """Leave what was loaded out of Python's garbage collections, and make full ones rare: each stopped all for up to 60 ms,
    and next to nothing that passes through here is in cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)


async def run(config: Config, only: frozenset[str], ready: Callable[[Gateway], None]) -> bool:
    """Serve until SIGTERM or SIGINT; whether it ended as it should."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    gateway = Gateway(config, only)
    await gateway.start()
    ready(gateway)
    waits = [asyncio.create_task(stopping.wait()), asyncio.create_task(gateway.failed.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    await gateway.stop()
    return not gateway.failed.is_set()
