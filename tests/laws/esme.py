"""A plain ESME over our own session, for tests of whoever plays the SMSC: it binds, asks, and keeps what it hears."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from globewire.send.session import Pump
from globewire.wire.pdu import Command, Fields, Pdu, Status
from globewire.wire.smpp import Answered, Asked, BindRefused, Bound, Closed, Event, Session, Side, Unanswered

PATIENCE = 10.0
T = TypeVar("T")


class Esme:
    """One bind. `heard` is every event in order; a deliver_sm is acknowledged with the next of `statuses`, then ROK."""

    def __init__(self, *, response_timeout: float = 30.0) -> None:
        self.heard: list[Event] = []
        self.statuses: list[int] = []
        self._session = Session(Side.ESME, enquire_link=30, response_timeout=response_timeout, now=time.monotonic())
        self._pump = Pump(self._session, self._hear, time.monotonic)
        self._news = asyncio.Event()

    async def connect(self, host: str, port: int) -> None:
        """Open the connection."""
        await asyncio.get_running_loop().create_connection(lambda: self._pump, host, port)

    def ask(self, command: int, fields: Fields, tlvs: Mapping[int, bytes] | None = None, ref: object = None) -> None:
        """Send a request; its end is heard with `ref`."""
        self._pump.write(self._session.request(command, fields, tlvs, now=time.monotonic(), ref=ref))

    async def bind(
        self, system_id: str = "test", password: str = "", command: int = Command.BIND_TRANSCEIVER
    ) -> Bound | BindRefused:
        """Bind and say how that went."""
        self.ask(command, {"system_id": system_id, "password": password, "interface_version": 0x34})
        return await self.until(lambda heard: next((e for e in heard if isinstance(e, (Bound, BindRefused))), None))

    def submit(self, to: str, text: bytes = b"hello", *, ref: object = None, **fields: Any) -> None:
        """Submit a text that asks for a receipt, unless `fields` say otherwise."""
        plain: dict[str, Any] = {"source_addr": "Globe", "source_addr_ton": 5, "dest_addr_ton": 1, "dest_addr_npi": 1}
        self.ask(
            Command.SUBMIT_SM,
            {**plain, "destination_addr": to, "registered_delivery": 1, "short_message": text, **fields},
            ref=to if ref is None else ref,
        )

    async def asked(self, to: str, text: bytes = b"hello", **fields: Any) -> Pdu:
        """Submit, and give the response."""
        ref = object()
        self.submit(to, text, ref=ref, **fields)
        return await self.answer(ref)

    async def answer(self, ref: object) -> Pdu:
        """The response to the request with this `ref`."""
        return await self.until(lambda heard: next((e.pdu for e in heard if isinstance(e, Answered) and e.ref is ref), None))

    async def deliveries(self, count: int) -> list[Pdu]:
        """The first `count` deliver_sm."""
        return await self.until(lambda heard: found if len(found := _deliveries(heard)) >= count else None)

    async def closed(self) -> Closed:
        """How the session ended."""
        return await self.until(lambda heard: next((e for e in heard if isinstance(e, Closed)), None))

    async def round_trip(self) -> None:
        """Return when whatever was sent before has been answered: a query is answered in its turn."""
        ref = object()
        self.ask(Command.QUERY_SM, {"message_id": "none"}, ref=ref)
        await self.answer(ref)

    async def until(self, look: Callable[[list[Event]], T | None]) -> T:
        """What `look` finds in the events, as soon as it is not None. TimeoutError after 10 s."""
        async with asyncio.timeout(PATIENCE):
            while (found := look(self.heard)) is None:
                self._news.clear()
                await self._news.wait()
            return found

    def close(self) -> None:
        """Close the connection without a word."""
        self._pump.close()

    def _hear(self, pump: Pump, events: list[Event]) -> None:
        self.heard += events
        for event in events:
            if isinstance(event, Asked):
                pump.write(self._session.respond(event.pdu, self.statuses.pop(0) if self.statuses else Status.ROK))
        self._news.set()


@asynccontextmanager
async def esme(address: tuple[str, int], **options: Any) -> AsyncIterator[Esme]:
    """A connected ESME that is not bound yet."""
    client = Esme(**options)
    await client.connect(*address)
    try:
        yield client
    finally:
        client.close()
        await client.closed()


def outcomes(heard: list[Event]) -> dict[object, int | None]:
    """The status that each submit was answered with, by ref; None where it was not answered."""
    found: dict[object, int | None] = {}
    for event in heard:
        if isinstance(event, Answered):
            found[event.ref] = event.pdu.status
        elif isinstance(event, Unanswered):
            found[event.ref] = None
    return found


def _deliveries(heard: list[Event]) -> list[Pdu]:
    return [event.pdu for event in heard if isinstance(event, Asked) and event.pdu.command == Command.DELIVER_SM]
