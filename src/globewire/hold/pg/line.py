"""A line of work to the database: it takes whatever was asked meanwhile, does it in one transaction, then answers all.

What is asked is a function and what it is to be given; those that asked for the same function are served in one call, so
that a batch costs a few statements whatever its size. Each line has one transaction in flight, and rests after it, so that more
is asked meanwhile and the next one serves all of it. Lines run beside one another, so what is put on different lines must not
need the other's order. It knows nothing of messages.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any

import asyncpg

from globewire.errors import Unavailable
from globewire.hold.pg.faults import AGAIN, away, stale
from globewire.hold.pg.turn import Turn
from globewire.hold.rest import rest
from globewire.hold.tally import Tally
from globewire.hold.writer import answer
from globewire.values import dataclass

Work = Callable[[Turn, Sequence[Any]], Awaitable[Sequence[Any]]]
"""Does one kind of thing for a batch of payloads, inside the transaction that it is given; gives one result for each. A result that
is an exception is raised there."""
Mend = Callable[[asyncpg.CheckViolationError], Awaitable[bool]]

MOST = 1024
"""Payloads in one transaction: bounds the time that the first of them waits."""
TRIES = 5
"""How often a transaction is tried that others are in the way of."""
LONGEST = 0.005
"""Seconds of a rest, which is twice as long as its transaction at most: one here costs the server's processors too."""


@dataclass(frozen=True, slots=True)
class _Asked:
    work: Work
    payload: Any
    answer: asyncio.Future[Any]


class Line:
    """One line. `ask` returns after the commit. `mend` removes the cause of a check that failed, and says whether it could."""

    def __init__(self, pool: Any, mend: Mend, tally: Tally) -> None:
        self._pool, self._mend, self._tally = pool, mend, tally
        self._waiting: deque[_Asked] = deque()
        self._more = asyncio.Event()
        self._closed = False
        self._task = asyncio.create_task(self._run())

    def ask(self, work: Work, payload: Any) -> asyncio.Future[Any]:
        """Have `work` done for `payload`; the future's result comes after the commit, or Unavailable."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._closed:
            answer.set_exception(Unavailable("the hold is closed"))
        else:
            self._waiting.append(_Asked(work, payload, answer))
            self._more.set()
        return answer

    async def close(self) -> None:
        """Do what was asked, then end."""
        self._closed = True
        self._more.set()
        await self._task

    async def _run(self) -> None:
        rested = 0.0
        while self._waiting or not self._closed:
            if not self._waiting:
                self._more.clear()
                await self._more.wait()
                continue
            if (left := rested - (began := perf_counter())) > 0:
                await asyncio.sleep(left)
                began += left
            batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            answer([asked.answer for asked in batch], await self._serve(batch))
            ended = perf_counter()
            rested = ended + rest(len(batch), min(2.0 * (ended - began), LONGEST))

    async def _serve(self, batch: list[_Asked]) -> list[Any]:
        try:
            return await self._insist(batch)
        except Exception as fault:  # noqa: BLE001 - whatever failed, every asker must get an answer, and the line must live
            self._tally.failed()
            sentence = f"{type(fault).__name__}: {fault}"
            if len(batch) == 1 or away(fault):
                return [Unavailable(sentence) for _ in batch]
        # One of them spoils the transaction: by halves, so that the others are served.
        half = len(batch) // 2
        return await self._serve(batch[:half]) + await self._serve(batch[half:])

    async def _insist(self, batch: list[_Asked]) -> list[Any]:
        for _ in range(TRIES):
            try:
                return await self._transact(batch)
            except AGAIN:
                continue
            except asyncpg.CheckViolationError as fault:
                if not await self._mend(fault):
                    raise
        return await self._transact(batch)

    async def _transact(self, batch: list[_Asked]) -> list[Any]:
        places: dict[Work, list[int]] = {}
        for place, asked in enumerate(batch):
            places.setdefault(asked.work, []).append(place)
        results: list[Any] = [None] * len(batch)
        began = perf_counter()
        async with self._pool.acquire() as connection:
            turn = Turn(connection)
            try:
                for nth, (work, where) in enumerate(places.items(), start=1):
                    if nth == len(places):
                        turn.last()
                    for place, result in zip(where, await work(turn, [batch[i].payload for i in where]), strict=True):
                        results[place] = result
                await turn.commit()
            except Exception as fault:
                await self._break_off(connection, turn, fault)
                raise
        self._tally.committed(results, perf_counter() - began)
        return results

    async def _break_off(self, connection: Any, turn: Turn, fault: Exception) -> None:
        """Roll back; where the server writes no more, let go of all connections to it: the next are made to one that does."""
        if stale(fault) or connection.is_closed():
            connection.terminate()
            await self._pool.expire_connections()
        else:
            await turn.break_off()
