"""Pumps over real sockets on loopback: against each other, against a foreign client, and against peers that vanish."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import smpplib.client
import smpplib.consts
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from globewire.send.session import Pump, dial
from globewire.wire.pdu import RESP, Command, Frames, Pdu, Status, decode, encode
from globewire.wire.smpp import Answered, Asked, BindRefused, Bound, BoundAs, Closed, Event, Session, Side, Unanswered

PATIENCE = 10.0


class Ear:
    """Hears for pumps and lets a test wait for what they tell. `answer` is called for each Asked."""

    def __init__(self, answer: "Callable[[Pump, Pdu], None] | None" = None) -> None:
        self.heard: asyncio.Queue[Event] = asyncio.Queue()
        self.turns: list[list[Event]] = []
        self.pumps: list[Pump] = []
        self._answer = answer

    def __call__(self, pump: Pump, events: list[Event]) -> None:
        """What a stage would do."""
        if pump not in self.pumps:
            self.pumps.append(pump)
        self.turns.append(events)
        for event in events:
            self.heard.put_nowait(event)
            if isinstance(event, Asked) and self._answer is not None:
                self._answer(pump, event.pdu)

    async def next(self) -> Event:
        """The next event; a test that waits in vain fails."""
        async with asyncio.timeout(PATIENCE):
            return await self.heard.get()


def accept(pump: Pump, pdu: Pdu) -> None:
    """An SMSC that takes everything."""
    fields = {"message_id": f"id{pdu.sequence}"} if pdu.command == Command.SUBMIT_SM else {}
    pump.write(pump.session.respond(pdu, Status.ROK, fields))


def make(side: Side, ear: Ear, enquire_link: float = 30.0, response_timeout: float = 30.0) -> Callable[[], Pump]:
    """A factory of pumps that tell `ear`."""
    clock = asyncio.get_running_loop().time
    return lambda: Pump(Session(side, enquire_link=enquire_link, response_timeout=response_timeout, now=clock()), ear, clock)


@pytest.fixture
async def servers() -> AsyncIterator[list[asyncio.Server]]:
    """Servers that end with the test."""
    started: list[asyncio.Server] = []
    yield started
    for server in started:
        server.close()


async def listen(servers: list[asyncio.Server], factory: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None) -> int:
    """Listen on loopback; the port."""
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0, ssl=tls)
    servers.append(server)
    port: int = server.sockets[0].getsockname()[1]
    return port


async def connect(port: int, ear: Ear, bind: int = Command.BIND_TRANSCEIVER, **timers: float) -> Pump:
    """A pump that is bound."""
    pump = await dial("127.0.0.1", port, tls=None, server_name="", make=make(Side.ESME, ear, **timers))
    ask(pump, bind, system_id="test")
    assert isinstance(await ear.next(), Bound)
    return pump


def ask(pump: Pump, command: int, ref: object = None, **fields: int | str | bytes) -> None:
    """Write a request."""
    pump.write(pump.session.request(command, fields, now=asyncio.get_running_loop().time(), ref=ref))


async def test_a_day_of_a_session(servers: list[asyncio.Server]) -> None:
    """Bind, submit, deliver, enquire_link, unbind."""
    there, here = Ear(accept), Ear(accept)
    client = await connect(await listen(servers, make(Side.SMSC, there)), here)
    assert isinstance(await there.next(), Asked)
    (server,) = there.pumps

    ask(client, Command.SUBMIT_SM, "r", destination_addr="6591234567", short_message=b"hello")
    asked = await there.next()
    assert isinstance(asked, Asked) and asked.pdu.octets("short_message") == b"hello"
    answered = await here.next()
    assert isinstance(answered, Answered)
    assert (answered.ref, answered.pdu.text("message_id")) == ("r", f"id{asked.pdu.sequence}")

    ask(server, Command.DELIVER_SM, "d", esm_class=4, short_message=b"id:1 stat:DELIVRD")
    assert isinstance(await here.next(), Asked)
    delivered = await there.next()
    assert isinstance(delivered, Answered) and delivered.ref == "d"

    ask(client, Command.ENQUIRE_LINK)
    ask(client, Command.UNBIND)
    assert await there.next() == Closed("unbound by the peer")
    assert await here.next() == Closed("unbound by us")
    assert here.heard.empty() and there.heard.empty()


@pytest.mark.parametrize("state", [BoundAs.TRANSMITTER, BoundAs.RECEIVER])
async def test_one_way_binds(servers: list[asyncio.Server], state: BoundAs) -> None:
    """Both sides know which."""
    there, here = Ear(accept), Ear()
    bind = Command.BIND_TRANSMITTER if state is BoundAs.TRANSMITTER else Command.BIND_RECEIVER
    client = await connect(await listen(servers, make(Side.SMSC, there)), here, bind)
    assert client.session.bound_as is there.pumps[0].session.bound_as is state
    client.close()
    assert isinstance(await here.next(), Closed)


async def test_a_refused_bind(servers: list[asyncio.Server]) -> None:
    """The connection stays, for whoever wants to try again."""
    there = Ear(lambda pump, pdu: pump.write(pump.session.respond(pdu, Status.RINVPASWD)))
    here = Ear()
    port = await listen(servers, make(Side.SMSC, there))
    client = await dial("127.0.0.1", port, tls=None, server_name="", make=make(Side.ESME, here))
    ask(client, Command.BIND_TRANSCEIVER, system_id="test", password="wrong")
    assert await here.next() == BindRefused(Status.RINVPASWD)
    client.close()
    assert isinstance(await here.next(), Closed)


async def test_a_carrier_that_drops_mid_submit(servers: list[asyncio.Server]) -> None:
    """It took the submits and is gone: each comes back unanswered, then Closed, once."""

    def drop_at_second(pump: Pump, pdu: Pdu) -> None:
        if pdu.command != Command.SUBMIT_SM:
            accept(pump, pdu)
        elif pdu.text("destination_addr") == "2":
            pump.close()

    there, here = Ear(drop_at_second), Ear()
    client = await connect(await listen(servers, make(Side.SMSC, there)), here)
    for ref in ("1", "2"):
        ask(client, Command.SUBMIT_SM, ref, destination_addr=ref)
    assert [await here.next(), await here.next()] == [Unanswered("1"), Unanswered("2")]
    assert isinstance(await here.next(), Closed)
    client.write(b"into the void")
    assert client.session.closed and here.heard.empty()


async def test_closing_sends_what_was_written(servers: list[asyncio.Server]) -> None:
    """A response written just before close still leaves."""

    def answer_and_hang_up(pump: Pump, pdu: Pdu) -> None:
        accept(pump, pdu)
        if pdu.command == Command.SUBMIT_SM:
            pump.close()

    there, here = Ear(answer_and_hang_up), Ear()
    client = await connect(await listen(servers, make(Side.SMSC, there)), here)
    ask(client, Command.SUBMIT_SM, "r")
    assert isinstance(await here.next(), Answered)
    assert isinstance(await here.next(), Closed)


class Answers(asyncio.Protocol):
    """A peer that answers some commands and nothing else, and lets a test wait for what it is asked."""

    def __init__(self, *commands: int) -> None:
        self.asked: asyncio.Queue[int] = asyncio.Queue()
        self._commands = commands
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer, or not."""
        for pdu in map(decode, Frames().feed(data)):
            self.asked.put_nowait(pdu.command)
            if pdu.command in self._commands and isinstance(self._transport, asyncio.Transport):
                self._transport.write(encode(Pdu(pdu.command | RESP, 0, pdu.sequence)))


async def test_a_dead_link_is_found(servers: list[asyncio.Server]) -> None:
    """A peer that binds and then says nothing: the timers of the session run without anybody's help."""
    here = Ear()
    port = await listen(servers, lambda: Answers(Command.BIND_TRANSCEIVER))
    client = await connect(port, here, enquire_link=0.05, response_timeout=0.05)
    assert await here.next() == Closed("no response to enquire_link")
    assert client.session.closed


async def test_a_peer_that_is_alive_stays(servers: list[asyncio.Server]) -> None:
    """enquire_link goes out and is answered, again and again, and no event tells of it."""
    peer, here = Answers(Command.BIND_TRANSCEIVER, Command.ENQUIRE_LINK), Ear()
    client = await connect(await listen(servers, lambda: peer), here, enquire_link=0.02, response_timeout=5.0)
    async with asyncio.timeout(PATIENCE):
        asked = [await peer.asked.get() for _ in range(3)]
    assert asked == [Command.BIND_TRANSCEIVER, Command.ENQUIRE_LINK, Command.ENQUIRE_LINK]
    assert here.heard.empty() and not client.session.closed
    client.close()
    assert isinstance(await here.next(), Closed)


async def test_one_write_a_turn(servers: list[asyncio.Server]) -> None:
    """A hundred submits of one turn arrive together, and so do their answers."""
    there, here = Ear(accept), Ear()
    client = await connect(await listen(servers, make(Side.SMSC, there)), here)
    for ref in range(100):
        ask(client, Command.SUBMIT_SM, ref, destination_addr="6591234567")
    answered = [await here.next() for _ in range(100)]
    assert [event.ref for event in answered if isinstance(event, Answered)] == list(range(100))
    assert [len(events) for events in there.turns] == [1, 100]
    assert [len(events) for events in here.turns] == [1, 100]
    client.close()
    assert isinstance(await here.next(), Closed)


async def test_a_peer_that_does_not_read(servers: list[asyncio.Server]) -> None:
    """`paused` says so, `hear` is called without events when it has caught up, and a close in between does not hang."""

    class Deaf(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            if isinstance(transport, asyncio.Transport):
                transport.pause_reading()
                made.set_result(transport)

    made: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
    resumed = asyncio.Event()
    here = Ear()

    def hear(pump: Pump, events: list[Event]) -> None:
        here(pump, events)
        if not events:
            resumed.set()

    clock = asyncio.get_running_loop().time
    port = await listen(servers, Deaf)
    client = await dial(
        "127.0.0.1",
        port,
        tls=None,
        server_name="",
        make=lambda: Pump(Session(Side.ESME, enquire_link=30.0, response_timeout=30.0, now=clock()), hear, clock),
    )
    peer = await made
    async with asyncio.timeout(PATIENCE):
        while not client.paused:
            client.write(bytes(1 << 20))
            await asyncio.sleep(0)
        peer.resume_reading()
        await resumed.wait()
    assert not client.paused
    client.close()
    assert isinstance(await here.next(), Closed)


async def test_a_peer_that_asks_and_never_reads_is_cut_off(servers: list[asyncio.Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """What it leaves unread is bounded: its connection ends, and the session says so."""
    monkeypatch.setattr("globewire.send.session.MOST_UNREAD", 100_000)
    there = Ear(accept)
    port = await listen(servers, make(Side.SMSC, there))
    servers[0].sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)  # else the system takes megabytes
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    own.connect(("127.0.0.1", port))
    _, writer = await asyncio.open_connection(sock=own, limit=1024)
    writer.write(encode(Pdu(Command.BIND_TRANSCEIVER, 0, 1, {"system_id": "test"}, {})))
    submit = encode(Pdu(Command.SUBMIT_SM, 0, 2, {"destination_addr": "6591234567"}, {}))
    with pytest.raises(ConnectionError):
        async with asyncio.timeout(PATIENCE):
            while True:
                writer.write(submit * 1000)
                await writer.drain()
    while not isinstance(await there.next(), Closed):
        pass


async def test_nobody_there() -> None:
    """A refused connection is an OSError."""
    with pytest.raises(OSError):
        await dial("127.0.0.1", 1, tls=None, server_name="", make=make(Side.ESME, Ear()))


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 and smsc.test, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smsc.test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("smsc.test"), x509.IPAddress(ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "smsc.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(("server_name", "good"), [("", True), ("smsc.test", True), ("other.test", False)])
async def test_tls(servers: list[asyncio.Server], tmp_path: Path, server_name: str, good: bool) -> None:
    """The carrier's certificate must show `server_name`, or the host."""
    path = certificate(tmp_path)
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=str(path))
    theirs.load_cert_chain(path)
    there, here = Ear(accept), Ear()
    port = await listen(servers, make(Side.SMSC, there), theirs)
    if not good:
        with pytest.raises(OSError):
            await dial("127.0.0.1", port, tls=ours, server_name=server_name, make=make(Side.ESME, here))
        return
    client = await dial("127.0.0.1", port, tls=ours, server_name=server_name, make=make(Side.ESME, here))
    ask(client, Command.BIND_TRANSCEIVER, system_id="test")
    assert isinstance(await here.next(), Bound)
    client.close()
    assert isinstance(await here.next(), Closed)


async def test_a_foreign_client(servers: list[asyncio.Server]) -> None:
    """smpplib binds to us, submits, hears a receipt and unbinds."""

    def serve(pump: Pump, pdu: Pdu) -> None:
        accept(pump, pdu)
        if pdu.command == Command.SUBMIT_SM:
            to = pdu.text("destination_addr")
            ask(pump, Command.DELIVER_SM, "d", source_addr=to, esm_class=4, short_message=b"id:1 stat:DELIVRD")

    there = Ear(serve)
    port = await listen(servers, make(Side.SMSC, there))

    def converse() -> tuple[str, bytes]:
        client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True, timeout=PATIENCE)
        said: dict[str, bytes] = {}
        client.set_message_sent_handler(lambda pdu: said.update(id=pdu.message_id))
        client.set_message_received_handler(lambda pdu: said.update(text=pdu.short_message))
        client.connect()
        client.bind_transceiver(system_id="test", password="secret")
        client.send_message(source_addr="Globe", destination_addr="6591234567", short_message=b"hello")
        while len(said) < 2:
            client.read_once()
        client.unbind()
        client.disconnect()
        return said["id"].decode(), said["text"]

    async with asyncio.timeout(PATIENCE):
        message_id, text = await asyncio.to_thread(converse)
    assert message_id.startswith("id") and text == b"id:1 stat:DELIVRD"
    kinds = [type(await there.next()) for _ in range(4)]
    assert kinds == [Asked, Asked, Answered, Closed]
