"""One bind of a carrier, kept alive: dial, bind, serve until it ends, wait, and again. It knows nothing of messages."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress

import structlog

from globewire.plan import Carrier
from globewire.send.session import Pump, dial
from globewire.verdict.outcome import sentence
from globewire.verdict.retry import reconnect
from globewire.wire.pdu import Command, PduFault
from globewire.wire.smpp import BindRefused, Bound, BoundAs, Closed, Event, Session, Side

log = structlog.get_logger()

INTERFACE_VERSION = 0x34


class Bind:
    """A session to the carrier that comes back by itself. `hear` gets every event, this bind's own among them."""

    def __init__(
        self,
        carrier: Carrier,
        command: Command,
        *,
        tls: ssl.SSLContext | None,
        clock: Callable[[], float],
        jitter: Callable[[], float],
        hear: Callable[[Pump, list[Event]], None],
    ) -> None:
        self._carrier, self._command, self._tls = carrier, command, tls
        self._clock, self._jitter, self._hear = clock, jitter, hear
        self._ended, self._hurry, self._moved = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._answered = self._retiring = self._left = False
        self.pump: Pump | None = None
        self.state = "not connected"
        """What to tell people: "bound", or why it is not. While it tries again, why it last was not."""

    @property
    def bound(self) -> bool:
        """Whether requests may pass."""
        return self.pump is not None and self.pump.session.bound_as not in (BoundAs.OPEN, BoundAs.CLOSED)

    @property
    def submits(self) -> bool:
        """Whether a submit_sm may pass, which none does through a receiver."""
        return self.pump is not None and self.pump.session.bound_as in (BoundAs.TRANSMITTER, BoundAs.TRANSCEIVER)

    @property
    def kind(self) -> str:
        """What it is bound as, or is to be."""
        return self._command.name.removeprefix("BIND_").lower()

    @property
    def in_flight(self) -> int:
        """Submits that wait for an answer."""
        return self.pump.session.in_flight if self.pump is not None else 0

    @property
    def room(self) -> int:
        """How many more submit_sm the window takes; 0 where this bind takes none."""
        pump = self.pump
        if pump is None or pump.paused or self._retiring or not self.submits:
            return 0
        return self._carrier.window - pump.session.in_flight

    async def keep(self) -> None:
        """Keep the session alive until cancelled, or told to leave."""
        attempt = 0
        while not self._left:
            bound = await self._serve()
            attempt = 0 if bound else attempt + 1
            rest = reconnect(attempt, self._carrier.reconnect_first, self._carrier.reconnect_most, self._jitter())
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._hurry.wait()
            self._hurry.clear()

    async def renew(self, limit: float) -> None:
        """End the session and begin another, at once: what is in flight is awaited first, for `limit` seconds at most, and nothing
        more is submitted here. Where no session stands, try for one now."""
        self._hurry.set()
        pump = self.pump
        if pump is None or not self.bound:
            return
        self._retiring = True
        try:
            async with asyncio.timeout(limit):
                while pump.session.in_flight:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            log.warning("rebinding with submits unanswered", carrier=self._carrier.id, submits=pump.session.in_flight)
        if self.pump is pump:
            await self._unbind(2.0)

    async def leave(self, limit: float) -> None:
        """Unbind, wait for the answer for `limit` seconds at most, and close. No other session follows."""
        self._left = True
        self._hurry.set()
        await self._unbind(limit)

    async def _unbind(self, limit: float) -> None:
        pump = self.pump
        if pump is None:
            return
        if self.bound:
            pump.write(pump.session.request(Command.UNBIND, {}, now=self._clock()))
            try:
                async with asyncio.timeout(limit):
                    await self._ended.wait()
            except TimeoutError:
                log.warning("unbind unanswered", carrier=self._carrier.id)
        pump.close()

    async def _serve(self) -> bool:
        """One session from dialling to its end; whether it was bound."""
        carrier, self._ended, self._answered, self._retiring = self._carrier, asyncio.Event(), False, False
        try:
            pump = await dial(carrier.host, carrier.port, tls=self._tls, server_name=carrier.server_name, make=self._make)
            self.pump = pump
            if self._left:
                return False
            pump.write(pump.session.request(self._command, self._credentials(), now=self._clock()))
            await self._ended.wait()
        except (OSError, PduFault) as fault:
            self.state = f"no connection: {fault}"
            log.warning("carrier unreachable", carrier=carrier.id, reason=str(fault))
            return False
        finally:
            served, self.pump = self.pump, None
            if served is not None:
                served.close()  # where this was cancelled, nobody hears it any more: what it took would be lost
        return served is not None and self.state.startswith("ended")

    def _make(self) -> Pump:
        timers = {"enquire_link": self._carrier.enquire_link, "response_timeout": self._carrier.response_timeout}
        return Pump(Session(Side.ESME, **timers, now=self._clock()), self._heard, self._clock)

    def _credentials(self) -> dict[str, int | str | bytes]:
        carrier = self._carrier
        return {
            "system_id": carrier.system_id,
            "password": carrier.password,
            "system_type": carrier.system_type,
            "interface_version": INTERFACE_VERSION,
        }

    def _heard(self, pump: Pump, events: list[Event]) -> None:
        for event in events:
            match event:
                case Bound():
                    self.state, self._answered = "bound", True
                    log.info("carrier bound", carrier=self._carrier.id, bound_as=event.bound_as.value)
                case BindRefused():
                    self.state, self._answered = f"bind refused: {sentence(event.status)}", True
                    log.warning("carrier refused the bind", carrier=self._carrier.id, status=sentence(event.status))
                    pump.close()
                case Closed():
                    if self.state == "bound":
                        self.state = f"ended: {event.reason}"
                    elif not self._answered:
                        self.state = f"not bound: {event.reason}"
                    log.info("carrier session ended", carrier=self._carrier.id, reason=event.reason)
                    self._ended.set()
                case _:
                    pass
        self._moved.set()
        self._hear(pump, events)
