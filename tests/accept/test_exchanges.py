"""The ring of exchanges: bounded by count and by octets, read only when looked at; and as a server fills it."""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest

from globewire.accept.exchanges import EACH, LARGEST, OCTETS, Ring
from globewire.accept.rendering import Rendered
from globewire.accept.server import Limits, Server
from globewire.message import Millis
from globewire.wire.reply import Reply
from globewire.wire.request import Raw
from wire.asking import AT, v3

TO = {"To": "8521245567890", "Message": "Hello"}


def ring(most: int = 10) -> Ring:
    clock: Iterator[int] = count(AT)
    return Ring(most, now=lambda: Millis(next(clock)), account_of=lambda key: f"of {key}")


def rendered(request_id: str, code: str = "OK", more: bytes = b"") -> Rendered:
    front = f"HTTP/1.1 200 OK\r\nx-acs-request-id: {request_id}\r\n".encode()
    return Rendered(front, b'{"ResponseCode":"%b"}' % code.encode() + more)


def keep(kept: Ring, request_id: str, code: str = "OK", raw: Raw | None = None, more: bytes = b"") -> None:
    kept.keep(raw or v3(TO), rendered(request_id, code, more), kept.begin())


def ids(kept: Ring, most: int = 100, refused: bool = False) -> list[str]:
    return [exchange.request_id for exchange in kept.latest(most, refused=refused)]


def test_the_newest_come_first() -> None:
    """All, some, or only what was refused; each by its RequestId."""
    kept = ring()
    for number in range(4):
        keep(kept, f"R-{number}", "OK" if number % 2 else "INVALID_PARAMETERS")
    assert ids(kept) == ["R-3", "R-2", "R-1", "R-0"]
    assert ids(kept, 2) == ["R-3", "R-2"]
    assert ids(kept, refused=True) == ["R-2", "R-0"]
    found = kept.find("R-2")
    assert found is not None
    assert (found.code, found.account, found.took, found.raw) == ("INVALID_PARAMETERS", "of testid", 1, v3(TO))
    assert kept.find("R-9") is None
    assert kept.find("R") is None


def test_old_ones_make_room() -> None:
    """By count."""
    kept = ring(3)
    for number in range(10):
        keep(kept, f"R-{number}")
    assert ids(kept) == ["R-9", "R-8", "R-7"]


def test_large_ones_make_room_too() -> None:
    """By octets; and one that is too large by itself drives nobody out."""
    kept = ring(1000)
    half = b"x" * (LARGEST - EACH - 1000)
    for number in range(12):
        keep(kept, f"R-{number}", more=half)
    assert ids(kept) == [f"R-{number}" for number in range(11, 11 - OCTETS // LARGEST, -1)]
    keep(kept, "too large", more=b"x" * LARGEST)
    keep(kept, "too long", raw=Raw("GET", "/", b"x" * LARGEST, (), b"", "", False))
    assert ids(kept)[0] == "R-11"


def test_none_are_kept_where_none_are_wanted() -> None:
    """With 0."""
    kept = ring(0)
    keep(kept, "R-1")
    assert ids(kept) == []


@pytest.mark.parametrize("request_id", ["", "\u4f60", "R-1\r\n", "'"])
def test_no_such_id(request_id: str) -> None:
    """Whatever is asked for."""
    kept = ring()
    keep(kept, "R-1")
    assert kept.find(request_id) is None


async def test_a_server_keeps_what_comes_and_goes() -> None:
    """Answers, a failure of the house's own, and what is no request at all."""
    kept = ring()

    async def answer(raw: Raw) -> Reply:
        if raw.query == b"fail":
            raise ValueError
        return Reply(200, ((b"x-acs-request-id", b"R-1"),), b'{"ResponseCode":"OK"}')

    server = Server(answer, host="127.0.0.1", port=0, request_id=lambda: "R-2", limits=Limits(line=1000), exchanges=kept)
    host, port = await server.start()
    try:
        for target in ("/?a=b", "/?fail", f"/?{'x' * 2000}"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET {target} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n".encode())
            came = await reader.read()
            writer.close()
            (newest,) = kept.latest(1)
            assert newest.front + b"connection: close\r\n\r\n" + newest.body == came
    finally:
        await server.stop(1)
    assert [(exchange.status, exchange.code) for exchange in kept.latest(9)] == [
        (413, "RequestTooLarge"),
        (500, "InternalError"),
        (200, "OK"),
    ]
