"""The pump between a socket and an SMPP session: octets, timers, nothing else. Both sides use it.

What is heard goes to `hear`; what to send comes through `write`. It knows no message and no carrier.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import cast

from globewire.wire.smpp import Closed, Event, Session

CONNECT_TIMEOUT = 10.0
_TICK = 1.0
MOST_UNREAD = 4 * 1024 * 1024
"""Octets that a peer may leave unread; then the connection is cut, since whatever else it asks for would only add to them."""
_CLOSE_GRACE = 2.0
"""Seconds in which what is written may still leave after a close; then the connection is cut."""


async def dial(
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None,
    server_name: str,
    make: "Callable[[], Pump]",
    timeout: float = CONNECT_TIMEOUT,
) -> "Pump":
    """A connected pump to an SMSC. `server_name` is what its certificate must show, "" for `host`.

    It raises OSError (TimeoutError and ssl.SSLError are such) when there is no connection within `timeout` seconds.
    """
    async with asyncio.timeout(timeout):
        _, pump = await asyncio.get_running_loop().create_connection(
            make, host, port, ssl=tls, server_hostname=(server_name or host) if tls else None
        )
    return pump


class Pump(asyncio.Protocol):
    """One connection of one `session`. `clock` gives the seconds that the session counts in.

    `hear` is told every event, in order, Closed exactly once and last; it is also called with no events when `paused`
    ends. All that is written in one turn of the loop leaves in one piece.
    """

    def __init__(self, session: Session, hear: "Callable[[Pump, list[Event]], None]", clock: Callable[[], float]) -> None:
        self.session = session
        self.paused = False
        """Whether the peer reads too slowly: write no more requests until `hear` is called again."""
        self._hear = hear
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._pending: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def write(self, data: bytes) -> None:
        """Send `data` at the end of this turn of the loop; nothing once the connection is gone."""
        if not self._pending:
            self._loop.call_soon(self._flush)
        self._pending.append(data)

    def close(self) -> None:
        """Send what is written and close. `hear` is told of it in a later turn, with Closed."""
        self._flush()
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.close()
            self._loop.call_later(_CLOSE_GRACE, transport.abort)

    # --- what asyncio calls ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is one, but does not say so
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Hand octets to the session."""
        self._tell(self.session.receive(data, self._clock()))

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the session end."""
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        self._tell(self.session.close(f"the connection was lost: {exc}" if exc else "the connection was closed", self._clock()))

    def pause_writing(self) -> None:
        """The peer reads too slowly."""
        self.paused = True

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self.paused = False
        if not self.session.closed:
            self._hear(self, [])

    # --- within ----------------------------------------------------------------------------------------------------------

    def _tell(self, events: list[Event]) -> None:
        own = self.session.outgoing()
        if own:
            self.write(own)
        if events:
            self._hear(self, events)
            if isinstance(events[-1], Closed):
                self.close()

    def _flush(self) -> None:
        if self._pending:
            data = b"".join(self._pending)
            self._pending.clear()
            if self._transport is not None and not self._transport.is_closing():
                self._transport.write(data)
                if self._transport.get_write_buffer_size() > MOST_UNREAD:
                    self._transport.abort()

    def _arm(self) -> None:
        now = self._clock()
        self._timer = self._loop.call_later(min(max(self.session.due - now, 0.01), _TICK), self._tick)

    def _tick(self) -> None:
        events = self.session.tick(self._clock())
        if not self.session.closed:
            self._arm()  # before anything is told: a listener that fails must not stop the timers
        self._tell(events)
