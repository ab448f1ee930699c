"""What comes one by one and is served together: all that came while what came before was served, and a moment longer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

LINGER = 0.005
"""Seconds that more is waited for where something came while the last was served; else the next is served at once."""


class Gathered(Generic[T]):
    """Has `serve` serve what was added, in order, one batch at a time."""

    def __init__(self, serve: Callable[[list[T]], Awaitable[None]]) -> None:
        self._serve = serve
        self._waiting: list[T] = []
        self._some = asyncio.Event()

    def add(self, one: T) -> None:
        """Serve it, as soon as it may be."""
        self._waiting.append(one)
        self._some.set()

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            await (asyncio.sleep(LINGER) if self._waiting else self._some.wait())
            self._some.clear()
            waiting, self._waiting = self._waiting, []
            await self._serve(waiting)
