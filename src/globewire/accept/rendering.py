"""HTTP/1.1 as bytes: a reply's front and body, and a request written anew. What frames a message is said here and nowhere else."""

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from globewire.accept.framing import Asked
from globewire.values import dataclass
from globewire.wire.reply import Reply


@dataclass(frozen=True, slots=True)
class Rendered:
    """A reply as bytes: `front` is the status line and all headers but those that say whether the connection goes on."""

    front: bytes
    body: bytes


def rendered(reply: Reply) -> Rendered:
    """A reply as bytes, with Date and Content-Length. ValueError for a status that is none, or a header that would split."""
    lines = [b": ".join(pair) for pair in reply.headers if pair[0] not in _OURS]
    begin = _begin(reply.status, int(time.time()))
    front = b"\r\n".join((begin, b"content-length: %d" % len(reply.body), *lines, b""))
    if not front.count(b"\n") == front.count(b"\r") == len(lines) + 3:
        raise ValueError("a reply's header holds a line break")
    return Rendered(front, reply.body)


@lru_cache(maxsize=16)
def closing(last: bool, keep_alive: float) -> bytes:
    """The headers that say whether the connection goes on, and the empty line after them (contract 3.1)."""
    return b"connection: close\r\n\r\n" if last else b"connection: keep-alive\r\nkeep-alive: timeout=%d\r\n\r\n" % keep_alive


def request(asked: Asked) -> bytes:
    """A request as bytes again, its body counted where it was chunked."""
    target = asked.path.encode("latin-1") + (b"?" + asked.query if asked.query else b"")
    lines = b"".join(b"%b: %b\r\n" % pair for pair in asked.headers if pair[0] not in _REFRAMED)
    front = b"%b %b HTTP/1.1\r\n%bcontent-length: %d\r\n\r\n" % (asked.method.encode(), target, lines, len(asked.body))
    return front + asked.body


_OURS = frozenset({b"content-length", b"connection", b"keep-alive", b"date", b"transfer-encoding"})
_REFRAMED = frozenset({b"content-length", b"transfer-encoding", b"expect"})


@lru_cache(maxsize=8)
def _begin(status: int, second: int) -> bytes:
    """Status line and Date, which many replies of one second share."""
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ndate: {formatdate(second, usegmt=True)}".encode()
