"""A pusher that is a process of its own, so that whoever answers customers and carriers need not read and write for thousands of
endpoints too. It is started with the first push. One that ended by itself is started anew with the next.
"""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import structlog

from globewire.child import child, module
from globewire.pickles import Pickles, pickled
from globewire.tell.pusher import Errand, How, Pusher, Told

log = structlog.get_logger()

PROGRAM = module("globewire.tell.pusher_main")
"""What Python is to run."""
GONE = "the process that pushes has ended"


class PusherProcess:
    """Has pushes made by a child."""

    def __init__(self, how: How, told: Told) -> None:
        self._told = told
        self._arguments = ("private" if how.private else "public", str(how.timeout), str(how.connections))
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[int, Errand]] = []
        self._under_way: set[int] = set()
        self._link: _Link | None = None
        self._process: Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._sending = self._closed = False

    def begin(self, number: int, errand: Errand) -> None:
        """Make this push: it goes to the child with all others of this turn of the loop."""
        self._waiting.append((number, errand))
        self._under_way.add(number)
        if not self._sending:
            self._sending = True
            self._loop.call_soon(self._send)

    async def close(self) -> None:
        """End the child, whatever is under way."""
        self._closed = True
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        if self._link is not None:
            self._link.transport.abort()
        if self._process is not None:
            await self._process.wait()

    def _send(self) -> None:
        self._sending = False
        if self._closed or not self._waiting:
            return
        if self._link is not None:
            self._link.transport.write(pickled(self._waiting))
            self._waiting = []
        elif self._starting is None:
            self._starting = asyncio.create_task(self._start())

    async def _start(self) -> None:
        try:
            if self._process is not None:
                await self._process.wait()
            _, self._process = await child(PROGRAM, *self._arguments, make=lambda: _Link(self))
        except OSError as fault:
            log.error("the process that pushes cannot be started", reason=str(fault))
            self.ended()
        finally:
            self._starting = None
        self._send()

    # --- what the link says ------------------------------------------------------------------------------------------------

    def linked(self, link: "_Link") -> None:
        """The child is there."""
        self._link = link

    def told(self, data: bytes, pickles: Pickles) -> None:
        """What came of some errands."""
        for came in pickles.feed(data):
            self._under_way.difference_update([number for number, _ in came])
            self._told(came)

    def ended(self) -> None:
        """The child has ended, or did not come up: nobody knows what came of what it was given."""
        self._link = None
        lost, self._under_way, self._waiting = self._under_way, set(), []
        if not self._closed:
            log.error(f"{GONE}: what was under way is pushed again later", pushes=len(lost))
            self._told([(number, GONE) for number in lost])


class _Link(asyncio.Protocol):
    """The child's end of the socket, seen from here."""

    transport: asyncio.Transport

    def __init__(self, pusher: PusherProcess) -> None:
        self._pusher, self._pickles = pusher, Pickles()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._pusher.linked(self)

    def data_received(self, data: bytes) -> None:
        self._pusher.told(data, self._pickles)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pusher.ended()


@asynccontextmanager
async def apart(how: How, told: Told) -> AsyncIterator[Pusher]:
    """A pusher that is a process of its own."""
    pusher = PusherProcess(how, told)
    try:
        yield pusher
    finally:
        await pusher.close()
