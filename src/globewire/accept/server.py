"""HTTP in: a listening socket, and whatever comes of it as raw requests to one function. It knows no operation and no signature.

Why not uvicorn: its protocol class has no deadline for slow heads and bodies, answers its own faults in plain text, and stops
at request lines of 64 KiB. To override that is to lean on its private parts. This one, on the same parser (httptools), has all
of it and takes less processor time for a request: 19 us against 25 (uvloop, a trivial reply, side by side). ASGI stays
possible: what is under some prefixes can be handed to uvicorn's protocol, connection and all, at the same address (`Elsewhere`).

Decided here: every method that HTTP knows reaches `answer`, OPTIONS too, and what the API does not take is refused there. So
a browser's preflight is never granted: a page that signs would hold the AccessKey's secret. What is not HTTP, too large, too
slow or asks for a WebSocket gets the error envelope of contract 3.1 from here.
"""

import asyncio
import ssl
import traceback
from collections.abc import Awaitable, Callable, Sequence

import structlog

from globewire.accept.connection import LINGER, Connection, Elsewhere
from globewire.accept.exchanges import Ring
from globewire.accept.framing import Limits
from globewire.accept.origin import Network
from globewire.accept.rendering import Rendered, rendered
from globewire.errors import INTERNAL_ERROR, Refused, refuse
from globewire.message import Millis
from globewire.meter.dials import Meter
from globewire.wire.exchange import Exchange
from globewire.wire.reply import Reply, refusal
from globewire.wire.request import Raw, format_of

__all__ = ["Elsewhere", "Limits", "Server"]

Answer = Callable[[Raw], Awaitable[Reply]]

log = structlog.get_logger()


class Server:
    """One address that is listened on. Requests of one connection are answered in order, one at a time.

    `answer` should not raise; if it does, the client gets InternalError and the log says where. It is never cancelled because
    a client went away. `trusted_proxies` are the networks whose X-Forwarded-For and -Proto are believed. `connections` are
    those open now, to be counted. `exchanges` is given every request and its reply.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        host: str,
        port: int,
        request_id: Callable[[], str],
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
        trusted_proxies: Sequence[Network] = (),
        meter: Meter | None = None,
        elsewhere: Elsewhere | None = None,
        exchanges: Ring | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.proxies: Sequence[Network] = tuple(trusted_proxies)
        self.elsewhere = elsewhere
        self.stopping = False
        self._answer = answer
        self._address = host, port
        self._tls = tls
        self._request_id, self._exchanges, self._meter = request_id, exchanges, meter or Meter()
        self.connections: set[Connection] = set()
        self._empty = asyncio.Event()
        self._listener: asyncio.Server | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> tuple[str, int]:
        """Listen; the address that was bound, its port chosen by the system where 0 was asked for. OSError where it cannot."""
        loop = asyncio.get_running_loop()
        host, port = self._address
        shaking, parting = (self.limits.header_timeout, LINGER) if self._tls else (None, None)
        self._listener = await loop.create_server(
            lambda: Connection(self, loop),
            host,
            port,
            ssl=self._tls,
            ssl_handshake_timeout=shaking,
            ssl_shutdown_timeout=parting,
            backlog=1024,
        )
        self._watch = loop.create_task(self._watch_deadlines())
        bound = self._listener.sockets[0].getsockname()
        return bound[0], bound[1]

    async def stop(self, drain: float) -> None:
        """Accept no more, finish what is under way within `drain` seconds, then cancel the rest and close."""
        self.stopping = True
        if self._listener is not None:
            self._listener.close()
        for connection in list(self.connections):
            connection.finish()
        try:
            async with asyncio.timeout(drain):
                while self.connections:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            log.warning("drain_ran_out", connections=len(self.connections))
        cut_off = [task for connection in list(self.connections) if (task := connection.abort())]
        await asyncio.gather(*cut_off, return_exceptions=True)
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    async def call(self, raw: Raw) -> Exchange:
        """Answer a request that came by no socket of ours, as if it had."""
        assert self._exchanges is not None
        began = self._exchanges.begin()
        return self._exchanges.told(raw, await self.reply(raw), began)

    # --- what a connection asks of its house --------------------------------------------------------------------------------

    async def reply(self, raw: Raw) -> Rendered:
        """What `answer` says; InternalError where it fails, or says what cannot be written."""
        exchanges = self._exchanges
        began = Millis(0) if exchanges is None else exchanges.begin()
        try:
            reply = rendered(await self._answer(raw))
        except asyncio.CancelledError as fault:
            task = asyncio.current_task()
            if task is None or task.cancelling():  # it is this server that stops; else something in `answer` was cancelled
                raise
            reply = self._failed(raw, fault)
        except Exception as fault:  # noqa: BLE001 - the stage's loop: one request's fault must not end the connection unanswered
            reply = self._failed(raw, fault)
        if exchanges is not None:
            exchanges.keep(raw, reply, began)
        return reply

    def refusal(self, refused: Refused, raw: Raw) -> Rendered:
        """The error envelope for what cannot be a request, in the format that it asks for as far as it can be told."""
        reply = self._refusal(refused, raw)
        if self._exchanges is not None:
            self._exchanges.keep(raw, reply, self._exchanges.begin())
        return reply

    def enter(self, connection: Connection) -> bool:
        """Count a connection in."""
        self.connections.add(connection)
        return len(self.connections) <= self.limits.connections and not self.stopping

    def leave(self, connection: Connection) -> None:
        """Count it out."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    def _refusal(self, refused: Refused, raw: Raw) -> Rendered:
        self._meter.calls.of("", refused.row.code).add()
        host = next((value.decode("latin-1") for name, value in raw.headers if name == b"host"), "")
        return rendered(refusal(refused, format_of(raw), self._request_id(), host))

    def _failed(self, raw: Raw, fault: BaseException) -> Rendered:
        """The fault's kind and place go to the log; not its words, which may quote what the request held."""
        frames = traceback.extract_tb(fault.__traceback__)[-3:]
        where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
        log.error("request_failed", method=raw.method, fault=type(fault).__name__, where=where)
        return self._refusal(refuse(INTERNAL_ERROR), raw)

    async def _watch_deadlines(self) -> None:
        """Look at all connections now and then: cheaper than a timer for each, and exact enough."""
        limits, loop = self.limits, asyncio.get_running_loop()
        pause = min(1.0, limits.header_timeout / 4, limits.body_timeout / 4, limits.keep_alive / 4)
        while True:
            await asyncio.sleep(pause)
            now = loop.time()
            for connection in [each for each in self.connections if each.deadline <= now]:
                connection.expire()
