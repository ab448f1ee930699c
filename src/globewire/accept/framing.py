"""Where one request ends and the next begins: bytes in, requests out, each within its limits. It touches no socket.

llhttp (in httptools) reads the grammar, strictly; this adds the limits that it lacks, and what to say when they are passed.
Its own refusals are rows of `errors`, never text for a log. After one, and after a request that closes the connection, it
is deaf: what follows is dropped.
"""

from enum import Enum

import httptools

from globewire.errors import INTERNAL_ERROR, MALFORMED_REQUEST, METHOD, REQUEST_TIMEOUT, REQUEST_TOO_LARGE, Refused, refuse
from globewire.values import dataclass

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client may ask of the server. Bytes: of the request line, of all headers, of the body. Seconds: for the head
    from its first byte, for the body after it, and for a connection to idle. `connections` may be open at once.

    A batch of 1,000 long texts comes in the request line (contract 2.5), which is why that may be as long as a body.
    """

    line: int = 24 * 1024 * 1024
    headers: int = 64 * 1024
    body: int = 8 * 1024 * 1024
    header_timeout: float = 20.0
    body_timeout: float = 30.0
    keep_alive: float = 25.0
    connections: int = 10_000


@dataclass(slots=True)
class Asked:
    """A request, or as much as came of one that is refused. `last`: nothing more will be read on this connection.

    Not frozen, for speed: nobody changes it.
    """

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes
    last: bool
    refused: Refused | None = None


class Phase(Enum):
    """What the next byte belongs to."""

    IDLE = "between requests"
    HEAD = "a request line or headers"
    BODY = "a body"
    DEAF = "nothing that matters"


_HEAD, _BODY, _DEAF = Phase.HEAD, Phase.BODY, Phase.DEAF  # an enum's member takes twice as long to look up, at every header
_HEEDED = frozenset({b"expect", b"content-length"})


class Framer:
    """One connection's reader. `mark` changes whenever a phase begins; `expects` says that the client waits for 100 Continue."""

    __slots__ = (
        "_asked",
        "_body",
        "_counted",
        "_headers",
        "_limits",
        "_line",
        "_most",
        "_parser",
        "_unfinished",
        "_url",
        "expects",
        "mark",
        "phase",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits, self._most = limits, limits.headers
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._asked: list[Asked] = []
        self.phase = Phase.IDLE
        self.expects = False
        self.mark = 0
        self._begin()

    def feed(self, data: bytes) -> list[Asked]:
        """The requests that `data` completes, in order; the last of them may be a refusal."""
        mark, counted = self.mark, self._counted
        rest: bytes | memoryview = data
        while rest and self.phase is not _DEAF:
            rest = self._step(rest)
        if self.mark == mark and self._counted == counted and self.phase is not _DEAF:
            self._unfinished += len(data)
            if self._unfinished > self._limits.headers:
                self._refuse(refuse(REQUEST_TOO_LARGE, f"more than {self._limits.headers} bytes of a header or a chunk's line"))
        asked, self._asked = self._asked, []
        return asked

    def expire(self) -> list[Asked]:
        """The refusal of a request that did not arrive in time."""
        self._refuse(refuse(REQUEST_TIMEOUT))
        asked, self._asked = self._asked, []
        return asked

    def close(self) -> None:
        """Let go of the parser, which holds this object in a circle."""
        self.phase = _DEAF
        self._parser = None

    # --- feeding the parser -----------------------------------------------------------------------

    def _step(self, data: bytes | memoryview) -> bytes | memoryview:
        """Parse; what is left over where an upgrade was asked for and passed over."""
        parser = self._parser
        if parser is None:
            return b""
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self.phase is _HEAD:
                self._upgrade(self._method(), parser.get_http_version())
            else:
                self._refuse(refuse(MALFORMED_REQUEST, "it asks for an upgrade out of place"))
            return memoryview(data)[upgrade.args[0] :]
        except httptools.HttpParserInvalidMethodError:
            self._refuse(refuse(METHOD))
        except httptools.HttpParserCallbackError:
            self._refuse(refuse(INTERNAL_ERROR))
        except httptools.HttpParserError as fault:
            self._refuse(refuse(MALFORMED_REQUEST, str(fault).rstrip(".")))
        return b""

    def _upgrade(self, method: str, version: str) -> None:
        """A request that would change the protocol: refused, except where it may go on as it is (RFC 9110 section 7.8).

        Java's HttpClient offers h2c with each first request, and puts up with HTTP/1.1: a fresh parser is given the same head
        without the offer, since llhttp takes even a body after it for another protocol's.
        """
        wanted = b",".join(value.lower() for name, value in self._headers if name == b"upgrade")
        if method == "CONNECT" or not wanted:
            self._refuse(refuse(METHOD))
        elif b"websocket" in wanted:
            self._refuse(refuse(MALFORMED_REQUEST, "it asks for a WebSocket, and none is spoken here"))
        else:
            kept = b"".join(b"%b: %b\r\n" % pair for pair in self._headers if pair[0] != b"upgrade")
            head = b"%b %b HTTP/%b\r\n%b\r\n" % (method.encode(), b"".join(self._url), version.encode(), kept)
            self._parser = httptools.HttpRequestParser(self)
            self._begin()
            self.phase = Phase.IDLE
            self._step(head)

    # --- what the parser calls --------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request's first byte."""
        if self.phase is not _DEAF:
            self.phase = _HEAD
            self.mark += 1
            self._unfinished = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        if self.phase is _HEAD:
            self._line += len(url)
            self._counted += len(url)
            self._url.append(url)
            if self._line > self._limits.line:
                self._refuse(refuse(REQUEST_TOO_LARGE, f"its line has more than {self._limits.line} bytes"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; after a chunked body a trailer, which is dropped since nothing may be smuggled in behind the checks."""
        if self.phase is _HEAD:
            name = name.lower()
            self._headers.append((name, value))
            self._counted += len(name) + len(value) + 4
            if self._counted - self._line > self._most:
                self._refuse(refuse(REQUEST_TOO_LARGE, f"its headers have more than {self._most} bytes"))
            elif name in _HEEDED:
                self._heed(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        parser = self._parser
        if self.phase is not _HEAD or parser is None or parser.should_upgrade():
            return
        self.expects = self.expects and parser.get_http_version() == "1.1"
        self.phase = _BODY
        self.mark += 1
        self._counted = self._unfinished = 0

    def on_body(self, body: bytes) -> None:
        """A piece of the body, whatever its transfer coding was."""
        if self.phase is _BODY:
            self.expects = False
            self._counted += len(body)
            self._body.append(body)
            if self._counted > self._limits.body:
                self._refuse(refuse(REQUEST_TOO_LARGE, f"its body has more than {self._limits.body} bytes"))

    def on_message_complete(self) -> None:
        """The request is whole."""
        parser = self._parser
        if self.phase is not _BODY or parser is None:
            return
        last = not parser.should_keep_alive()
        self._asked.append(self._take(last, None))
        self._begin()
        self.phase = _DEAF if last else Phase.IDLE

    def _heed(self, name: bytes, value: bytes) -> None:
        if name == b"expect":
            if value.lower() == b"100-continue":
                self.expects = True
        elif len(value) > 20 or int(value) > self._limits.body:
            self._refuse(refuse(REQUEST_TOO_LARGE, f"its body has more than {self._limits.body} bytes"))

    # --- its notes --------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Forget what was read, since an idle connection must not hold on to megabytes."""
        self._url: list[bytes] = []
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._line = 0  # bytes of the target
        self._counted = 0  # bytes of this phase that came to something
        self._unfinished = 0  # and those that have not yet: the parser is still collecting them
        self.expects = False
        self.mark += 1

    def _refuse(self, refused: Refused) -> None:
        if self.phase is not _DEAF:
            self._asked.append(self._take(True, refused))
            self._begin()
            self.phase = _DEAF

    def _take(self, last: bool, refused: Refused | None) -> Asked:
        url = self._url[0] if len(self._url) == 1 else b"".join(self._url)
        path, _, query = url.partition(b"?")
        if not path.startswith(b"/"):
            path = _path(path)
        method = "" if refused else self._method()
        return Asked(method, path.decode("latin-1"), query, tuple(self._headers), b"".join(self._body), last, refused)

    def _method(self) -> str:
        return "" if self._parser is None else self._parser.get_method().decode("latin-1")


def _path(target: bytes) -> bytes:
    """The path of a target in absolute form, as sent to a proxy: `http://host/path` (RFC 9112 section 3.2.2). `*` stays."""
    scheme, found, rest = target.partition(b"://")
    return b"/" + rest.partition(b"/")[2] if found and scheme.isalpha() else target
