"""What a gateway runs and must stop: loops and listeners, ended in reverse order of their start."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger()

Stop = Callable[[], Coroutine[Any, Any, None]]


class Loops:
    """Starts loops and remembers how all of it is stopped. `failed` is set when a loop ended by itself, which none should."""

    def __init__(self) -> None:
        self._stops: list[Stop] = []
        self.stopping = False
        self.failed = asyncio.Event()

    def on_stop(self, stop: Stop) -> None:
        """Have `stop` called when all is stopped, before what was given earlier."""
        self._stops.append(stop)

    def run(self, loop: Stop, before: Stop | None = None) -> None:
        """Start a loop that ends with all the others; `before` is called first, so that it can finish what it has in hand."""
        self.on_stop(self.begin(loop, before))

    def begin(self, loop: Stop, before: Stop | None = None) -> Stop:
        """Start a loop; what is given back stops it, by `before` and then by cancelling. Its end by itself is a failure."""
        task = asyncio.create_task(loop())
        task.add_done_callback(self._ended)

        async def stop() -> None:
            try:
                if before is not None and not task.done():
                    await before()
            finally:
                task.cancel()
                await asyncio.wait([task])

        return stop

    async def stop(self) -> None:
        """Stop everything, the last first."""
        self.stopping = True
        while self._stops:
            await self._stops.pop()()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("a stage failed", exc_info=task.exception())
            self.failed.set()
