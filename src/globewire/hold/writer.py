"""One thread that writes: it takes whatever was asked meanwhile, does it in one transaction, flushes, then answers all.

What is asked is a function and what it is to be given; those that asked for the same function are served in one call, so
that a batch costs a few statements whatever its size. After a transaction the thread rests, so that more is asked meanwhile and
the next one serves all of it. It knows nothing of messages.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from time import perf_counter, sleep
from typing import Any

import apsw

from globewire.errors import Unavailable
from globewire.hold.database import unavailable
from globewire.hold.rest import rest
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
        self._queue: SimpleQueue[_Asked | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="hold-writer", daemon=True)
        self._closed = False
        self._thread.start()

    def ask(self, work: Work, payload: Any) -> asyncio.Future[Any]:
        """Have `work` done for `payload`; the future's result comes after the commit, or Unavailable."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        if self._closed:
            answer.set_exception(Unavailable("the hold is closed"))
        else:
            self._queue.put(_Asked(work, payload, answer))
        return answer

    async def close(self) -> None:
        """Do what was asked, then end the thread."""
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        going, rested = True, 0.0
        while going:
            first = self._queue.get()
            if (left := rested - (began := perf_counter())) > 0:
                sleep(left)
                began += left
            batch, going = self._take(first)
            if batch:
                results = self._serve(batch)
                self._loop.call_soon_threadsafe(_answer, batch, results)
                self._after()
            ended = perf_counter()
            rested = ended + rest(ended - began, len(batch))

    def _take(self, asked: _Asked | None) -> tuple[list[_Asked], bool]:
        batch: list[_Asked] = []
        try:
            while asked is not None:
                batch.append(asked)
                if len(batch) == MOST:
                    return batch, True
                asked = self._queue.get_nowait()
        except Empty:
            return batch, True
        return batch, False

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
