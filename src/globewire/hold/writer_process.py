"""The writer of a gateway: a process of its own, so that whoever answers customers and carriers does not wait for Python's lock
while it writes, nor the other way about. What is asked while it is at work or rests goes to it together, and it answers in the
order in which it was asked.
"""

import asyncio
import os
from asyncio.subprocess import Process
from collections import deque
from pathlib import Path
from typing import Any, cast

from globewire.child import child, module
from globewire.errors import Unavailable
from globewire.hold.rest import ENOUGH, rest
from globewire.hold.tally import Tally
from globewire.hold.transactions import Asked, Served, Work
from globewire.hold.writer import answer
from globewire.pickles import OVER, Pickles, pickled

PROGRAM = module("globewire.hold.writer_main")
"""What Python is to run."""
GONE = "the process that writes to the database has ended: the log says why; whether this was kept is not known"


class WriterProcess(asyncio.Protocol):
    """The process that writes to one file, and those who wait for it."""

    _transport: asyncio.Transport
    _process: Process

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._loop = asyncio.get_running_loop()
        self._pickles = Pickles()
        self._asked: list[Asked] = []
        self._answers: deque[asyncio.Future[Any]] = deque()
        self._sending = False
        self._rest: asyncio.TimerHandle | None = None
        self._closed = ""
        self._ready, self._ended = asyncio.Event(), asyncio.Event()

    @classmethod
    async def start(cls, path: Path, tally: Tally) -> "WriterProcess":
        """Start it on the file at `path`, which is up to date. Unavailable where it does not come up."""
        writer, process = await child(PROGRAM, str(os.getpid()), str(path), make=lambda: cls(tally))
        writer._process = process
        await writer._ready.wait()
        if writer._closed:
            await process.wait()
            raise Unavailable(f"the process that writes to {path} did not come up")
        return writer

    def ask(self, work: Work, payload: Any) -> asyncio.Future[Any]:
        """Have `work`, a function of a module, done for `payload`; the future's result comes after the commit, or Unavailable."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if self._closed:
            future.set_exception(Unavailable(self._closed))
            return future
        self._asked.append((work, payload))
        self._answers.append(future)
        idle = self._rest is None and len(self._asked) == len(self._answers)
        if not self._sending and (idle or len(self._asked) >= ENOUGH):
            self._sending = True
            self._loop.call_soon(self._send)
        return future

    async def gone(self) -> None:
        """Return when it has ended by itself."""
        await self._ended.wait()

    async def close(self) -> None:
        """Have it do what was asked, and end."""
        if not self._closed:
            self._send()
            self._closed = "the hold is closed"
            self._transport.write(pickled(OVER))
        await self._ended.wait()
        await self._process.wait()

    def _send(self) -> None:
        """Have it do what was asked until now."""
        self._sending = False
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        if self._asked and not self._closed:
            self._transport.write(pickled(self._asked))
            self._asked = []

    def _answer(self, served: Served) -> None:
        self._tally.count(served)
        answer([self._answers.popleft() for _ in served.results], served.results)
        if len(self._answers) == len(self._asked) and self._rest is None:
            self._rest = self._loop.call_later(rest(len(served.results)), self._send)

    # --- what the transport calls ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for served in self._pickles.feed(data):
            if not self._ready.is_set():
                self._ready.set()
                continue
            self._answer(served)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = self._closed or GONE
        answer(self._answers, [Unavailable(GONE)] * len(self._answers))
        self._answers.clear()
        self._ready.set()
        self._ended.set()
