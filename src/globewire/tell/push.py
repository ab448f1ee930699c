"""One push over HTTP: POST, read a bounded answer within the time, say what came of it.

Redirects are not followed, cookies and proxies from the environment are not used, TLS certificates are verified, and every
address is checked as it is connected to (`tell.address`). Knows nothing of queues and other tries.
"""

import re
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import lru_cache
from urllib.parse import quote, urlsplit

from globewire.tell.address import AddressRefused, Resolve, system_resolve
from globewire.tell.answer import ANSWER_LENGTH, AnswerFault
from globewire.tell.line import Answer, Closed
from globewire.tell.lines import Lines, Origin
from globewire.values import dataclass
from globewire.verdict import endpoint
from globewire.wire import callback


@dataclass(frozen=True, slots=True)
class PushResult:
    """What came of a push: the HTTP status (0 where no answer came), the reason in words, the time in milliseconds, and how the
    answer begins."""

    status: int
    acknowledged: bool
    reason: str
    took: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """Connections for pushes, whether they may go to private and loopback addresses, and how many seconds a push may take."""

    lines: Lines
    private: bool
    timeout: float


@asynccontextmanager
async def client(*, private: bool, timeout: float, connections: int, resolve: Resolve | None = None) -> AsyncIterator[Client]:
    """A client for as many pushes at once as there are `connections`, each of which takes `timeout` seconds at most. `resolve`
    stands in for the machine's own resolver."""
    threads = ThreadPoolExecutor(2 * connections, "tell-resolver")  # a name that hangs outlives its push
    lines = Lines(resolve or system_resolve(threads), private=private, most=connections)
    try:
        yield Client(lines, private, timeout)
    finally:
        lines.close()
        threads.shutdown(wait=False, cancel_futures=True)


async def push(client: Client, url: str, content: bytes, headers: Mapping[str, str]) -> PushResult:
    """POST `content` to `url` and judge the answer. Every failure is a result; nothing is raised."""
    started = time.monotonic()
    status, said, place = 0, b"", _place(url, client.private)
    if isinstance(place, str):
        reason = place
    else:
        try:
            answer = await client.lines.ask(place.origin, _request(place, content, headers), client.timeout)
            status, reason, said = answer.status, _judged(answer), answer.body
        except (OSError, AnswerFault, ValueError) as fault:
            reason = _reason(fault)
    took = round((time.monotonic() - started) * 1000)
    return PushResult(status, reason == ACKNOWLEDGED, reason, took, callback.beginning(said))


ACKNOWLEDGED = "acknowledged"


def _judged(answer: Answer) -> str:
    """Whether it acknowledges, in words."""
    if answer.status != 200:
        redirected = 300 <= answer.status < 400
        return "redirected, which is not followed" if redirected else f"HTTP {answer.status}"
    if len(answer.body) > ANSWER_LENGTH:
        return f"HTTP 200 with more than {ANSWER_LENGTH} bytes"
    return ACKNOWLEDGED if callback.acknowledged(200, answer.body) else 'HTTP 200 without {"code": <number>} in the body'


def _reason(fault: Exception) -> str:
    """Why no answer came, in our words: an exception's own text may hold the URL and what the other side wrote."""
    match fault:
        case TimeoutError():
            return "no answer in time"
        case AddressRefused():
            return "the address is not one that callbacks may go to"
        case ssl.SSLCertVerificationError():
            return "the TLS certificate is not valid"
        case ssl.SSLError():
            return "TLS failed"
        case Closed():
            return "the connection was closed before an answer"
        case OSError():
            return "no connection"
        case _:
            return "the answer is not HTTP or broke off"


# --- what is sent ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a URL leads, and how each request to it begins."""

    origin: Origin
    head: str


_HEAD = """\
POST {target} HTTP/1.1\r
Host: {host}\r
User-Agent: Globewire\r
Accept: application/json\r
Accept-Encoding: identity\r
"""
"""An answer that unpacks to gigabytes is not worth having: nothing is asked for compressed, nothing is unpacked."""
_BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


@lru_cache(maxsize=16_384)
def _place(url: str, private: bool) -> _Place | str:
    """Where a URL leads, or what is wrong with it."""
    if fault := endpoint.fault(url, private):
        return fault
    server = endpoint.server_of(url)
    origin, host = _origin(server)
    path, _, query = url[len(server) :].partition("#")[0].partition("?")
    asked = f"?{query}" if query else ""
    target = quote(_BARE_PERCENT.sub("%25", (path or "/") + asked), safe="!$%&'()*+,-./:;=?@_~")
    return _Place(origin, _HEAD.format(target=target, host=host))


@lru_cache(maxsize=4096)
def _origin(server: str) -> tuple[Origin, str]:
    """Where connections go, and what the Host header says: once for all endpoints of a server."""
    split = urlsplit(server)
    host, port, tls = split.hostname or "", split.port, split.scheme == "https"
    named = f"[{host}]" if ":" in host else host
    return Origin(host, port or (443 if tls else 80), tls), named if port is None else f"{named}:{port}"


def _request(place: _Place, content: bytes, headers: Mapping[str, str]) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"{place.head}{lines}Content-Length: {len(content)}\r\n\r\n".encode() + content
