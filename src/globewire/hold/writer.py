"""One thread that writes: it takes whatever was asked meanwhile, does it in one transaction, flushes, then answers all.

What is asked is a function and what it is to be given; those that asked for the same function are served in one call, so
that a batch costs a few statements whatever its size. After a transaction the thread rests, unless enough was asked meanwhile, so
that the next one serves more. It knows nothing of messages.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from time import perf_counter
from typing import Any

import apsw

from globewire.errors import Unavailable
from globewire.hold.database import unavailable
from globewire.hold.rest import ENOUGH, rest
from globewire.hold.tally import Tally
from globewire.values import dataclass

Work = Callable[[apsw.Cursor, Sequence[Any]], Sequence[Any]]
"""Does one kind of thing for a batch of payloads; gives one result for each. A result that is an exception is raised there."""

MOST = 4096
"""Payloads in one transaction: bounds the time that the first of them waits."""


@dataclass(frozen=True, slots=True)
class _Asked:
    work: Work
    payload: Any
    answer: asyncio.Future[Any]


class Writer:
    """Owns the writing connection. `ask` returns after the commit."""

    def __init__(self, connection: apsw.Connection, after: Callable[[], None], tally: Tally) -> None:
        self._connection = connection
        self._after, self._tally = after, tally
        self._loop = asyncio.get_running_loop()
        self._asked: deque[_Asked] = deque()
        self._wanted: float = inf
        self._bell = threading.Event()  # SimpleQueue.get may never return where its timeout ends within microseconds (Python 3.11)
        self._thread = threading.Thread(target=self._run, name="hold-writer", daemon=True)
        self._closed = False
        self._thread.start()

    def ask(self, work: Work, payload: Any) -> asyncio.Future[Any]:
        """Have `work` done for `payload`; the future's result comes after the commit, or Unavailable."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        if self._closed:
            answer.set_exception(Unavailable("the hold is closed"))
        else:
            self._asked.append(_Asked(work, payload, answer))
            if len(self._asked) >= self._wanted:
                self._wanted = inf
                self._bell.set()
        return answer

    async def close(self) -> None:
        """Do what was asked, then end the thread."""
        self._closed = True
        self._bell.set()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        rested = 0.0
        while self._wait(1, inf):
            self._wait(ENOUGH, rested)
            batch = [self._asked.popleft() for _ in range(min(len(self._asked), MOST))]
            began = perf_counter()
            results = self._serve(batch)
            self._loop.call_soon_threadsafe(_answer, batch, results)
            self._after()
            ended = perf_counter()
            rested = ended + rest(ended - began, len(batch))

    def _wait(self, wanted: int, until: float) -> bool:
        """Return when so many wait to be served, or the time is over, or the hold is closed; whether anybody waits."""
        self._wanted = wanted
        while len(self._asked) < wanted and not self._closed and (left := until - perf_counter()) > 0:
            self._bell.wait(min(left, threading.TIMEOUT_MAX))
            self._bell.clear()
            self._wanted = wanted
        self._wanted = inf
        return bool(self._asked)

    def _serve(self, batch: list[_Asked]) -> list[Any]:
        began = perf_counter()
        try:
            results = self._transact(batch)
            self._tally.committed(results, perf_counter() - began)
            return results
        except Exception as fault:  # noqa: BLE001 - whatever failed, every asker must get an answer, and the thread must live
            self._tally.failed()
            if len(batch) == 1:
                return [unavailable(fault)]
        # One of them spoils the transaction: each gets its own, so that the others are served.
        return [result for asked in batch for result in self._serve([asked])]

    def _transact(self, batch: list[_Asked]) -> list[Any]:
        places: dict[Work, list[int]] = {}
        for place, asked in enumerate(batch):
            places.setdefault(asked.work, []).append(place)
        results: list[Any] = [None] * len(batch)
        cursor = self._connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            for work, where in places.items():
                for place, result in zip(where, work(cursor, [batch[i].payload for i in where]), strict=True):
                    results[place] = result
            cursor.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                cursor.execute("ROLLBACK")
            raise
        return results


def _answer(batch: list[_Asked], results: list[Any]) -> None:
    for asked, result in zip(batch, results, strict=True):
        if asked.answer.done():  # whoever asked was cancelled meanwhile
            continue
        if isinstance(result, Exception):
            asked.answer.set_exception(result)
        else:
            asked.answer.set_result(result)
