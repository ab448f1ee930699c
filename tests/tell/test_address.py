"""No connection is ever opened to an address that callbacks may not go to, however it is spelt, resolved or re-resolved.

A listener on loopback counts the connections that reach it; the loop's own `sock_connect` is watched for those that go elsewhere,
and lets none of them out.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from globewire.tell import push
from globewire.tell.address import AddressRefused, Resolve, connected, system_resolve

PUBLIC = "8.8.8.8"
"""Allowed by the table; the watch refuses it before a packet leaves."""


@dataclass(slots=True)
class Listener:
    port: int
    connections: int = 0


@dataclass(slots=True)
class Names:
    """A resolver whose answers are used up from the front; the last one stays."""

    answers: list[list[str]]
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    """Listens on 127.0.0.1 and, where there is one, ::1, at the same port; answers every request with an acknowledgement."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n{"code":0}')
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    found = Listener(server.sockets[0].getsockname()[1])
    servers = [server]
    if socket.has_ipv6:
        with contextlib.suppress(OSError):  # a machine without IPv6: its cases are refused all the same
            servers.append(await asyncio.start_server(accept, "::1", found.port))
    yield found
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def connects(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that connects were tried to; any but loopback fails as on a machine without a network."""
    loop = asyncio.get_running_loop()
    real = loop.sock_connect
    tried: list[str] = []

    async def watched(sock: socket.socket, address: tuple[str, int]) -> None:
        tried.append(address[0])
        if address[0] not in ("127.0.0.1", "::1"):
            raise OSError(errno.ENETUNREACH, "no network in tests")
        await real(sock, address)

    monkeypatch.setattr(loop, "sock_connect", watched)
    return tried


async def reach(host: str, port: int, resolve: Resolve, private: bool = False) -> None:
    """Past the check of the URL, which would refuse most of these before a connection is thought of."""
    (await connected(host, port, resolve, private=private)).close()


async def push_to(url: str, resolve: Resolve, private: bool = False) -> push.PushResult:
    async with push.client(private=private, timeout=5, connections=4, resolve=resolve) as client:
        return await push.push(client, url, b"[]", {})


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::127.0.0.1",
        "fe80::1",
        "fe80::1%lo",
        "10.0.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "224.0.0.1",
    ],
)
async def test_a_literal_address_is_checked_at_the_socket(host: str, listener: Listener, connects: list[str]) -> None:
    """No resolver is asked for these, whatever it would say."""
    names = Names([["1.1.1.1"]])
    with pytest.raises(AddressRefused):
        await reach(host, listener.port, names.resolve)
    assert (names.asked, connects, listener.connections) == ([], [], 0)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost.", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.1", "017700000001", "0"]
)
async def test_spellings_that_the_system_resolves_to_loopback(host: str, listener: Listener, connects: list[str]) -> None:
    """Decimal, hexadecimal, octal and short spellings, resolved by the machine itself."""
    with ThreadPoolExecutor(1) as threads, pytest.raises(OSError):
        await reach(host, listener.port, system_resolve(threads))
    assert (connects, listener.connections) == ([], 0)


@pytest.mark.parametrize("host", ["１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1"])
async def test_spellings_that_idna_turns_into_loopback(host: str, listener: Listener, connects: list[str]) -> None:
    with ThreadPoolExecutor(1) as threads, pytest.raises((OSError, ValueError)):
        await reach(host, listener.port, system_resolve(threads))
    assert (connects, listener.connections) == ([], 0)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1", "10.1.1.1", "192.168.0.1", "172.16.0.1", "169.254.169.254", "fe80::1%2",
     "fd00::1", "64:ff9b::a00:1", "0.0.0.0", "::", "100.64.0.1"],
)  # fmt: skip
async def test_a_name_with_such_an_address(address: str, listener: Listener, connects: list[str]) -> None:
    names = Names([[address]])
    result = await push_to(f"http://shop.example:{listener.port}/", names.resolve)
    assert (result.acknowledged, result.status, result.reason) == (False, 0, "the address is not one that callbacks may go to")
    assert (names.asked, connects, listener.connections) == (["shop.example"], [], 0)


async def test_a_name_with_mixed_addresses_is_reached_by_the_allowed_ones_only(listener: Listener, connects: list[str]) -> None:
    names = Names([["127.0.0.1", PUBLIC, "::1", "10.0.0.1", "2606:4700:4700::1111"]])
    result = await push_to(f"http://shop.example:{listener.port}/", names.resolve)
    assert (result.acknowledged, result.reason) == (False, "no connection")
    assert sorted(set(connects)) == ["2606:4700:4700::1111", PUBLIC]
    assert listener.connections == 0


async def test_a_name_that_is_rebound_between_questions_reaches_nothing(listener: Listener, connects: list[str]) -> None:
    """Public at first, loopback ever after: each push asks once and connects to what it was then told, or not at all."""
    names = Names([[PUBLIC], ["127.0.0.1"]])
    async with push.client(private=False, timeout=5, connections=4, resolve=names.resolve) as client:
        results = [await push.push(client, f"http://shop.example:{listener.port}/", b"[]", {}) for _ in range(4)]
    assert [result.reason for result in results] == ["no connection"] + ["the address is not one that callbacks may go to"] * 3
    assert (len(names.asked), connects, listener.connections) == (4, [PUBLIC], 0)


async def test_a_name_without_addresses_or_that_does_not_resolve(connects: list[str]) -> None:
    async def fails(host: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert (await push_to("http://shop.example/", fails)).reason == "no connection"
    assert (await push_to("http://shop.example/", Names([[]]).resolve)).reason == "no connection"
    assert connects == []


@pytest.mark.parametrize("host", ["127.0.0.1", "shop.example"])
async def test_loopback_where_the_configuration_allows_it(host: str, listener: Listener, connects: list[str]) -> None:
    result = await push_to(f"http://{host}:{listener.port}/", Names([["127.0.0.1"]]).resolve, private=True)
    assert (result.status, result.acknowledged) == (200, True)
    assert (connects, listener.connections) == (["127.0.0.1"], 1)


async def test_metadata_services_even_then(connects: list[str]) -> None:
    for address in ("169.254.169.254", "100.100.100.200", "fd00:ec2::254", "168.63.129.16", "::ffff:169.254.169.254"):
        assert "callbacks may go to" in (await push_to("http://shop.example/", Names([[address]]).resolve, private=True)).reason
    assert connects == []


async def test_the_system_resolver_gives_numeric_addresses() -> None:
    with ThreadPoolExecutor(1) as threads:
        found = await system_resolve(threads)("localhost")
    assert set(found) <= {"127.0.0.1", "::1"} and found
