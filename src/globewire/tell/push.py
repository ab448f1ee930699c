"""One push over HTTP: POST, read a bounded answer within the time, say what came of it.

Redirects are not followed, cookies and proxies from the environment are not used, TLS certificates are verified, and every
address is checked as it is connected to (`tell.address`). Knows nothing of queues and other tries.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientError,
    ClientOSError,
    ClientResponse,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    DummyCookieJar,
    ServerDisconnectedError,
    TraceConfig,
    TraceConnectionReuseconnParams,
)

from globewire.tell.address import AddressRefused, Resolve, connector, system_resolve
from globewire.values import dataclass
from globewire.verdict import endpoint
from globewire.wire import callback

ANSWER_LENGTH = 64 * 1024
"""Bytes of an answer that are read; a longer one does not acknowledge."""
ENOUGH, SOON = 1024, 1.0
"""Bytes that are read of an answer that refuses, and for how many seconds."""
STALE = 3
"""Sends of one push at most, where a kept connection turns out to have been closed by the other side meanwhile."""


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
    """An HTTP session for pushes, and whether it may go to private and loopback addresses."""

    session: ClientSession
    private: bool


@dataclass(slots=True)
class _Trip:
    reused: bool = False


@asynccontextmanager
async def client(*, private: bool, timeout: float, connections: int, resolve: Resolve | None = None) -> AsyncIterator[Client]:
    """A client whose pushes take `timeout` seconds at most. `resolve` stands in for the machine's own resolver."""
    threads = ThreadPoolExecutor(2 * connections, "tell-resolver")  # a name that hangs outlives its push
    trace = TraceConfig()
    trace.on_connection_reuseconn.append(_note_reuse)
    session = ClientSession(
        connector=connector(resolve or system_resolve(threads), private=private, connections=connections),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=timeout),
        # An answer that unpacks to gigabytes is not worth having: nothing is asked for compressed, nothing is unpacked.
        headers={"User-Agent": "Globewire", "Accept": "application/json", "Accept-Encoding": "identity"},
        auto_decompress=False,
        trust_env=False,
        trace_configs=[trace],
    )
    try:
        async with session:
            yield Client(session, private)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


async def push(client: Client, url: str, content: bytes, headers: dict[str, str]) -> PushResult:
    """POST `content` to `url` and judge the answer. Every failure is a result; nothing is raised."""
    started = time.monotonic()
    status, reason, said = 0, endpoint.fault(url, client.private), b""
    if not reason:
        try:
            status, reason, said = await _post(client.session, url, content, headers)
        except (ClientError, OSError, ValueError) as fault:
            reason = _reason(fault)
    took = round((time.monotonic() - started) * 1000)
    return PushResult(status, reason == ACKNOWLEDGED, reason, took, callback.beginning(said))


ACKNOWLEDGED = "acknowledged"


async def _post(session: ClientSession, url: str, content: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
    """Send, again at once where a kept connection was closed under us: that is no refusal, so it must not cost a minute."""
    sends = 0
    while True:
        sends += 1
        trip = _Trip()
        try:
            async with session.post(url, data=content, headers=headers, allow_redirects=False, trace_request_ctx=trip) as response:
                return response.status, *await _judge(response)
        except (ServerDisconnectedError, ClientOSError):
            if not trip.reused or sends == STALE:
                raise


async def _judge(response: ClientResponse) -> tuple[str, bytes]:
    """Whether it acknowledges, in words, and how it begins."""
    if response.status != 200:
        redirected = 300 <= response.status < 400
        return "redirected, which is not followed" if redirected else f"HTTP {response.status}", await _beginning(response)
    try:
        whole = await response.content.readexactly(ANSWER_LENGTH + 1)
    except asyncio.IncompleteReadError as end:
        if callback.acknowledged(response.status, end.partial):
            return ACKNOWLEDGED, end.partial
        return 'HTTP 200 without {"code": <number>} in the body', end.partial
    return f"HTTP 200 with more than {ANSWER_LENGTH} bytes", whole


async def _beginning(response: ClientResponse) -> bytes:
    """What comes soon of an answer that refuses already, whatever else it holds."""
    read = b""
    with suppress(ClientError, OSError):  # TimeoutError is one: what came until then is enough
        async with asyncio.timeout(SOON):
            while len(read) < ENOUGH and (more := await response.content.read(ENOUGH - len(read))):
                read += more
    return read


def _reason(fault: Exception) -> str:
    """Why no answer came, in our words: an exception's own text may hold the URL and what the other side wrote."""
    match fault:
        case TimeoutError():
            return "no answer in time"
        case ClientConnectorError(os_error=AddressRefused()):
            return "the address is not one that callbacks may go to"
        case ClientConnectorCertificateError():
            return "the TLS certificate is not valid"
        case ClientSSLError():
            return "TLS failed"
        case ClientConnectorError():
            return "no connection"
        case ServerDisconnectedError() | ClientOSError():
            return "the connection was closed before an answer"
        case _:
            return "the answer is not HTTP or broke off"


async def _note_reuse(session: ClientSession, context: SimpleNamespace, params: TraceConnectionReuseconnParams) -> None:
    context.trace_request_ctx.reused = True
