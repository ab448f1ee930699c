"""One push to real servers on loopback, the odd ones that are met in the field among them."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from globewire.tell import line, lines
from globewire.tell.push import Client, PushResult, client, push
from tell.certificates import certified

TAKEN = b'{"code":0}'
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + TAKEN
ACKNOWLEDGED = (200, True, "acknowledged")
Saying = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a server does on a connection once it has read a request: it says something, and it may hang up."""


@dataclass(slots=True)
class Server:
    """Reads whole requests, and does with each as it was told; `heard` are the requests of each connection."""

    says: list[Saying]
    port: int = 0
    heard: list[list[bytes]] = field(default_factory=list)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine: list[bytes] = []
        self.heard.append(mine)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                mine.append(head + await reader.readexactly(length))
                say = self.says.pop(0) if len(self.says) > 1 else self.says[0]
                await say(reader, writer)
        writer.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/push"


@asynccontextmanager
async def serving(*says: Saying, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(list(says))
    async with await asyncio.start_server(server.accept, "127.0.0.1", 0, ssl=tls) as listener:
        server.port = listener.sockets[0].getsockname()[1]
        yield server


def bytes_of(*pieces: bytes, close: bool = False) -> Saying:
    """These, one after another."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001 if len(pieces) > 1 else 0)
        if close:
            raise ConnectionError

    return say


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hang up with a reset."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionError


def silence(*pieces: bytes) -> Saying:
    """These, and then not a word."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.writelines(pieces)
        await reader.read()

    return say


def endless(piece: bytes) -> Saying:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    return say


@asynccontextmanager
async def pushing(timeout: float = 5.0, connections: int = 4) -> AsyncIterator[Client]:
    async def resolve(host: str) -> Sequence[str]:
        return ["127.0.0.1"]

    async with client(private=True, timeout=timeout, connections=connections, resolve=resolve) as found:
        yield found


async def pushed(server: Server, timeout: float = 5.0) -> PushResult:
    async with pushing(timeout) as found:
        return await push(found, server.url, b"[]", {})


def short(result: PushResult) -> tuple[int, bool, str]:
    return result.status, result.acknowledged, result.reason


CHUNKED = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\n{"co\r\n6 \r\nde":0}\r\n0\r\nT: t\r\n\r\n'


@pytest.mark.parametrize(
    "say",
    [
        bytes_of(GOOD),
        bytes_of(*(GOOD[n : n + 1] for n in range(len(GOOD)))),
        bytes_of(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", GOOD),
        bytes_of(CHUNKED),
        bytes_of(*(CHUNKED[n : n + 3] for n in range(0, len(CHUNKED), 3))),
        bytes_of(b"HTTP/1.1 200 OK\r\n\r\n" + TAKEN, close=True),
        bytes_of(b"HTTP/1.0 200 OK\r\n\r\n", TAKEN, close=True),
        bytes_of(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 10\r\n\r\n" + TAKEN),
        bytes_of(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\n" + TAKEN),
        bytes_of(b"HTTP/1.1 200 OK\nContent-Length: 10\n\n" + TAKEN),
        bytes_of(b"HTTP/1.1 200 \r\ncontent-length:10\r\nSet-Cookie: a=b\r\n\r\n" + TAKEN),
    ],
)
async def test_answers_that_acknowledge(say: Saying) -> None:
    """However they are framed and cut; and a second push is taken as well, on the same connection or on another one."""
    async with serving(say) as server, pushing() as found:
        for _ in range(2):
            assert short(await push(found, server.url, b"[]", {})) == ACKNOWLEDGED
        assert not any(b"cookie" in request.lower() for requests in server.heard for request in requests)


NOT_HTTP = "the answer is not HTTP or broke off"


@pytest.mark.parametrize(
    ("say", "status", "reason"),
    [
        (bytes_of(b"SSH-2.0-OpenSSH_9.6\r\n"), 0, NOT_HTTP),
        (bytes_of(b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n"), 0, NOT_HTTP),
        (bytes_of(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + TAKEN, close=True), 0, NOT_HTTP),
        (bytes_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n" + TAKEN, close=True), 0, NOT_HTTP),
        (bytes_of(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"), 0, NOT_HTTP),
        (endless(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 9000), 0, NOT_HTTP),
        (endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 100), 0, NOT_HTTP),
        (bytes_of(b"HTTP/1.1 200 OK\r\n", close=True), 0, "the connection was closed before an answer"),
        (bytes_of(close=True), 0, "the connection was closed before an answer"),
        (reset, 0, "the connection was closed before an answer"),
        (bytes_of(b"HTTP/1.1 304 Not Modified\r\n\r\n"), 304, "redirected, which is not followed"),
        (bytes_of(b"HTTP/1.1 500 No\r\nContent-Length: 90\r\n\r\nSorry", close=True), 500, "HTTP 500"),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 9000), 200, "HTTP 200 with more than 65536 bytes"),
        (bytes_of(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"), 200,
         'HTTP 200 without {"code": <number>} in the body'),
    ],
)  # fmt: skip
async def test_answers_that_do_not(say: Saying, status: int, reason: str) -> None:
    async with serving(say) as server:
        assert short(await pushed(server)) == (status, False, reason)
        assert [len(requests) for requests in server.heard] == [1]


async def test_a_page_that_refuses_is_waited_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its beginning is shown, whatever else would come."""
    monkeypatch.setattr(line, "SOON", 0.05)
    async with serving(silence(b"HTTP/1.1 503 Busy\r\nContent-Length: 90\r\n\r\n<h1>Come", b" again</h1>")) as server:
        result = await pushed(server)
        assert (short(result), result.said) == ((503, False, "HTTP 503"), "<h1>Come again</h1>")
    async with serving(endless(b"HTTP/1.1 404 No\r\n\r\n" + b"page " * 300)) as server:
        result = await pushed(server)
        assert (short(result), result.said) == ((404, False, "HTTP 404"), "page " * 40)


@pytest.mark.parametrize("say", [silence(), silence(GOOD[:20]), silence(GOOD[:-1]), endless(b"HTTP/1.1 100 Continue\r\n\r\n")])
async def test_no_answer_in_time(say: Saying) -> None:
    async with serving(say) as server:
        assert short(await pushed(server, timeout=0.1)) == (0, False, "no answer in time")


async def test_a_request_as_it_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the proxies that the environment names; what a URL may not hold is written as the RFC has it."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    async with serving(bytes_of(GOOD)) as server, pushing() as found:
        url = f"http://Shop.Example:{server.port}/a%20b/{{c}}%?d=<e>&f=%zz#g"
        assert short(await push(found, url, b'[{"a":1}]', {"Content-Type": "x", "x-globewire-timestamp": "7"})) == ACKNOWLEDGED
        assert short(await push(found, f"http://shop.example:{server.port}?q", b"[]", {})) == ACKNOWLEDGED
        ((first, second),) = server.heard
        assert first == (
            b"POST /a%%20b/%%7Bc%%7D%%25?d=%%3Ce%%3E&f=%%25zz HTTP/1.1\r\nHost: shop.example:%d\r\nUser-Agent: Globewire\r\n"
            b"Accept: application/json\r\nAccept-Encoding: identity\r\nContent-Type: x\r\nx-globewire-timestamp: 7\r\n"
            b'Content-Length: 9\r\n\r\n[{"a":1}]' % server.port
        )
        assert second.startswith(b"POST /?q HTTP/1.1\r\n")


# --- connections that are kept -----------------------------------------------------------------------------------------


async def test_a_connection_serves_pushes_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it has been idle for long; another server gets its own."""
    async with serving(bytes_of(GOOD)) as server, serving(bytes_of(GOOD)) as other, pushing() as found:
        for url in (server.url, other.url, server.url, server.url + "/elsewhere"):
            assert short(await push(found, url, b"[]", {})) == ACKNOWLEDGED
        assert ([len(requests) for requests in server.heard], [len(requests) for requests in other.heard]) == ([3], [1])
        monkeypatch.setattr(line, "KEEP_ALIVE", 0.01)
        await push(found, server.url, b"[]", {})
        await asyncio.sleep(0.1)
        await push(found, server.url, b"[]", {})
        assert [len(requests) for requests in server.heard] == [4, 1]


async def test_pushes_at_once_have_a_connection_each_and_few_are_kept() -> None:
    async with serving(bytes_of(GOOD)) as server, pushing(connections=2) as found:
        for _ in range(2):
            results = await asyncio.gather(*(push(found, server.url, b"[]", {}) for _ in range(5)))
            assert {short(result) for result in results} == {ACKNOWLEDGED}
        assert sorted(len(requests) for requests in server.heard) == [1] * 6 + [2] * 2


@pytest.mark.parametrize("hang_up", [bytes_of(close=True), reset])
async def test_a_kept_connection_that_hangs_up_is_replaced_once(hang_up: Saying) -> None:
    async with serving(bytes_of(GOOD), hang_up, bytes_of(GOOD), hang_up, hang_up, bytes_of(GOOD)) as server, pushing() as found:
        assert short(await push(found, server.url, b"1", {})) == ACKNOWLEDGED
        assert short(await push(found, server.url, b"2", {})) == ACKNOWLEDGED
        closed = (0, False, "the connection was closed before an answer")
        assert short(await push(found, server.url, b"3", {})) == closed
        assert [[request[-1:] for request in requests] for requests in server.heard] == [[b"1", b"2"], [b"2", b"3"], [b"3"]]


@pytest.mark.parametrize("more", [b"HTTP/1.1 500 Not asked for\r\n\r\n", b"x"])
async def test_what_nobody_asked_for_is_no_answer_to_the_next(more: bytes) -> None:
    """Said at once with an answer, or while the connection is idle."""

    async def then(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GOOD)
        await asyncio.sleep(0.05)
        writer.write(more)

    async with serving(bytes_of(GOOD + more), then, bytes_of(GOOD)) as server, pushing() as found:
        for _ in range(3):
            assert short(await push(found, server.url, b"[]", {})) == ACKNOWLEDGED
            await asyncio.sleep(0.1)
        assert [len(requests) for requests in server.heard] == [1, 1, 1]


async def test_a_push_that_is_given_up_takes_its_connection_along() -> None:
    """Its late answer is nobody else's."""
    async with serving(bytes_of(GOOD), silence(), bytes_of(GOOD)) as server, pushing() as found:
        assert short(await push(found, server.url, b"1", {})) == ACKNOWLEDGED
        given_up = asyncio.create_task(push(found, server.url, b"2", {}))
        while len(server.heard[0]) < 2:
            await asyncio.sleep(0.001)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert short(await push(found, server.url, b"3", {})) == ACKNOWLEDGED
        assert len(server.heard) == 2


async def test_nothing_is_kept_of_servers_that_are_not_pushed_to_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "KEEP_ALIVE", 0.01)
    kept = lines.Lines(lambda host: asyncio.sleep(0, ["127.0.0.1"]), private=True, most=3)
    async with serving(bytes_of(GOOD)) as server:
        for n in range(20):
            request = b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"
            assert (await kept.ask(lines.Origin(f"shop{n}", server.port, False), request, 5.0)).status == 200
        assert (len(kept._idle), len(kept._of)) == (3, 3)
        kept.close()


# --- TLS ---------------------------------------------------------------------------------------------------------------


async def test_a_certificate_is_verified_and_must_name_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the machine's trust, and the name in the URL, not the one that a resolver gives."""
    tls = certified(tmp_path, "shop.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    async with serving(bytes_of(GOOD), tls=tls) as server, pushing() as found:
        for _ in range(2):
            assert short(await push(found, f"https://shop.example:{server.port}/", b"[]", {})) == ACKNOWLEDGED
        wrong = await push(found, f"https://other.example:{server.port}/", b"[]", {})
        assert short(wrong) == (0, False, "the TLS certificate is not valid")
        assert [len(requests) for requests in server.heard] == [2]


async def test_a_server_that_hangs_up_in_the_handshake() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server, pushing() as found:
        result = await push(found, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/", b"[]", {})
        assert short(result) in {(0, False, "no connection"), (0, False, "TLS failed")}


async def test_a_handshake_that_is_never_answered_leaves_no_socket_behind() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        closed.append(writer)
        writer.close()

    closed: list[asyncio.StreamWriter] = []
    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server, pushing(timeout=0.1) as found:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for _ in range(3):
            assert short(await push(found, url, b"[]", {})) == (0, False, "no answer in time")
        async with asyncio.timeout(5):
            while len(closed) < 3:
                await asyncio.sleep(0.01)
