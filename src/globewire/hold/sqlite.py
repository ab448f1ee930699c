"""The default engine: one SQLite file, WAL, `synchronous=FULL`, one writer with group commit: a gateway's is a process, a
command's a thread.

What each call does to the file stands in `keeping`, `lanes` and `facts`, where batches are, in `sharing`, and in `ledger`: the
book, and what people look at. Reading has a connection and a thread of its own, and so have counting and checkpoints: none waits
for the writer or makes it wait.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import apsw

from globewire.errors import Unavailable
from globewire.hold import facts as written
from globewire.hold import finding, keeping, lanes, ledger, pages, sharing, sums
from globewire.hold.changes import expiries, fed
from globewire.hold.database import open_database
from globewire.hold.each import each
from globewire.hold.fresh import Fresh
from globewire.hold.port import (
    FOREVER,
    SEND,
    SETTLE,
    START,
    TELL,
    AccountEntry,
    Book,
    CarrierOrder,
    CarrierOrders,
    CarrierStanding,
    Conversion,
    Fact,
    Found,
    J,
    Job,
    KeyEntry,
    Lane,
    Load,
    Nonce,
    Once,
    Outbox,
    PolicyEntry,
    Question,
    Reached,
    SendJob,
    Silent,
    Standing,
    Submission,
    TellJob,
    UserEntry,
)
from globewire.hold.refused import fault_of, unavailable
from globewire.hold.rows import Row
from globewire.hold.silence import Silence
from globewire.hold.tally import Tally
from globewire.hold.transactions import Work
from globewire.hold.wake import Wakes
from globewire.hold.writer import Writer
from globewire.hold.writer_process import WriterProcess
from globewire.hold.writer_thread import WriterThread
from globewire.message import AccessKeyId, AccountId, CarrierId, MessageId, Millis, State
from globewire.meter.dials import Meter

T = TypeVar("T")
BLANKED_EVERY = 60_000 * 100_000
"""Ids of a minute: so much is looked at again for texts to blank. What is still under way holds the mark back, so that its text
is blanked too, once it has ended."""
_CLAIMS: dict[str, Work] = {SETTLE.name: lanes.claim_settle, TELL.name: lanes.claim_tell}


class SqliteHold:
    """A Hold in one file. `open` makes one; SQLite's ":memory:" is not offered, since readers have their own connection."""

    def __init__(self, reading: apsw.Connection, counting: apsw.Connection, writer: Writer, meter: Meter) -> None:
        self._reading, self._counting = reading, counting
        self._readers = ThreadPoolExecutor(1, "hold-reader")
        self._counters = ThreadPoolExecutor(1, "hold-counter")
        self._writer = writer
        self._fresh = Fresh()
        self._accepted = meter.messages.of(State.ACCEPTED)
        self._wakes = Wakes()
        self._silence = Silence()
        self._looking = finding.Looking(
            partial(self._read, pages.keyed), partial(self._read, pages.floor), partial(self._read, pages.rows)
        )
        self._blanked = 0

    @classmethod
    async def open(cls, path: Path, *, create: bool = True, meter: Meter | None = None, apart: bool = False) -> "SqliteHold":
        """Open the file, making it where it is missing, and bring its schema up to date. SchemaFault says what is wrong. `apart`:
        the writer is a process of its own."""
        meter = meter or Meter()
        tally = Tally(meter, "all")
        reading, counting = open_database(path, 2, create=create)
        try:
            writer = await WriterProcess.start(path, tally) if apart else WriterThread(path, tally)
        except BaseException as fault:
            counting.close()
            reading.close()
            if isinstance(fault, apsw.Error):
                raise fault_of(path, fault) from fault
            raise
        return cls(reading, counting, writer, meter)

    async def writing(self) -> None:
        """Return never, while the writer lives. Unavailable where it has ended by itself: what this process has leased and recorded
        is uncertain to it then, and it must begin anew."""
        await self._writer.gone()
        raise Unavailable("the hold's writer has ended")

    @property
    def checksummed(self) -> bool:
        """Whether it is seen that the disk has altered a page."""
        return sums.summed(self._counting)

    async def close(self) -> None:
        await self._writer.close()
        for threads in (self._readers, self._counters):
            await asyncio.to_thread(threads.shutdown)
        for connection in (self._counting, self._reading):
            connection.close()

    # --- accept

    async def keep(
        self,
        submissions: Sequence[Submission],
        nonce: Nonce | None,
        conversions: Sequence[Conversion] = (),
        *,
        once: Once | None = None,
    ) -> str | None:
        for submission in submissions:
            self._fresh.add(submission)
        answer: str | None = await self._writer.ask(keeping.keep, (submissions, nonce, conversions, once))
        if answer is None:
            self._accepted.add(len(submissions))
            for carrier in {s.carrier for s in submissions}:
                self._wakes.wake(SEND, carrier)
        return answer

    async def nonces(self, now: Millis) -> dict[int, Millis]:
        await self._writer.ask(keeping.bar, now)
        return await self._read(ledger.nonces, now)

    # --- work

    async def claim(self, lane: Lane[J], limit: int, now: Millis, lease: int, of: str = "") -> list[J]:
        if lane.name == SEND.name:
            return cast(list[Any], (await self._claim_sends({CarrierId(of): limit}, now, lease))[CarrierId(of)])
        return cast(list[J], await self._writer.ask(_CLAIMS[lane.name], (limit, now, lease, of)))

    async def claim_sends(self, limits: Mapping[CarrierId, int], now: Millis, lease: int) -> dict[CarrierId, list[SendJob]]:
        try:
            return await self._claim_sends(limits, now, lease)
        except Unavailable:
            return await each(limits, lambda carrier: self.claim(SEND, limits[carrier], now, lease, carrier))

    async def _claim_sends(self, limits: Mapping[CarrierId, int], now: Millis, lease: int) -> dict[CarrierId, list[SendJob]]:
        """Of what is leased, that is read which is not in hand."""
        leased: list[list[Row]] = await self._writer.ask(lanes.claim_sends, (list(limits.items()), now, lease))
        jobs: dict[int, SendJob] = {}
        for (carrier, limit), due in zip(limits.items(), leased, strict=True):
            jobs |= self._fresh.jobs(carrier, due, all_due=len(due) < limit)
        if read := [row for due in leased for row in due if row[0] not in jobs]:
            try:
                jobs |= await self._read(lanes.sends, read)
            except Unavailable:
                await self._writer.ask(lanes.unlease, ([row for due in leased for row in due], now))
                raise
        found = [[jobs[id] for id, *_ in due if id in jobs] for due in leased]
        return dict(zip(limits, found, strict=True))

    async def done(self, *outcomes: tuple[Job, Sequence[Fact]]) -> None:
        finished = lanes.finished(outcomes)
        await self._writer.ask(lanes.done, finished)
        self._wake_for(finished.facts)
        if finished.tells:
            self._wakes.wake(TELL)

    async def again(self, *jobs: tuple[Job, Millis | None], carrier: CarrierId | None = None) -> None:
        await self._writer.ask(lanes.again, (jobs, carrier))
        for of in {carrier or job.carrier for job, _ in jobs if isinstance(job, SendJob)}:
            self._wakes.wake(SEND, of)  # others are due later: whoever waits looks again when its timeout ends

    async def record(self, *facts: Fact) -> None:
        await self._writer.ask(written.record, facts)
        self._wake_for(facts)

    async def bury(self, job: TellJob, now: Millis) -> None:
        await self._writer.ask(lanes.bury, job)
        self._wakes.wake(TELL)

    async def revive(self, account: AccountId, now: Millis) -> int:
        count: int = await self._writer.ask(lanes.revive, account)
        self._wakes.wake(TELL)
        return count

    async def replay(self, message: MessageId, now: Millis) -> bool:
        found = bool(await self._writer.ask(lanes.replay, (message, now)))
        self._wakes.wake(TELL)
        return found

    async def recover(self, now: Millis, lane: Lane[J], of: str = "", *, before: Millis = FOREVER) -> None:
        await self._writer.ask(lanes.recover, (now, lane.name, of, before))

    async def free(self, carrier: CarrierId, now: Millis) -> None:
        """Every claim has an answer: there is nothing to free."""

    async def hasten(self, now: Millis, lane: Lane[J], ahead: int, of: str = "") -> int:
        count = int(await self._writer.ask(lanes.hasten, (now, lane.name, ahead, of)))
        if count:
            self._wakes.wake(lane, of)
        return count

    async def own(self, what: str, owner: str, now: Millis, lease: int) -> bool:
        until = await self._writer.ask(sharing.own, (what, owner, now, lease, self._silence.of(what, now, lease)))
        return self._silence.saw(what, until, now)

    async def disown(self, owner: str) -> None:
        await self._writer.ask(sharing.disown, owner)

    async def draw(self, quota: str, rate: float, want: int, now: Millis) -> int:
        return want if rate <= 0 else int(await self._writer.ask(sharing.spend, (quota, rate, want, now)))

    async def left(self, quota: str, rate: float, now: Millis) -> int:
        return await self._read(sharing.left, quota, rate, now)

    async def silent(
        self, before: Mapping[CarrierId, Millis], limit: int, after: Reached = START
    ) -> tuple[list[Silent], Reached | None]:
        return await self._read(ledger.silent, before, limit, after)

    async def order(self, carrier: CarrierId, order: CarrierOrder, now: Millis) -> None:
        await self._writer.ask(ledger.order, (carrier, order, now))

    async def orders(self) -> dict[CarrierId, CarrierOrders]:
        return await self._read(ledger.orders)

    async def wait(self, lane: Lane[J], timeout: float, of: Collection[str] = ("",)) -> frozenset[str]:
        return await self._wakes.wait(lane, timeout, of)

    def wake(self, lane: Lane[J], of: str = "") -> None:
        self._wakes.wake(lane, of)

    def look_again(self) -> None:
        self._wakes.wake_all()

    async def pending(self, now: Millis) -> bool:
        return await self._read(ledger.pending, now)

    def _wake_for(self, facts: Sequence[Fact]) -> None:
        for lane in fed(facts):
            self._wakes.wake(lane)

    # --- tend

    async def expire(self, now: Millis, grace: int, limit: int) -> int:
        overdue = await self._read(ledger.overdue, now - grace, limit)
        if overdue:
            await self.record(*expiries(overdue, now))
        return len(overdue)

    async def forget(self, bodies_before: Millis, messages_before: Millis, limit: int, *, now: Millis | None = None) -> int:
        if now is not None:
            await self._writer.ask(keeping.bar, now)
        bodies, messages = bodies_before * 100_000, messages_before * 100_000
        count: int = await self._writer.ask(keeping.forget, (self._blanked, bodies, messages, messages_before, limit))
        if count < limit and bodies - self._blanked >= BLANKED_EVERY:
            self._blanked = min(bodies, await self._read(ledger.oldest_open, bodies))
        return count

    async def clear(self) -> None:
        await self._writer.ask(keeping.clear, None)
        self._blanked = 0

    async def stand(self, standings: Sequence[CarrierStanding]) -> None:
        await self._writer.ask(ledger.stand, standings)

    # --- look

    async def look(self, message: MessageId) -> Standing | None:
        return await self._read(ledger.look, message)

    async def find(self, question: Question) -> Found:
        return await finding.find(self._looking, question)

    async def search(self, question: Question) -> list[Standing]:
        return await finding.search(self._looking, question)

    async def outboxes(self, of: Sequence[AccountId] | None = None) -> list[Outbox]:
        return await self._read(ledger.outboxes, of)

    async def owed(self) -> dict[AccountId, bool]:
        return await self._read(ledger.owed)

    async def given_up(self, account: AccountId, limit: int) -> list[Standing]:
        return await self._read(ledger.given_up, account, limit)

    async def carriers(self) -> list[CarrierStanding]:
        return await self._read(ledger.carriers)

    async def mark(self) -> int:
        return await self._read(ledger.mark)

    async def backlog(self, of: str = "") -> int:
        return await self._read(ledger.backlog, of)

    async def load(self) -> Load:
        try:
            return await self._ask(self._counters, self._counting, ledger.load)
        except asyncio.CancelledError:
            self._counting.interrupt()
            raise

    async def counts(self) -> dict[str, int]:
        return await self._read(ledger.counts)

    # --- the book

    async def book(self, after: int = -1) -> Book | None:
        return await self._read(ledger.book, after)

    async def put_account(self, entry: AccountEntry) -> None:
        await self._writer.ask(ledger.put, entry)

    async def put_key(self, entry: KeyEntry) -> None:
        await self._writer.ask(ledger.put, entry)

    async def delete_key(self, key: AccessKeyId) -> bool:
        return bool(await self._writer.ask(ledger.delete_key, key))

    async def put_user(self, entry: UserEntry) -> None:
        await self._writer.ask(ledger.put, entry)

    async def delete_user(self, account: AccountId, name: str) -> bool:
        return bool(await self._writer.ask(ledger.delete_user, (account, name)))

    async def put_policy(self, entry: PolicyEntry) -> None:
        await self._writer.ask(ledger.put, entry)

    async def delete_policy(self, account: AccountId, name: str) -> bool:
        return bool(await self._writer.ask(ledger.delete_policy, (account, name)))

    # --- threads

    async def _read(self, reading: Callable[..., T], *arguments: Any) -> T:
        return await self._ask(self._readers, self._reading, reading, *arguments)

    async def _ask(self, threads: ThreadPoolExecutor, connection: apsw.Connection, reading: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(threads, lambda: reading(connection, *arguments))
        except (apsw.Error, ValueError) as fault:  # what a damaged file gives may be no value of ours
            raise unavailable(fault) from fault
