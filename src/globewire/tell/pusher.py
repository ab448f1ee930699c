"""Whoever makes the pushes: in this process, or in one of its own (`pusher_process`). It is given errands, and tells what came of
each. It knows no hold, no queue and no other try.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from globewire.hold.port import Report
from globewire.tell.address import Resolve
from globewire.tell.push import Client, PushResult, client, push
from globewire.values import dataclass
from globewire.verdict import outcome
from globewire.wire import callback


@dataclass(frozen=True, slots=True)
class How:
    """How pushes are made: whether to private addresses too, how many seconds each may take, and how many there are at once."""

    private: bool
    timeout: float
    connections: int


@dataclass(frozen=True, slots=True)
class Errand:
    """A push to be made: these reports, to this URL, signed with `secret` as of `stamp` in Unix seconds."""

    url: str
    secret: bytes
    stamp: int
    reports: Sequence[Report]


Came = PushResult | str
"""What came of an errand: the push's result, or in a word or two why nobody knows one."""
Told = Callable[[Sequence[tuple[int, Came]]], None]
"""Is told what came of errands, by their numbers."""


class Pusher(Protocol):
    """Makes pushes. How many are under way at once is for whoever gives them."""

    def begin(self, number: int, errand: Errand) -> None:
        """Make this push."""


Pushers = Callable[[Told], AbstractAsyncContextManager[Pusher]]
"""Makes a pusher that tells what came of its errands. What is under way when its block ends is broken off, and nothing is told of
it."""


class Here:
    """Makes pushes in this process."""

    def __init__(self, client: Client, told: Told) -> None:
        self._client, self._told = client, told
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, number: int, errand: Errand) -> None:
        """Make this push."""
        task = asyncio.create_task(self._make(number, errand))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def break_off(self) -> None:
        """End what is under way, untold."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _make(self, number: int, errand: Errand) -> None:
        came: Came
        try:
            came = await _pushed(self._client, errand)
        except Exception as fault:  # noqa: BLE001 - a push whose trouble nobody foresaw must be told of too
            came = type(fault).__name__
        self._told([(number, came)])


@asynccontextmanager
async def here(how: How, told: Told, *, resolve: Resolve | None = None) -> AsyncIterator[Pusher]:
    """A pusher in this process. `resolve` stands in for the machine's own resolver."""
    async with client(private=how.private, timeout=how.timeout, connections=how.connections, resolve=resolve) as http:
        pusher = Here(http, told)
        try:
            yield pusher
        finally:
            await pusher.break_off()


async def _pushed(client: Client, errand: Errand) -> PushResult:
    content = callback.body(map(_item, errand.reports))
    return await push(client, errand.url, content, callback.headers(errand.secret, errand.stamp, content))


def _item(report: Report) -> callback.Item:
    return callback.Item(
        message=report.message,
        to=report.to,
        sent_at=report.accepted_at,
        received_at=report.ended_at,
        status=outcome.push_status(report.state),
        error_code=report.error_code,
        error=report.error,
        task_id=report.task_id,
        segments=report.segments,
    )
