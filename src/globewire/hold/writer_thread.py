"""The writer of a process that changes a few things and ends, as commands do: one thread takes whatever was asked meanwhile, does
it in one transaction, flushes, then answers all. A gateway's writer is a process (`writer_process`).
"""

import asyncio
import threading
from collections import deque
from math import inf
from pathlib import Path
from time import perf_counter
from typing import Any

from globewire.errors import Unavailable
from globewire.hold.checkpoints import Checkpoints
from globewire.hold.rest import ENOUGH, rest
from globewire.hold.sums import WRITERS_CACHE, connected
from globewire.hold.tally import Tally
from globewire.hold.transactions import MOST, Asked, Transactions, Work
from globewire.hold.triggers import add_triggers
from globewire.hold.writer import answer


class WriterThread:
    """Writes to the file at `path`, which is up to date, by one connection, and makes its checkpoints by another."""

    def __init__(self, path: Path, tally: Tally) -> None:
        writing, copying = connected(path, WRITERS_CACHE), connected(path)
        add_triggers(writing)
        self._connections = (copying, writing)
        self._transactions, self._checkpoints = Transactions(writing), Checkpoints(path, writing, copying)
        self._tally = tally
        self._loop = asyncio.get_running_loop()
        self._asked: deque[tuple[Asked, asyncio.Future[Any]]] = deque()
        self._wanted: float = inf
        self._bell = threading.Event()  # SimpleQueue.get may never return where its timeout ends within microseconds (Python 3.11)
        self._thread = threading.Thread(target=self._run, name="hold-writer", daemon=True)
        self._closed = False
        self._thread.start()

    def ask(self, work: Work, payload: Any) -> asyncio.Future[Any]:
        """Have `work` done for `payload`; the future's result comes after the commit, or Unavailable."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if self._closed:
            future.set_exception(Unavailable("the hold is closed"))
        else:
            self._asked.append(((work, payload), future))
            if len(self._asked) >= self._wanted:
                self._wanted = inf
                self._bell.set()
        return future

    async def gone(self) -> None:
        """Return never: it is a part of this process."""
        await self._loop.create_future()

    async def close(self) -> None:
        """Do what was asked, then close the connections."""
        self._closed = True
        self._bell.set()
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._checkpoints.close)
        for connection in self._connections:
            connection.close()

    def _run(self) -> None:
        rested = 0.0
        while self._wait(1, inf):
            self._wait(ENOUGH, rested)
            batch = [self._asked.popleft() for _ in range(min(len(self._asked), MOST))]
            self._serve(batch)
            self._checkpoints.look()
            rested = perf_counter() + rest(len(batch))

    def _wait(self, wanted: int, until: float) -> bool:
        """Return when so many wait to be served, or the time is over, or the hold is closed; whether anybody waits."""
        self._wanted = wanted
        while len(self._asked) < wanted and not self._closed and (left := until - perf_counter()) > 0:
            self._bell.wait(min(left, threading.TIMEOUT_MAX))
            self._bell.clear()
            self._wanted = wanted
        self._wanted = inf
        return bool(self._asked)

    def _serve(self, batch: list[tuple[Asked, asyncio.Future[Any]]]) -> None:
        answers = [future for _, future in batch]
        for served in self._transactions.serve([asked for asked, _ in batch]):
            self._tally.count(served)
            now, answers = answers[: len(served.results)], answers[len(served.results) :]
            self._loop.call_soon_threadsafe(answer, now, served.results)
