"""One client's connection: requests answered in the order they came, in time or not at all. No TLS and no policy here.

One request is answered at a time; while others wait behind it nothing more is read, so that a client can occupy no more than
one request's memory and one answer. A client that goes away does not stop an answer: what is being kept stays kept.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Protocol, cast

from globewire.accept import origin
from globewire.accept.framing import Asked, Framer, Limits, Phase
from globewire.accept.rendering import Rendered, closing, request
from globewire.errors import SERVICE_UNAVAILABLE, Refused, refuse
from globewire.values import dataclass
from globewire.wire.request import Raw

LINGER = 2.0
"""Seconds for which a refused client may go on sending: closed at once, the refusal would be lost with what it sends. Also how
long a TLS client has to say goodbye, which a pool of idle connections never does."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class House(Protocol):
    """What a connection needs of the server it belongs to."""

    limits: Limits
    proxies: Sequence[origin.Network]
    elsewhere: "Elsewhere | None"
    stopping: bool

    async def reply(self, raw: Raw) -> Rendered:
        """The answer to a request, whatever happens."""

    def refusal(self, refused: Refused, raw: Raw) -> Rendered:
        """The envelope of a refusal."""

    def enter(self, connection: "Connection") -> bool:
        """Count a connection in; whether there is room for it."""

    def leave(self, connection: "Connection") -> None:
        """Count it out: its socket is closed and its last answer done."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Requests whose path begins with one of `prefixes` go, connection and all, to another protocol: uvicorn's for ASGI, say.

    It gets the transport and the request again, and is then its maker's to stop.
    """

    prefixes: tuple[str, ...]
    make: Callable[[], asyncio.Protocol]


@dataclass(slots=True, eq=False)
class Connection(asyncio.Protocol):
    """The asyncio protocol of one connection. `deadline` (loop time) is when `expire` is due; the server looks now and then."""

    house: House
    loop: asyncio.AbstractEventLoop
    deadline: float = math.inf
    _framer: Framer = field(init=False)
    _transport: asyncio.Transport | None = None
    _task: asyncio.Task[None] | None = None
    _waiting: deque[Asked] = field(default_factory=deque)
    _peer: str = ""
    _secure: bool = False
    _proxied: bool = False
    _paused: bool = False
    _ended: bool = False
    _drained: asyncio.Event | None = None

    def __post_init__(self) -> None:
        self._framer = Framer(self.house.limits)

    # --- the socket speaks ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come (after the handshake, where there is TLS)."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not of the class, only of the shape
        self._peer = origin.plain((transport.get_extra_info("peername") or ("",))[0])
        self._secure = transport.get_extra_info("sslcontext") is not None
        self._proxied = origin.trusted(self._peer, self.house.proxies)
        self.deadline = self.loop.time() + self.house.limits.keep_alive
        if not self.house.enter(self):
            self._framer.close()
            self._take([Asked("", "", b"", (), b"", True, refuse(SERVICE_UNAVAILABLE))])

    def data_received(self, data: bytes) -> None:
        """Bytes have come; a deaf connection only drains them."""
        framer = self._framer
        mark = framer.mark
        asked = framer.feed(data)
        if asked:
            self._take(asked)
        if framer.mark != mark:
            self._watch()
        if framer.expects:
            self._encourage()

    def eof_received(self) -> bool:
        """The client sends no more. What it asked for is still answered, where the transport can (TLS cannot)."""
        self._ended = True
        return self._task is not None and not self._secure

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone; an answer under way goes on."""
        self._framer.close()
        self._transport = None
        self.deadline = math.inf
        if self._drained is not None:
            self._drained.set()
        if self._task is None:
            self.house.leave(self)

    def pause_writing(self) -> None:
        """The client does not read its replies: it has as long for that as for sending a body."""
        self._drained = asyncio.Event()
        self.deadline = self.loop.time() + self.house.limits.body_timeout

    def resume_writing(self) -> None:
        """It reads again."""
        if self._drained is not None:
            self._drained.set()
            self._drained = None
        self._watch()

    # --- the server speaks ------------------------------------------------------------------------

    def expire(self) -> None:
        """The deadline has passed: say so to whoever is in the middle of a request, and close on all others."""
        self.deadline = math.inf
        if self._drained is None and self._framer.phase in (Phase.HEAD, Phase.BODY):
            self._take(self._framer.expire())
        elif self._transport is not None:
            self._transport.abort()

    def finish(self) -> None:
        """Close after what is under way: at once where nothing is."""
        if self._task is None and self._framer.phase in (Phase.IDLE, Phase.DEAF) and self._transport is not None:
            self._transport.close()

    def abort(self) -> asyncio.Task[None] | None:
        """Close now, and cancel the answer under way, which is given back to be awaited."""
        if self._transport is not None:
            self._transport.abort()
        if self._task is not None:
            self._task.cancel()
        return self._task

    # --- answering --------------------------------------------------------------------------------

    def _take(self, asked: list[Asked]) -> None:
        self._waiting.extend(asked)
        if self._task is None:
            self._task = self.loop.create_task(self._answer())
        elif self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    async def _answer(self) -> None:
        """Answer what waits, in order, for as long as somebody listens."""
        house = self.house
        try:
            while self._waiting and self._transport is not None and not self._transport.is_closing():
                asked = self._waiting.popleft()
                raw = self._raw(asked)
                if asked.refused is not None:
                    reply = house.refusal(asked.refused, raw)
                elif house.elsewhere is not None and asked.path.startswith(house.elsewhere.prefixes):
                    self._hand_over(house.elsewhere, asked)
                    break
                else:
                    reply = await house.reply(raw)
                self._write(asked, reply)
                if self._drained is not None:
                    await self._drained.wait()
        finally:
            self._task = None
            self._rest()

    def _raw(self, asked: Asked) -> Raw:
        peer, secure = self._peer, self._secure
        if self._proxied:
            peer, secure = origin.behind(peer, secure, asked.headers, self.house.proxies)
        return Raw(asked.method, asked.path, asked.query, asked.headers, asked.body, peer, secure)

    def _write(self, asked: Asked, reply: Rendered) -> None:
        last = asked.last or self.house.stopping or (self._ended and not self._waiting)
        if self._transport is not None:
            body = b"" if asked.method == "HEAD" else reply.body
            self._transport.write(b"".join((reply.front, closing(last, self.house.limits.keep_alive), body)))
            if last:
                self._waiting.clear()
                self._part(asked.refused is not None)

    def _rest(self) -> None:
        """Nothing waits: read on, or be counted out."""
        transport = self._transport
        if transport is None:
            self.house.leave(self)
            return
        if self._paused:
            self._paused = False
            transport.resume_reading()
        if self._ended:
            transport.close()
        if transport.is_closing():
            self.deadline = self.loop.time() + self.house.limits.body_timeout
        else:
            self._watch()
            self._encourage()

    def _part(self, refused: bool) -> None:
        """Close after the last reply. A refused client may still be sending, and must be let finish to hear why."""
        if self._transport is None:
            return
        if not refused:
            self._transport.close()
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._framer.close()

    def _watch(self) -> None:
        """Set the deadline for what the next byte belongs to."""
        limits, phase = self.house.limits, self._framer.phase
        if self._drained is not None:
            return
        if self._paused:
            self.deadline = math.inf
        elif phase is Phase.HEAD:
            self.deadline = self.loop.time() + limits.header_timeout
        elif phase is Phase.BODY:
            self.deadline = self.loop.time() + limits.body_timeout
        elif self._task is not None:
            self.deadline = math.inf
        else:
            self.deadline = self.loop.time() + (LINGER if phase is Phase.DEAF else limits.keep_alive)

    def _encourage(self) -> None:
        """Send the 100 Continue that a client waits for, in its turn (RFC 9110 section 10.1.1)."""
        if self._framer.expects and self._task is None and self._transport is not None:
            self._framer.expects = False
            self._transport.write(CONTINUE)

    def _hand_over(self, elsewhere: Elsewhere, asked: Asked) -> None:
        """Give the transport and this request to another protocol. What came behind it is given too, where it was whole."""
        transport = self._transport
        assert transport is not None
        protocol = elsewhere.make()
        whole = self._framer.phase in (Phase.IDLE, Phase.DEAF)
        self._framer.close()
        self._transport = None
        self.deadline = math.inf
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._paused:
            transport.resume_reading()
        for each in (asked, *self._waiting):
            protocol.data_received(request(each))
        if not whole:
            transport.abort()
