"""The front of one gateway: the API's server, and at the same address the console, the emulator's API, metrics and probes."""

import ssl
from functools import partial

from starlette.types import ASGIApp

from globewire.accept.desk import Desk
from globewire.accept.exchanges import Ring
from globewire.accept.hints import Hints
from globewire.accept.intake import Intake
from globewire.accept.nonces import Nonces
from globewire.accept.pressure import Pressure
from globewire.accept.server import Elsewhere, Limits, Server
from globewire.accept.turns import OwnTurns, SharedTurns
from globewire.config import Api
from globewire.gateway.ground import DRAIN, Ground
from globewire.gateway.nodes import node
from globewire.hold.port import Question
from globewire.mint import Mint, RequestIds
from globewire.show.emulation import Emulation
from globewire.show.history import History
from globewire.show.probes import PATHS, probes
from globewire.show.serving import Serving
from globewire.show.sessions import Sessions
from globewire.show.site import prefixes, site
from globewire.show.window import Window
from globewire.tend.readiness import Readiness
from globewire.tend.scrape import Scrape
from globewire.wire import number
from globewire.wire.endpoint import hosts
from globewire.wire.exchange import Exchange
from globewire.wire.request import Raw


def turns(ground: Ground) -> OwnTurns | SharedTurns:
    """Whose turn it is: by the quotas of this process, or by those of all that share the hold."""
    steady = ground.clock.steady
    return SharedTurns(ground.hold, steady) if ground.config.hold.shared else OwnTurns(steady)


class Front:
    """What listens at the API's address. `api` is that address once `start` has returned, `connections` how many are open."""

    def __init__(
        self, ground: Ground, turns: OwnTurns | SharedTurns, emulation: Emulation | None, ready: Readiness, scrape: Scrape
    ):
        self._ground, self._turns, self._emulation, self._ready, self._scrape = ground, turns, emulation, ready, scrape
        self._request_ids = RequestIds()
        self._real = ground.clock.real
        """What callers' clocks show, however far an emulator's was advanced."""
        self.exchanges = Ring(ground.config.api.exchanges or 0, now=self._real, account_of=self._account_of)
        self._server: Server | None = None
        self.api: tuple[str, int] | None = None

    @property
    def connections(self) -> int:
        """How many clients are connected to the API."""
        return len(self._server.connections) if self._server else 0

    @property
    def emulates(self) -> bool:
        """Whether the emulator's API is served."""
        return self._emulation is not None

    async def start(self) -> None:
        """Listen. OSError where that cannot be."""
        number.prepare()
        config, loops = self._ground.config, self._ground.loops
        intake = await self._intake()
        metrics = self._scrape.text if config.metrics_at_api else None
        beside = Serving(probes(self._ready.fault, metrics, local=not config.reachable, site=self._pages()))
        loops.on_stop(partial(beside.stop, DRAIN))
        self._server = Server(
            intake.answer,
            host=config.api.listen.host,
            port=config.api.listen.port,
            tls=_tls(config.api),
            limits=_limits(config.api),
            trusted_proxies=config.api.trusted_proxies,
            meter=self._ground.meter,
            request_id=self._request_ids,
            elsewhere=Elsewhere((*PATHS, *prefixes(config.shows_console, self.emulates)), beside.protocol),
            exchanges=self.exchanges,
        )
        self.api = await self._server.start()
        loops.on_stop(partial(self._server.stop, DRAIN))

    async def _intake(self) -> Intake:
        ground, api, clock = self._ground, self._ground.config.api, self._ground.clock
        pressure = Pressure(ground.hold, ground.config.send.backlog)
        ground.loops.run(pressure.run)
        return Intake(
            await self._desk(),
            Nonces(await ground.hold.nonces(self._real()), partial(clock.outside, clock.earliest)),
            self._turns,
            pressure,
            register=lambda: ground.registry.register,
            request_id=self._request_ids,
            form=api.refusal_form,
            require_tls=api.require_tls,
            meter=ground.meter,
            hints=Hints(lambda: ground.registry.register, self._hosts, clock.steady) if api.hints else None,
            real=self._real,
        )

    async def _desk(self) -> Desk:
        ground = self._ground
        newest = await ground.hold.search(Question(limit=1))
        own_number = await node(ground) if ground.config.hold.shared else ground.config.api.node
        mint = Mint(ground.clock.now, own_number, max((standing.message.id for standing in newest), default=0))
        return Desk(
            ground.hold,
            ground.router,
            ground.carriers,
            lambda: ground.registry.accounts,
            ground.clock.now,
            mint.ids,
            ground.config.send.validity,
            ground.meter,
        )

    def _pages(self) -> ASGIApp | None:
        """The console and the emulator's API, None where neither is to be had."""
        ground, config = self._ground, self._ground.config
        if not config.shows_console and not self.emulates:
            return None
        history = History(ground.hold, ground.clock.now)
        ground.loops.run(history.run)
        window = Window(
            hold=ground.hold,
            now=ground.clock.now,
            call=self._call,
            router=ground.router,
            carriers=ground.carriers,
            register=lambda: ground.registry.register,
            accounts=lambda: ground.registry.accounts,
            exchanges=self.exchanges,
            history=history,
            keeper=ground.keeper,
            left=self._turns.left,
            refusal_form=config.api.refusal_form,
            require_tls=config.api.require_tls,
            validity=config.send.validity,
            emulating=config.emulating,
            stopping=lambda: ground.loops.stopping,
            console=config.shows_console,
            emulation=self._emulation,
        )
        signing = config.console.password_hash
        return site(window, Sessions(signing, ground.clock.monotonic) if signing else None)

    async def _call(self, raw: Raw) -> Exchange:
        assert self._server is not None  # who calls was served by it
        return await self._server.call(raw)

    def _account_of(self, access_key: str) -> str:
        found = self._ground.registry.register.find(access_key)
        return found[1].account if found else ""

    def _hosts(self) -> tuple[str, ...]:
        return hosts(*self.api) if self.api else ()


def _tls(api: Api) -> ssl.SSLContext | None:
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
