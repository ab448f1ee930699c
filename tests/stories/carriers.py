"""Carriers for stories: the simulator, an SMSC that does exactly what a test says, TLS before either; and texts read back."""

import asyncio
import codecs
import itertools
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import gsm0338

from globewire.send.session import Pump
from globewire.send.simulator import Behaviour, Simulator
from globewire.wire.pdu import Command, Fields, Pdu, Status, Tag
from globewire.wire.smpp import BINDS, Asked, Closed, Event, Session, Side
from globewire.wire.text import unpack

Address = tuple[str, int]
SOON = (0.0, 0.02)


@asynccontextmanager
async def simulated(port: int = 0, **behaviour: Any) -> AsyncIterator[tuple[Simulator, Address]]:
    """A running simulator and its address; receipts come at once unless `behaviour` says otherwise."""
    simulator = Simulator(Behaviour(**{"receipt_delay": SOON, **behaviour}), remember=100_000)
    address = await simulator.start(port=port)
    try:
        yield simulator, address
    finally:
        await simulator.stop()


# --- an SMSC by the hand of a test ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Smsc:
    """`answer` gives each request's status and fields, None for silence. `heard` is every request, as it came, with its bind.

    `sessions` are those that stand, `endings` says why each of the others ended.
    """

    answer: Callable[[Pdu], tuple[int, Fields] | None]
    heard: list[tuple[Pump, Pdu]] = field(default_factory=list)
    sessions: list[Pump] = field(default_factory=list)
    endings: list[str] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def connect(self) -> Pump:
        """A connection's protocol."""
        pump = Pump(Session(Side.SMSC, enquire_link=60, response_timeout=30, now=time.monotonic()), self._hear, time.monotonic)
        self.sessions.append(pump)
        return pump

    async def bound(self, count: int) -> None:
        """Return when so many sessions are bound. TimeoutError after 10 s."""
        async with asyncio.timeout(10):
            while sum(pump.session.bound_as.value not in ("open", "closed") for pump in self.sessions) < count:
                self._news.clear()
                await self._news.wait()

    def deliver(self, text: str, to: str, pump: Pump | None = None, **tlvs: bytes) -> None:
        """Send a receipt with this text; it says that it is about the number `to`."""
        receiver = pump or next(pump for pump in self.sessions if pump.session.bound_as.value in ("receiver", "transceiver"))
        fields: Fields = {"source_addr": to, "esm_class": 4, "short_message": text.encode()}
        receiver.write(receiver.session.request(Command.DELIVER_SM, fields, now=time.monotonic()))

    async def requests(self, command: int, count: int) -> list[Pdu]:
        """The first `count` requests of this kind. TimeoutError after 10 s."""
        async with asyncio.timeout(10):
            while len(found := [pdu for _, pdu in self.heard if pdu.command == command]) < count:
                self._news.clear()
                await self._news.wait()
        return found

    def _hear(self, pump: Pump, events: list[Event]) -> None:
        for event in events:
            match event:
                case Asked(pdu):
                    self.heard.append((pump, pdu))
                    answer = self.answer(pdu)
                    if answer is not None:
                        pump.write(pump.session.respond(pdu, *answer))
                case Closed(reason):
                    self.sessions.remove(pump)
                    self.endings.append(reason)
                case _:
                    pass
        self._news.set()


def willing(pdu: Pdu) -> tuple[int, Fields]:
    """Take everything; a submit's id is the number that it goes to."""
    return Status.ROK, {} if pdu.command in BINDS else {"message_id": pdu.text("destination_addr")}


def numbered(spelling: Callable[[int], str] = str) -> Callable[[Pdu], tuple[int, Fields] | None]:
    """Take everything; submits get the ids 1, 2, 3 ... as `spelling` writes them."""
    ids = itertools.count(1)
    return lambda pdu: (Status.ROK, {} if pdu.command in BINDS else {"message_id": spelling(next(ids))})


@asynccontextmanager
async def smsc(answer: Callable[[Pdu], tuple[int, Fields] | None] = willing) -> AsyncIterator[tuple[Smsc, Address]]:
    """A running SMSC and its address."""
    made = Smsc(answer)
    server = await asyncio.get_running_loop().create_server(made.connect, "127.0.0.1", 0)
    try:
        yield made, server.sockets[0].getsockname()[:2]
    finally:
        server.close()
        for pump in list(made.sessions):
            pump.close()
        await server.wait_closed()


# --- TLS ------------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def behind_tls(inner: Address, context: ssl.SSLContext) -> AsyncIterator[Address]:
    """A door that takes TLS off and passes everything on to `inner`; its address."""
    tasks: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            return
        finally:
            writer.close()

    async def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inward, outward = await asyncio.open_connection(*inner)
        for pair in ((reader, outward), (inward, writer)):
            tasks.add(asyncio.create_task(carry(*pair)))

    server = await asyncio.start_server(enter, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[:2]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# --- what a carrier was given, as a handset would show it ---------------------------------------------------------------------

_GSM = codecs.CodecInfo(gsm0338.Codec().encode, gsm0338.Codec().decode)


def shown(submits: Iterable[Pdu], packed: bool = False) -> str:
    """The text that the parts of one message are, put in the order that their headers or parameters give."""
    return "".join(text for _, text in sorted(_part(submit, packed) for submit in submits))


def _part(submit: Pdu, packed: bool) -> tuple[int, str]:
    octets = submit.octets("short_message") or submit.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")
    place = submit.tlvs.get(Tag.SAR_SEGMENT_SEQNUM, b"\1")[0]
    header = 1 + octets[0] if submit.number("esm_class") & 0x40 else 0
    if header:
        assert octets[1:3] in (b"\x00\x03", b"\x08\x04")  # concatenation, 8-bit and 16-bit (3GPP TS 23.040 9.2.3.24)
        place = octets[header - 1]
    return place, _decoded(octets[header:], submit.number("data_coding"), packed, header)


def _decoded(octets: bytes, coding: int, packed: bool, header: int) -> str:
    match coding:
        case 0:
            return str(_GSM.decode(unpack(octets, -8 * header % 7) if packed else octets)[0])
        case 3:
            return octets.decode("latin-1")
        case 8:
            return octets.decode("utf-16-be")
    raise AssertionError(f"data_coding {coding}")
