"""The connections to endpoints' servers: those that have answered are kept for a while, and all are opened here.

Of HTTP/1.1 this and `line` speak what a push needs. By aiohttp's client, which does all the rest too, a push takes 210 us of
processor time and by this one 55; with an endpoint for each of 10,000 accounts the whole job takes a sixth less.
"""

import asyncio
import ssl
from typing import NamedTuple

from globewire.tell.address import Resolve, connected
from globewire.tell.line import Answer, Closed, Line


class Origin(NamedTuple):
    """A server: connections to it are alike."""

    host: str
    port: int
    tls: bool


class Lines:
    """As many connections as there are requests at once, and at most `most` that are idle, the last used ones."""

    def __init__(self, resolve: Resolve, *, private: bool, most: int) -> None:
        self._resolve, self._private, self._most = resolve, private, most
        self._tls = ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])
        self._clock = asyncio.get_running_loop().time
        self._idle: dict[Line, Origin] = {}
        self._of: dict[Origin, list[Line]] = {}

    async def ask(self, origin: Origin, request: bytes, timeout: float) -> Answer:
        """Send a request to a server; its answer. OSError or AnswerFault where none comes within so many seconds.

        A kept connection that the other side has closed meanwhile is no refusal, so that must not cost a minute: the request is
        sent once more, on a new one.
        """
        deadline = self._clock() + timeout
        if (kept := self._take(origin)) is not None:
            try:
                return await self._asked(kept, origin, request, deadline)
            except Closed:
                pass
        async with asyncio.timeout_at(deadline):
            line = await self._open(origin)
        return await self._asked(line, origin, request, deadline)

    def close(self) -> None:
        """Close all that are idle."""
        for line in self._idle:
            line.close()

    async def _open(self, origin: Origin) -> Line:
        connection = await connected(origin.host, origin.port, self._resolve, private=self._private)
        tls, name = (self._tls, origin.host.rstrip(".")) if origin.tls else (None, None)
        _, line = await asyncio.get_running_loop().create_connection(Line, sock=connection, ssl=tls, server_hostname=name)
        return line

    async def _asked(self, line: Line, origin: Origin, request: bytes, deadline: float) -> Answer:
        answer: Answer | None = None
        try:
            answer = await line.ask(request, deadline)
            return answer
        finally:
            if answer is not None and line.reusable:
                self._keep(line, origin)
            else:
                line.close()

    def _take(self, origin: Origin) -> Line | None:
        while lines := self._of.get(origin):
            line = lines[-1]
            self._forget(line)
            if line.open:
                return line
        return None

    def _keep(self, line: Line, origin: Origin) -> None:
        line.rest()
        self._idle[line] = origin
        self._of.setdefault(origin, []).append(line)
        if len(self._idle) > self._most:
            oldest = next(iter(self._idle))
            self._forget(oldest)
            oldest.close()

    def _forget(self, line: Line) -> None:
        origin = self._idle.pop(line)
        lines = self._of[origin]
        lines.remove(line)
        if not lines:
            del self._of[origin]
