"""The bell: LISTEN and NOTIFY between the processes that share a database. It only wakes, and nothing is lost with a ring:
who waits looks again by itself.

A ring is sent after the commit, by a connection of its own, and many rings go as one: a NOTIFY inside a transaction makes
all that commit wait for one another.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

import structlog

from globewire.hold.port import Lane
from globewire.hold.wake import Wakes

log = structlog.get_logger()

CHANNEL = "globewire"
GAP = 0.01
"""Seconds between two rings at least."""
IDLE = 30.0
"""Seconds without a ring after which the connection is tried."""
PAUSE = 1.0
"""Seconds before a lost connection is made anew."""


class Bell:
    """Rings other processes' waiters, and wakes this one's when they ring."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], wakes: Wakes, first: Any) -> None:
        self._connect, self._wakes = connect, wakes
        self._own = 0
        self._rung: set[str] = set()
        self._more = asyncio.Event()
        self._task = asyncio.create_task(self._run(first))

    @classmethod
    async def hung(cls, connect: Callable[[], Awaitable[Any]], wakes: Wakes) -> Self:
        """A bell that hears others' rings from now on. Raises what `connect` raises; later it goes on trying by itself."""
        first = await connect()
        bell = cls(connect, wakes, first)
        await bell._listen(first)
        return bell

    def ring(self, lane: Lane[Any], of: str = "") -> None:
        """There may be something to claim. Others hear of it where nobody here is at it; else they find it when they look again by
        themselves, where it is too much for one: two that wake for each job do it in batches half as large."""
        self._wakes.wake(lane, of)
        if self._wakes.waited_for(lane, of):
            return
        self._rung.add(f"{lane.name} {of}")
        self._more.set()

    async def close(self) -> None:
        """Ring no more."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self, first: Any) -> None:
        await self._serve(first)
        while True:
            await asyncio.sleep(PAUSE)
            try:
                connection = await self._connect()
                await self._listen(connection)
            except Exception as fault:  # noqa: BLE001 - whatever it is, the next try may do
                log.warning("the bell is silent for now", reason=f"{type(fault).__name__}: {fault}")
                continue
            await self._serve(connection)

    async def _listen(self, connection: Any) -> None:
        await connection.execute("SET synchronous_commit = off")  # a NOTIFY alone need not be flushed
        self._own = connection.get_server_pid()
        await connection.add_listener(CHANNEL, self._heard)
        connection.add_termination_listener(lambda _: self._more.set())

    async def _serve(self, connection: Any) -> None:
        try:
            while not connection.is_closed():
                await self._rung_or_idle()
                rung, self._rung = sorted(self._rung), set()
                # With nothing rung, it still tells whether the server is there.
                await connection.execute("SELECT pg_notify($1, ring) FROM unnest($2::text[]) AS ring", CHANNEL, rung)
                await asyncio.sleep(GAP)
        except Exception as fault:  # noqa: BLE001 - it is made anew, whatever ended it
            log.warning("the bell is silent for now", reason=f"{type(fault).__name__}: {fault}")
        finally:
            connection.terminate()

    async def _rung_or_idle(self) -> None:
        try:
            async with asyncio.timeout(IDLE):
                await self._more.wait()
        except TimeoutError:
            return
        self._more.clear()

    def _heard(self, connection: Any, sender: int, channel: str, ring: object) -> None:
        if sender != self._own:
            lane, _, of = str(ring).partition(" ")
            self._wakes.wake(Lane(lane), of)
