"""The server over real sockets: limits, deadlines, order, refusals in the envelope, and a stop that loses nothing."""

import asyncio
import contextlib
import datetime
import gc
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import structlog
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from globewire.accept.connection import Connection
from globewire.accept.framing import Framer
from globewire.accept.origin import Network
from globewire.accept.server import Elsewhere, Limits, Server
from globewire.wire.reply import Reply
from globewire.wire.request import Raw

V3 = b"Authorization: ACS3-HMAC-SHA256 x\r\n"  # so that refusals come as JSON
SHORT = Limits(line=100_000, headers=4_000, body=50_000, header_timeout=0.2, body_timeout=0.2, keep_alive=0.3)


async def echo(raw: Raw) -> Reply:
    """A reply that says what was asked."""
    told = {
        "method": raw.method,
        "path": raw.path,
        "query": len(raw.query) if len(raw.query) > 999 else raw.query.decode("latin-1"),
        "body": len(raw.body) if len(raw.body) > 999 else raw.body.decode("latin-1"),
        "peer": raw.peer,
        "secure": raw.secure,
        "headers": [name.decode("latin-1") for name, _ in raw.headers],
    }
    return Reply(200, ((b"content-type", b"application/json;charset=utf-8"),), json.dumps(told).encode())


@contextlib.asynccontextmanager
async def serving(
    answer: Callable[[Raw], Awaitable[Reply]] = echo,
    *,
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
    trusted_proxies: Sequence[Network] = (),
    elsewhere: Elsewhere | None = None,
) -> AsyncIterator[tuple[Server, "Dial"]]:
    """A server on a free port, and a way to call it."""
    server = Server(
        answer,
        host="127.0.0.1",
        port=0,
        tls=tls,
        limits=limits,
        trusted_proxies=trusted_proxies,
        request_id=lambda: "REQUEST-ID",
        elsewhere=elsewhere,
    )
    host, port = await server.start()
    lines: list[Client] = []

    async def dial(tls: ssl.SSLContext | None = None) -> "Client":
        lines.append(Client(*await asyncio.open_connection(host, port, ssl=tls)))
        return lines[-1]

    try:
        yield server, dial
    finally:
        for line in lines:
            line.writer.close()
        await server.stop(drain=5)


Dial = Callable[..., Awaitable["Client"]]


@dataclass
class Response:
    """A reply as a client sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Client:
    """One connection, by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *pieces: bytes) -> None:
        """Write, piece by piece, letting the server read each."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def hear(self, bodiless: bool = False) -> Response:
        """The next response."""
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status, *lines = head.rstrip().split("\r\n")
            headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
            length = 0 if bodiless else int(headers.get("content-length", 0))
            return Response(int(status.split()[1]), headers, await self.reader.readexactly(length))

    async def ask(self, *pieces: bytes) -> Response:
        """Send and hear."""
        await self.send(*pieces)
        return await self.hear()

    async def closed(self) -> bytes:
        """What still comes until the server closes."""
        async with asyncio.timeout(10):
            return await self.reader.read()


# --- what reaches the answer ----------------------------------------------------------------------


async def test_a_request_and_its_reply() -> None:
    """All of a request arrives as it was sent; the reply is framed, dated and kept alive."""
    async with serving() as (_, dial):
        line = await dial()
        heard = await line.ask(b"POST /a%20b?x=1&y=%2B HTTP/1.1\r\nHost: h:1\r\nX-Acs-Action: A\r\nContent-Length: 3\r\n\r\nabc")
        assert heard.status == 200
        assert heard.headers["content-type"] == "application/json;charset=utf-8"
        assert heard.headers["connection"] == "keep-alive"
        assert heard.headers["keep-alive"] == "timeout=25"
        assert heard.headers["date"].endswith(" GMT")
        assert heard.json == {
            "method": "POST",
            "path": "/a%20b",
            "query": "x=1&y=%2B",
            "body": "abc",
            "peer": "127.0.0.1",
            "secure": False,
            "headers": ["host", "x-acs-action", "content-length"],
        }
        assert (await line.ask(b"GET / HTTP/1.1\r\n\r\n")).json["method"] == "GET"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
async def test_every_method_and_path_reaches_the_answer(method: str) -> None:
    """Refusing them is the answer's to do."""
    async with serving() as (_, dial):
        heard = await (await dial()).ask(method.encode() + b" /no/such/path HTTP/1.1\r\n\r\n")
        assert (heard.json["method"], heard.json["path"]) == (method, "/no/such/path")


async def test_head_has_no_body() -> None:
    """Its length is told, its body left out, and the connection stays in step."""
    async with serving() as (_, dial):
        line = await dial()
        await line.send(b"HEAD / HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n")
        head = await line.hear(bodiless=True)
        assert int(head.headers["content-length"]) > 50
        assert (await line.hear()).json["path"] == "/next"


async def test_a_request_line_of_5_megabytes() -> None:
    """A batch comes in the request line (contract 2.5)."""
    async with serving() as (_, dial):
        heard = await (await dial()).ask(b"POST /?Message=" + b"%E4" * 1_700_000 + b" HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        assert heard.json["query"] == 8 + 3 * 1_700_000


async def test_byte_by_byte_is_the_same_as_at_once() -> None:
    """However the network cuts it."""
    request = (
        b"POST /?a=b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwxyz\r\n1;x=y\r\n!\r\n0\r\nX-Trailer: t\r\n\r\n"
    )
    async with serving() as (_, dial):
        line = await dial()
        at_once = await line.ask(request)
        byte_by_byte = await line.ask(*(request[n : n + 1] for n in range(len(request))))
        assert at_once.json == byte_by_byte.json
        assert at_once.json["body"] == "wxyz!"
        assert at_once.json["headers"] == ["host", "transfer-encoding"]


async def test_pipelined_requests_are_answered_in_order() -> None:
    """Also where the first takes longest, and a refusal comes in its turn."""
    gates = {f"/{n}": asyncio.Event() for n in range(5)}

    async def gated(raw: Raw) -> Reply:
        await gates[raw.path].wait()
        return await echo(raw)

    async with serving(gated) as (_, dial):
        line = await dial()
        await line.send(b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % n for n in range(3)))
        await line.send(b"GET /3 HTTP/1.1\r\n\r\nGET /4 HTTP/1.1\r\n\r\nGARBAGE\r\n\r\n")
        for gate in reversed(gates.values()):
            gate.set()
        assert [(await line.hear()).json["path"] for _ in range(5)] == ["/0", "/1", "/2", "/3", "/4"]
        assert (await line.hear()).status == 400
        assert await line.closed() == b""


async def test_http_1_0() -> None:
    """Closed after the reply, unless it asks to be kept alive."""
    async with serving() as (_, dial):
        line = await dial()
        kept = await line.ask(b"GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert kept.headers["connection"] == "keep-alive"
        last = await line.ask(b"GET /2 HTTP/1.0\r\n\r\n")
        assert last.headers["connection"] == "close"
        assert "keep-alive" not in last.headers
        assert await line.closed() == b""


async def test_what_follows_a_last_request_is_dropped() -> None:
    """After Connection: close nothing more is answered."""
    async with serving() as (_, dial):
        line = await dial()
        last = await line.ask(b"GET /1 HTTP/1.1\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
        assert last.json["path"] == "/1"
        assert await line.closed() == b""


async def test_100_continue() -> None:
    """Said when the client waits for it, not when it does not, and only in its turn."""
    head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    async with serving() as (_, dial):
        line = await dial()
        assert (await line.ask(head)).status == 100
        assert (await line.ask(b"abc")).json["body"] == "abc"
        assert (await line.ask(head + b"abc")).status == 200
        await line.send(b"GET / HTTP/1.1\r\n\r\n" + head)
        assert [(await line.hear()).status for _ in range(2)] == [200, 100]
        assert (await line.ask(b"def")).json["body"] == "def"


async def test_a_half_closed_client_is_answered() -> None:
    """It has sent all it wants, and still listens."""
    async with serving() as (_, dial):
        line = await dial()
        await line.send(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
        line.writer.write_eof()
        assert [(await line.hear()).json["path"] for _ in range(2)] == ["/1", "/2"]
        assert await line.closed() == b""


async def test_an_offer_of_another_protocol_is_passed_over() -> None:
    """Java's HttpClient offers h2c; the request is answered as HTTP/1.1, its body included, and so is the next."""
    offer = b"POST /?q HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    async with serving() as (_, dial):
        line = await dial()
        assert (await line.ask(offer + b"Content-Length: 3\r\n\r\nabc")).json["body"] == "abc"
        heard = await line.ask(offer + b"\r\nGET /next HTTP/1.1\r\n\r\n")
        assert (heard.json["path"], heard.json["query"]) == ("/", "q")
        assert (await line.hear()).json["path"] == "/next"


@pytest.mark.parametrize(
    ("target", "path"), [("http://host:8080/a/b?c=d", "/a/b"), ("https://host", "/"), ("*", "*"), ("/x?u=http://y/z", "/x")]
)
async def test_targets(target: str, path: str) -> None:
    """A target in absolute form means its path."""
    async with serving() as (_, dial):
        assert (await (await dial()).ask(f"OPTIONS {target} HTTP/1.1\r\n\r\n".encode())).json["path"] == path


# --- refusals -------------------------------------------------------------------------------------

UPGRADE = b"GET / HTTP/1.1\r\n" + V3 + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"GET /" + b"x" * 120_000 + b" HTTP/1.1\r\n\r\n", 413, "RequestTooLarge"),
        (b"GET /?" + b"x" * 120_000, 413, "RequestTooLarge"),
        (b"GET / HTTP/1.1\r\n" + V3 + b"A: " + b"x" * 5_000 + b"\r\n\r\n", 413, "RequestTooLarge"),
        (b"GET / HTTP/1.1\r\n" + V3 + b"A: b\r\n" * 1_000 + b"\r\n", 413, "RequestTooLarge"),
        (b"POST / HTTP/1.1\r\n" + V3 + b"Content-Length: 50001\r\n\r\n", 413, "RequestTooLarge"),
        (b"POST / HTTP/1.1\r\n" + V3 + b"Expect: 100-continue\r\nContent-Length: 50001\r\n\r\n", 413, "RequestTooLarge"),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"0" * 3_900 + b"1\r\n\r\nx", 413, "RequestTooLarge"),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"2000\r\n" + b"x" * 0x2000 + b"\r\n") * 7,
            413,
            "RequestTooLarge",
        ),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "InvalidRequest"),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400, "InvalidRequest"),
        (b"POST / HTTP/1.1\r\nContent-Length: -3\r\n\r\n", 400, "InvalidRequest"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "InvalidRequest"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400, "InvalidRequest"),
        (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", 400, "InvalidRequest"),
        (b"GET / HTTP/1.1\r\nA: b\x00\r\n\r\n", 400, "InvalidRequest"),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400, "InvalidRequest"),
        (b"GET /a b HTTP/1.1\r\n\r\n", 400, "InvalidRequest"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "InvalidRequest"),
        (b"BREW / HTTP/1.1\r\n\r\n", 400, "UnsupportedHTTPMethod"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400, "UnsupportedHTTPMethod"),
        (b"CONNECT host:443 HTTP/1.1\r\n\r\n", 400, "UnsupportedHTTPMethod"),
        (UPGRADE, 400, "InvalidRequest"),
        (UPGRADE.replace(b"websocket", b"h2c") + UPGRADE, 400, "InvalidRequest"),
    ],
)
async def test_refused_with_the_envelope(request_: bytes, status: int, code: str) -> None:
    """Whatever is not to be read is refused in the API's own words, and the connection closed."""
    async with serving(limits=SHORT) as (_, dial):
        line = await dial()
        heard = await line.ask(request_)
        if heard.status == 200:  # the one of two that was whole
            heard = await line.hear()
        assert heard.status == status
        assert heard.headers["connection"] == "close"
        assert heard.headers["x-acs-request-id"] == "REQUEST-ID"
        assert f"{code}<".encode() in heard.body or f'"{code}"'.encode() in heard.body
        assert await line.closed() == b""


async def test_a_refusal_is_in_the_format_asked_for() -> None:
    """JSON where the headers so far say V3, XML where nothing is known; HostId is what the client called."""
    async with serving(limits=SHORT) as (_, dial):
        heard = await (await dial()).ask(b"GET / HTTP/1.1\r\nHost: sms.example:8080\r\n" + V3 + b"A: b\r\nB : c\r\n\r\n")
        assert heard.headers["content-type"] == "application/json;charset=utf-8"
        assert heard.json["HostId"] == "sms.example:8080"
        assert heard.json["RequestId"] == "REQUEST-ID"
        heard = await (await dial()).ask(b"garbage\r\n\r\n")
        assert heard.headers["content-type"] == "text/xml;charset=utf-8"
        assert heard.body.startswith(b"<?xml")


async def test_a_refused_client_may_finish_sending_and_hears_why() -> None:
    """It is not reset in the middle of its body: what it sends after the refusal is read and dropped."""
    async with serving() as (_, dial):
        line = await dial()
        await line.send(b"POST / HTTP/1.1\r\nContent-Length: 20000000\r\n\r\n")
        for _ in range(20):
            await line.send(b"x" * 1_000_000)
        assert (await line.hear()).status == 413
        line.writer.write_eof()
        assert await line.closed() == b""


@pytest.mark.parametrize(
    "piece",
    [b"G", b"GET / HTTP/1.1\r\n" + V3 + b"A: b", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", UPGRADE[:-2]],
    ids=["line", "headers", "body", "upgrade"],
)
async def test_a_slow_request_is_refused(piece: bytes) -> None:
    """Head and body must arrive in time, or the refusal says that they did not."""
    async with serving(limits=SHORT) as (_, dial):
        line = await dial()
        heard = await line.ask(piece)
        assert heard.status == 408
        assert b"RequestTimeout" in heard.body
        line.writer.write_eof()
        assert await line.closed() == b""


async def test_dripping_does_not_put_the_deadline_off() -> None:
    """A byte now and then is still slow."""
    async with serving(limits=SHORT) as (_, dial):
        line = await dial()
        heard = asyncio.create_task(line.hear())
        await line.send(b"POST / HTTP/1.1\r\nContent-Length: 10000\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while not heard.done():
                await line.send(b"x")
                await asyncio.wait([heard], timeout=0.02)
        assert (await heard).status == 408


async def test_an_idle_connection_is_closed_without_a_word() -> None:
    """New, or after a reply."""
    async with serving(limits=SHORT) as (_, dial):
        assert await (await dial()).closed() == b""
        line = await dial()
        assert (await line.ask(b"GET / HTTP/1.1\r\n\r\n")).status == 200
        assert await line.closed() == b""


async def test_an_answer_may_take_longer_than_every_deadline() -> None:
    """Deadlines are for clients, and not for what is not read while an answer is awaited."""
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slow(raw: Raw) -> Reply:
        begun.set()
        await gate.wait()
        return await echo(raw)

    async with serving(slow, limits=SHORT) as (_, dial):
        line, other = await dial(), await dial()
        await line.send(b"GET /1 HTTP/1.1\r\n\r\n")
        await begun.wait()
        await line.send(b"GET /2 HTTP/1.1\r\n\r\nGET /half")
        assert await other.closed() == b""  # a whole idle time has passed
        gate.set()
        assert [(await line.hear()).json["path"] for _ in range(2)] == ["/1", "/2"]
        assert (await line.ask(b" HTTP/1.1\r\n\r\n")).json["path"] == "/half"


async def test_a_client_that_does_not_read_is_closed() -> None:
    """Its replies are not heaped up for ever."""

    async def huge(raw: Raw) -> Reply:
        return Reply(200, (), b"x" * 30_000_000)

    async with serving(huge, limits=SHORT) as (server, dial):
        line = await dial()
        cast(asyncio.ReadTransport, line.writer.transport).pause_reading()
        await line.send(b"GET / HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(10):
            while not server.connections:
                await asyncio.sleep(0)
            while server.connections:
                await asyncio.sleep(0.01)


async def test_more_connections_than_allowed() -> None:
    """Those too many are told so; those there go on."""
    async with serving(limits=Limits(connections=1)) as (_, dial):
        line = await dial()
        assert (await line.ask(b"GET / HTTP/1.1\r\n\r\n")).status == 200
        refused = await (await dial()).hear()
        assert refused.status == 503
        assert b"ServiceUnavailable" in refused.body
        assert (await line.ask(b"GET / HTTP/1.1\r\n\r\n")).status == 200


# --- failures -------------------------------------------------------------------------------------


async def forgotten(raw: Raw) -> Reply:
    """Something within the answer was cancelled, not the answer."""
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future
    raise AssertionError


async def broken(raw: Raw) -> Reply:
    """A fault that quotes what must not be seen."""
    raise RuntimeError(f"secret {raw.query!r}")


async def splitting(raw: Raw) -> Reply:
    """A header that would end the head early."""
    return Reply(200, ((b"x-acs-request-id", b"a\r\nSet-Cookie: secret"),), b"")


async def statusless(raw: Raw) -> Reply:
    """A status that is none."""
    return Reply(42, (), b"")


@pytest.mark.parametrize("answer", [forgotten, broken, splitting, statusless])
async def test_a_fault_is_an_internal_error(answer: Callable[[Raw], Awaitable[Reply]]) -> None:
    """In the envelope, with a log event that names kind and place and quotes nothing; the connection goes on."""
    with structlog.testing.capture_logs() as events:
        async with serving(answer) as (_, dial):
            line = await dial()
            for _ in range(2):
                heard = await line.ask(b"GET /?Message=secret HTTP/1.1\r\n" + V3 + b"\r\n")
                assert (heard.status, heard.json["Code"]) == (500, "InternalError")
                assert heard.headers["connection"] == "keep-alive"
                assert b"secret" not in heard.body
    assert [event["event"] for event in events] == ["request_failed"] * 2
    assert events[0]["where"]
    assert "secret" not in repr(events)


async def test_an_answer_outlives_its_client() -> None:
    """What was being kept is kept, though nobody waits for the reply; and stop waits for it."""
    begun, gate, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(raw: Raw) -> Reply:
        begun.set()
        await gate.wait()
        finished.set()
        return await echo(raw)

    async with serving(slow) as (server, dial):
        line = await dial()
        await line.send(b"GET / HTTP/1.1\r\n\r\n")
        await begun.wait()
        line.writer.transport.abort()
        stopping = asyncio.create_task(server.stop(drain=10))
        await asyncio.sleep(0)
        gate.set()
        await stopping
        assert finished.is_set()


# --- stopping -------------------------------------------------------------------------------------


async def test_stop_finishes_what_is_under_way() -> None:
    """Answers under way and requests half sent are finished, idle connections closed, new ones not taken."""
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slow(raw: Raw) -> Reply:
        if raw.path == "/slow":
            begun.set()
            await gate.wait()
        return await echo(raw)

    async with serving(slow) as (server, dial):
        busy, half, idle = await dial(), await dial(), await dial()
        assert (await idle.ask(b"GET / HTTP/1.1\r\n\r\n")).status == 200
        assert (await half.ask(b"GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na")).status == 200
        await busy.send(b"GET /slow HTTP/1.1\r\n\r\n")
        await begun.wait()
        stopping = asyncio.create_task(server.stop(drain=10))
        assert await idle.closed() == b""
        with pytest.raises(OSError):
            await dial()
        heard = await half.ask(b"bc")
        assert (heard.json["body"], heard.headers["connection"]) == ("abc", "close")
        gate.set()
        heard = await busy.hear()
        assert (heard.json["path"], heard.headers["connection"]) == ("/slow", "close")
        await stopping
        assert await busy.closed() == await half.closed() == b""


async def test_stop_cancels_what_does_not_finish() -> None:
    """When the drain runs out, the answer is cancelled and no reply pretends to know what became of it."""
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def stuck(raw: Raw) -> Reply:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    async with serving(stuck) as (server, dial):
        line = await dial()
        await line.send(b"GET / HTTP/1.1\r\n\r\n")
        await begun.wait()
        with structlog.testing.capture_logs() as events:
            await server.stop(drain=0.01)
        assert cancelled.is_set()
        assert events == [{"event": "drain_ran_out", "log_level": "warning", "connections": 1}]
        with contextlib.suppress(ConnectionError):
            assert await line.closed() == b""


async def test_connections_leave_nothing_behind() -> None:
    """A closed connection and its parser are let go at once, without waiting for a collection of circles."""

    def alive() -> int:
        return sum(isinstance(each, Connection | Framer) for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        async with serving() as (_, dial):
            line = await dial()
            assert (await line.ask(b"GET / HTTP/1.1\r\n\r\n")).status == 200
            assert alive() == 2
            line.writer.close()
            async with asyncio.timeout(10):
                while alive():
                    await asyncio.sleep(0.001)
    finally:
        gc.enable()


# --- proxies and TLS ------------------------------------------------------------------------------

LOCAL, TEN = ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("10.0.0.0/8")


@pytest.mark.parametrize(
    ("trusted", "headers", "peer", "secure"),
    [
        ([], "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n", "127.0.0.1", False),
        ([TEN], "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n", "127.0.0.1", False),
        ([LOCAL], "", "127.0.0.1", False),
        ([LOCAL], "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n", "203.0.113.7", True),
        ([LOCAL], "X-Forwarded-For: 198.51.100.1, 203.0.113.7\r\n", "203.0.113.7", False),
        ([LOCAL, TEN], "X-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.1.2.3\r\n", "203.0.113.7", False),
        ([LOCAL, TEN], "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 10.1.2.3,10.1.2.4\r\n", "203.0.113.7", False),
        ([LOCAL, TEN], "X-Forwarded-For: 10.0.0.9, 10.1.2.3\r\n", "10.0.0.9", False),
        ([LOCAL], "X-Forwarded-For: 203.0.113.7, unknown\r\n", "127.0.0.1", False),
        ([LOCAL, TEN], "X-Forwarded-For: 203.0.113.7, _hidden, 10.1.2.3\r\n", "10.1.2.3", False),
        ([LOCAL], "X-Forwarded-For: 203.0.113.7:5060\r\n", "203.0.113.7", False),
        ([LOCAL], "X-Forwarded-For: [2001:db8::7]:5060\r\n", "2001:db8::7", False),
        ([LOCAL], "X-Forwarded-For: 2001:DB8::7\r\n", "2001:db8::7", False),
        ([LOCAL], "X-Forwarded-For: ::ffff:203.0.113.7\r\n", "203.0.113.7", False),
        ([LOCAL], "X-Forwarded-Proto: https, http\r\n", "127.0.0.1", False),
    ],
)
async def test_who_is_behind_a_proxy(trusted: list[Network], headers: str, peer: str, secure: bool) -> None:
    """Only a trusted proxy is believed, and only what trusted proxies wrote."""
    async with serving(trusted_proxies=trusted) as (_, dial):
        told = (await (await dial()).ask(f"GET / HTTP/1.1\r\n{headers}\r\n".encode())).json
        assert (told["peer"], told["secure"]) == (peer, secure)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


async def test_tls(certificate: Path) -> None:
    """Requests come over TLS, refusals too; a client that speaks no TLS does not harm those that do."""
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate)
    theirs = ssl.create_default_context(cafile=str(certificate))
    async with serving(tls=ours) as (_, dial):
        plain = await dial()
        await plain.send(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"HTTP/" not in await plain.closed()
        line = await dial(theirs)
        assert (await line.ask(b"GET / HTTP/1.1\r\n\r\n")).json["secure"] is True
        assert (await line.ask(b"POST /?" + b"x" * 300_000 + b" HTTP/1.1\r\nContent-Length: 0\r\n\r\n")).json["query"] == 300_000
        heard = await line.ask(b"garbage\r\n\r\n")
        assert (heard.status, heard.headers["connection"]) == (400, "close")


# --- ASGI at the same address ---------------------------------------------------------------------


async def page(scope: Any, receive: Any, send: Any) -> None:
    """A page that says what it was asked, in two pieces."""
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-page", scope["path"].encode())]})
    await send({"type": "http.response.body", "body": scope["query_string"] + b"|", "more_body": True})
    await send({"type": "http.response.body", "body": body})


async def test_asgi_under_a_prefix() -> None:
    """A path under the prefix goes to uvicorn's protocol, connection and all; others stay here."""
    config, state = uvicorn.Config(page, http="httptools", ws="none", lifespan="off", log_config=None), ServerState()

    def make() -> asyncio.Protocol:
        return HttpToolsProtocol(config=config, server_state=state, app_state={})

    async with serving(elsewhere=Elsewhere(("/nowhere", "/console"), make)) as (server, dial):
        line = await dial()
        assert (await line.ask(b"GET /consul HTTP/1.1\r\n\r\n")).json["path"] == "/consul"
        await line.send(
            b"POST /console/a?b=c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n"
            b"GET /console/d?e HTTP/1.1\r\nHost: h\r\n\r\n"
        )
        for path, body in ((b"/console/a", b"b=c|xyz"), (b"/console/d", b"e|")):
            async with asyncio.timeout(10):
                heard = await line.reader.readuntil(b"\r\n0\r\n\r\n")
            assert b"x-page: " + path + b"\r\n" in heard
            assert b"".join(heard.partition(b"\r\n\r\n")[2].split(b"\r\n")[1:-2:2]) == body
        assert not server.connections
        line.writer.close()
