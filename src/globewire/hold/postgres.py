"""The scale-out engine: one PostgreSQL database that many processes share, with flushed commits and group commit.

What each call does to the database stands in `pg.keeping`, `pg.lanes`, `pg.facts`, `pg.sharing` and `pg.ledger`, and in each
of them how it stays right beside other writers. What is asked goes on four lines, that run beside one another: what is kept,
what is claimed, what is drawn of quotas, for which callers wait, and all other writing. Reading takes any connection that is free.

Several hosts may stand in the URL. When the one that writes is gone, calls raise Unavailable, and connections are made to
whichever writes next. A call whose commit the server never confirmed is Unavailable too, though it may have been done: a nonce,
an idempotency key and the guard of final states make the same again harmless.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import asyncpg

from globewire.errors import Unavailable
from globewire.hold import finding
from globewire.hold.changes import expiries, fed
from globewire.hold.each import each
from globewire.hold.fresh import NOBODYS, Fresh
from globewire.hold.pg import facts as written
from globewire.hold.pg import keeping, lanes, ledger, pages, sharing
from globewire.hold.pg.bell import Bell
from globewire.hold.pg.days import DAY, IDS, Days
from globewire.hold.pg.faults import stale, unreachable
from globewire.hold.pg.hosts import Hosts
from globewire.hold.pg.line import Line, Work
from globewire.hold.pg.schema import check, check_durable, checksummed, migrate
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
from globewire.hold.schema import HoldAway, SchemaFault
from globewire.hold.silence import Silence
from globewire.hold.tally import Tally
from globewire.hold.wake import Wakes
from globewire.message import AccessKeyId, AccountId, CarrierId, MessageId, Millis, State
from globewire.meter.dials import Meter

T = TypeVar("T")
CONNECTIONS = 8
"""Of one process at most: one for each line, and the rest for reading; the bell has one more."""
PATIENCE = 10.0
"""Seconds for a statement; a server that is silent for longer is taken to be gone."""
SETTINGS = {
    "application_name": "globewire",
    "jit": "off",
    # Batches are joined to big tables by key: the statistics of a day that has just begun must not say otherwise.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_material": "off",
    "random_page_cost": "1.1",
    # A process that stops in the middle of a transaction holds its locks for no longer.
    "idle_in_transaction_session_timeout": "15s",
}


class PostgresHold:
    """A Hold in a PostgreSQL database (15 or newer). `open` makes one."""

    def __init__(self, pool: Any, bell: Bell, wakes: Wakes, meter: Meter) -> None:
        self._pool, self._bell, self._wakes = pool, bell, wakes
        self._accepted = meter.messages.of(State.ACCEPTED)
        self._days = Days(pool)
        self._keeping, self._claiming, self._drawing, self._writing = self._lines = [
            Line(pool, self._days.mend, Tally(meter, line)) for line in ("keep", "claim", "draw", "write")
        ]
        fresh = Fresh(NOBODYS)
        self._keep: Work = partial(keeping.keep, fresh)
        self._claims: dict[str, Work] = {
            SEND.name: partial(lanes.claim_send, fresh),
            SETTLE.name: lanes.claim_settle,
            TELL.name: lanes.claim_tell,
        }
        self._silence = Silence()
        self._unclaimed: dict[str, set[int]] = {}
        self._looking = finding.Looking(
            partial(self._read, pages.keyed), partial(self._read, pages.floor), partial(self._read, pages.rows)
        )

    @classmethod
    async def open(cls, url: str, *, migrate: bool = False, durable: bool = True, meter: Meter | None = None) -> "PostgresHold":
        """Connect, and bring the schema up to date where `migrate` says so. SchemaFault says what is wrong, in a sentence: no
        connection (HoldAway, where that may pass), an older or newer schema, or, unless `durable` is False, a server that does
        not flush its commits."""
        wakes, hosts = Wakes(), Hosts(url, **_OPTIONS)
        try:
            await _prepare(await hosts.connect(), migrate, durable)
            bell = await Bell.hung(hosts.connect, wakes)
            return cls(await asyncpg.create_pool(connect=hosts.connect, **_POOL), bell, wakes, meter or Meter())
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as fault:
            kind = HoldAway if unreachable(fault) else SchemaFault
            raise kind(f"the database server cannot be used: {type(fault).__name__}: {fault}") from fault

    async def checksummed(self) -> bool:
        """Whether the server would see that its disk has altered a page."""
        return await self._read(checksummed)

    async def close(self) -> None:
        for line in self._lines:
            await line.close()
        await self._bell.close()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    # --- accept

    async def keep(
        self,
        submissions: Sequence[Submission],
        nonce: Nonce | None,
        conversions: Sequence[Conversion] = (),
        *,
        once: Once | None = None,
    ) -> str | None:
        if missing := self._days.missing(s.message.id for s in submissions):
            await self._try(self._days.make(missing))
        answer: str | None = await self._keeping.ask(self._keep, (submissions, nonce, conversions, once))
        if answer is None:
            self._accepted.add(len(submissions))
            for carrier in {s.carrier for s in submissions}:
                self._bell.ring(SEND, carrier)
        return answer

    async def nonces(self, now: Millis) -> dict[int, Millis]:
        await self._writing.ask(keeping.bar, now)
        return await self._read(ledger.nonces, now)

    # --- work

    async def claim(self, lane: Lane[J], limit: int, now: Millis, lease: int, of: str = "") -> list[J]:
        await self.free(CarrierId(of), now)
        try:
            return cast(list[J], await self._claiming.ask(self._claims[lane.name], (limit, now, lease, of)))
        except Unavailable:
            if lane.name == SEND.name:  # leases of other lanes are short
                self._unclaimed.setdefault(of, set()).add(now + lease)
            raise

    async def claim_sends(self, limits: Mapping[CarrierId, int], now: Millis, lease: int) -> dict[CarrierId, list[SendJob]]:
        return await each(limits, lambda carrier: self.claim(SEND, limits[carrier], now, lease, carrier))

    async def done(self, *outcomes: tuple[Job, Sequence[Fact]]) -> None:
        if (await self._writing.ask(lanes.done, outcomes)).anew:
            self._bell.ring(SETTLE)
        self._ring_for([fact for _, facts in outcomes for fact in facts])
        if any(isinstance(job, TellJob) for job, _ in outcomes):
            self._bell.ring(TELL)

    async def again(self, *jobs: tuple[Job, Millis | None], carrier: CarrierId | None = None) -> None:
        await self._writing.ask(lanes.again, (jobs, carrier))
        for of in {carrier or job.carrier for job, _ in jobs if isinstance(job, SendJob)}:
            self._bell.ring(SEND, of)

    async def record(self, *facts: Fact) -> None:
        await self._writing.ask(written.record, facts)
        self._ring_for(facts)

    async def bury(self, job: TellJob, now: Millis) -> None:
        await self._writing.ask(lanes.bury, job)
        self._bell.ring(TELL)

    async def revive(self, account: AccountId, now: Millis) -> int:
        count: int = await self._writing.ask(lanes.revive, account)
        self._bell.ring(TELL)
        return count

    async def replay(self, message: MessageId, now: Millis) -> bool:
        found = bool(await self._writing.ask(lanes.replay, (message, now)))
        self._bell.ring(TELL)
        return found

    async def recover(self, now: Millis, lane: Lane[J], of: str = "", *, before: Millis = FOREVER) -> None:
        await self._writing.ask(lanes.recover, (now, lane.name, of, before))

    async def free(self, carrier: CarrierId, now: Millis) -> None:
        if ends := frozenset(self._unclaimed.get(carrier, ())):
            await self._claiming.ask(lanes.unclaim, (carrier, sorted(ends), now))
            self._unclaimed[carrier] -= ends

    async def hasten(self, now: Millis, lane: Lane[J], ahead: int, of: str = "") -> int:
        count = int(await self._claiming.ask(lanes.hasten, (now, lane.name, ahead, of)))
        if count:
            self._bell.ring(lane, of)
        return count

    async def own(self, what: str, owner: str, now: Millis, lease: int) -> bool:
        until = await self._claiming.ask(sharing.own, (what, owner, now, lease, self._silence.of(what, now, lease)))
        return self._silence.saw(what, until, now)

    async def disown(self, owner: str) -> None:
        await self._claiming.ask(sharing.disown, owner)

    async def draw(self, quota: str, rate: float, want: int, now: Millis) -> int:
        return want if rate <= 0 else int(await self._drawing.ask(sharing.spend, (quota, rate, want, now)))

    async def left(self, quota: str, rate: float, now: Millis) -> int:
        return await self._read(sharing.left, quota, rate, now)

    async def silent(
        self, before: Mapping[CarrierId, Millis], limit: int, after: Reached = START
    ) -> tuple[list[Silent], Reached | None]:
        return await self._read(ledger.silent, before, limit, after)

    async def order(self, carrier: CarrierId, order: CarrierOrder, now: Millis) -> None:
        await self._writing.ask(ledger.order, (carrier, order, now))

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

    def _ring_for(self, facts: Sequence[Fact]) -> None:
        for lane in fed(facts):
            self._bell.ring(lane)

    # --- tend

    async def expire(self, now: Millis, grace: int, limit: int) -> int:
        overdue = await self._read(ledger.overdue, now - grace, limit)
        if overdue:
            await self.record(*expiries(overdue, now))
        return len(overdue)

    async def forget(self, bodies_before: Millis, messages_before: Millis, limit: int, *, now: Millis | None = None) -> int:
        if now is not None:
            await self._writing.ask(keeping.bar, now)
            await self._try(self._days.make((now // DAY, now // DAY + 1)))
        dropped = await self._try(self._days.drop(messages_before))
        bodies, messages = bodies_before * IDS, messages_before // DAY * DAY * IDS
        return dropped + int(await self._writing.ask(keeping.forget, (bodies, messages, messages_before, limit)))

    async def clear(self) -> None:
        await self._writing.ask(keeping.clear, None)

    async def stand(self, standings: Sequence[CarrierStanding]) -> None:
        await self._writing.ask(ledger.stand, standings)

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
        return await self._read(ledger.load)

    async def counts(self) -> dict[str, int]:
        return await self._read(ledger.counts)

    # --- the book

    async def book(self, after: int = -1) -> Book | None:
        return await self._read(ledger.book, after)

    async def put_account(self, entry: AccountEntry) -> None:
        await self._writing.ask(ledger.put, entry)

    async def put_key(self, entry: KeyEntry) -> None:
        await self._writing.ask(ledger.put, entry)

    async def delete_key(self, key: AccessKeyId) -> bool:
        return bool(await self._writing.ask(ledger.delete_key, key))

    async def put_user(self, entry: UserEntry) -> None:
        await self._writing.ask(ledger.put, entry)

    async def delete_user(self, account: AccountId, name: str) -> bool:
        return bool(await self._writing.ask(ledger.delete_user, (account, name)))

    async def put_policy(self, entry: PolicyEntry) -> None:
        await self._writing.ask(ledger.put, entry)

    async def delete_policy(self, account: AccountId, name: str) -> bool:
        return bool(await self._writing.ask(ledger.delete_policy, (account, name)))

    # --- connections

    async def _read(self, reading: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
        async def read() -> T:
            async with self._pool.acquire() as connection:
                try:
                    return await reading(connection, *arguments)
                except Exception as fault:
                    if stale(fault):
                        connection.terminate()
                        await self._pool.expire_connections()
                    raise

        return await self._try(read())

    async def _try(self, asked: Coroutine[Any, Any, T]) -> T:
        try:
            return await asked
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as fault:
            raise Unavailable(f"{type(fault).__name__}: {fault}") from fault


async def _as_it_is(connection: Any) -> None:
    """A connection goes back to the pool as it is: nobody changes its settings, and every transaction is ended by its owner."""


_POOL: dict[str, Any] = {
    "min_size": 0,
    "max_size": CONNECTIONS,
    "reset": _as_it_is,
    "max_inactive_connection_lifetime": 0,
    "max_queries": 1_000_000,
}
_OPTIONS: dict[str, Any] = {
    "server_settings": SETTINGS,
    "target_session_attrs": "read-write",
    "command_timeout": PATIENCE,
    "max_cached_statement_lifetime": 0,
}


async def _prepare(connection: Any, bring_up: bool, durable: bool) -> None:
    try:
        if durable:
            await check_durable(connection)
        if bring_up:
            await migrate(connection)
        await check(connection)
    finally:
        await connection.close()
