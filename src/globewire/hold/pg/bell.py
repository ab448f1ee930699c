"""The bell: LISTEN and NOTIFY between the processes that share a database. It only wakes, and nothing is lost with a ring:
who waits looks again by itself.

A ring is sent after the commit, by a connection of its own, and many rings go as one: a NOTIFY inside a transaction makes
all that commit wait for one another.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from globewire.hold.pg.faults import away
from globewire.hold.port import Lane
from globewire.hold.wake import Wakes

CHANNEL = "globewire"
GAP = 0.01
"""Seconds between two rings at least."""
PAUSE = 1.0
"""Seconds before a lost connection is made anew."""


class Bell:
    """Rings other processes' waiters, and wakes this one's when they ring."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], wakes: Wakes) -> None:
        self._connect, self._wakes = connect, wakes
        self._rung: set[str] = set()
        self._more = asyncio.Event()
        self.listening = asyncio.Event()
        """Set from the first time that others' rings are heard."""
        self._task = asyncio.create_task(self._run())

    def ring(self, lane: Lane[Any], of: str = "") -> None:
        """There may be something to claim, here and elsewhere."""
        self._wakes.wake(lane, of)
        self._rung.add(f"{lane.name} {of}")
        self._more.set()

    async def close(self) -> None:
        """Ring no more."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            try:
                await self._serve()
            except Exception as fault:
                if not away(fault):
                    raise
            await asyncio.sleep(PAUSE)

    async def _serve(self) -> None:
        connection = await self._connect()
        try:
            await connection.execute("SET synchronous_commit = off")  # a NOTIFY alone need not be flushed
            await connection.add_listener(CHANNEL, self._heard)
            self.listening.set()
            connection.add_termination_listener(lambda _: self._more.set())
            while not connection.is_closed():
                await self._more.wait()
                self._more.clear()
                rung, self._rung = sorted(self._rung), set()
                if rung:
                    await connection.execute("SELECT pg_notify($1, ring) FROM unnest($2::text[]) AS ring", CHANNEL, rung)
                await asyncio.sleep(GAP)
        finally:
            connection.terminate()

    def _heard(self, connection: Any, sender: int, channel: str, ring: object) -> None:
        if sender != connection.get_server_pid():
            lane, _, of = str(ring).partition(" ")
            self._wakes.wake(Lane(lane), of)
