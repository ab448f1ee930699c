"""The stage that tells customers: claim reports, push them, and take the acknowledgement or another try from what came back.

At least once, in order for each endpoint, one push in flight for each. Endpoints are served in turn, so that none waits for long
because others have much to be told. An endpoint that failed last time shares a quarter of the connections with its like, so
those that hang never hold up those that answer. The push itself is made by `tell.pusher`; how often and how late to try again is
`verdict.retry`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from itertools import count
from typing import Any

import structlog

from globewire.errors import Unavailable
from globewire.hold.port import ENDPOINTS, TELL, Hold, Noted, Push, TellJob
from globewire.message import AccountId, MessageId, Millis
from globewire.meter.dials import Meter
from globewire.tell.address import Resolve
from globewire.tell.push import PushResult, client, push
from globewire.tell.pusher import Came, Errand, How, Pusher, Pushers, here
from globewire.values import dataclass
from globewire.verdict import retry
from globewire.wire import callback

log = structlog.get_logger(__name__)

LINGER = 0.005
"""Seconds from the first report due to its claim, so that what comes meanwhile goes in the same push; and from the first
acknowledgement to its commit while other pushes are in flight, so that theirs go with it."""
PAUSE = 1.0
"""Seconds to wait before asking a hold again that could not serve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to push: `delays` and `timeout` are seconds, `batch` is reports a push, `connections` counts all endpoints' together.

    `idle`: seconds after which the hold is asked again though it did not call; what is due later is found by this.
    """

    allow_private: bool = False
    delays: tuple[int, ...] = (60, 300)
    timeout: float = 10.0
    batch: int = 100
    connections: int = 64
    idle: float = 1.0

    @property
    def most_doubtful(self) -> int:
        """Of the connections, how many those may have that failed last time."""
        return max(1, self.connections // 4)

    @property
    def most_sound(self) -> int:
        """How many all others may have."""
        return max(1, self.connections - self.most_doubtful)

    @property
    def how(self) -> How:
        """What a pusher is told."""
        return How(self.allow_private, self.timeout, self.most_sound + self.most_doubtful)

    @property
    def lease(self) -> int:
        """Milliseconds a claim holds: a wait for a free connection, a push, and the commit after it."""
        return round(self.timeout * 2000) + 5000

    @property
    def longest(self) -> int:
        """Milliseconds that reports are put off at most, by a claim or until the next try."""
        return max(self.lease, *(delay * 1000 for delay in self.delays), 0)


class Callbacks:
    """Pushes what is due until it is stopped. `clock` says what is due, `stamp` when a push is signed, which its receiver holds
    against a clock of its own. `pushers` makes whoever pushes, in this process where it is not given."""

    def __init__(
        self,
        hold: Hold,
        *,
        settings: Settings,
        clock: Callable[[], Millis],
        secret_of: Callable[[AccountId], bytes],
        stamp: Callable[[], Millis] | None = None,
        pushers: Pushers | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._hold = hold
        self._settings = settings
        self._clock = clock
        self._stamp = stamp or clock
        self._secret_of = secret_of
        self._pushers = pushers or partial(here, settings.how)
        self._meter = meter or Meter()
        self._numbers = count()
        self._under_way: dict[int, tuple[TellJob, Millis, set[AccountId]]] = {}
        """The pushes, by number: of what, begun when, and among whom their endpoints are."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._taken: list[tuple[TellJob, Push]] = []
        self._writing = False
        self._last_claimed = ""
        self._failing: set[AccountId] = set()
        self._sound: set[AccountId] = set()
        self._doubtful: set[AccountId] = set()
        self._stopping = asyncio.Event()
        self._freed = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()

    @property
    def busy(self) -> int:
        """How many endpoints are being pushed to."""
        return len(self._sound) + len(self._doubtful)

    async def run(self) -> None:
        """Push until `stop` or cancelled. Pushes in flight end first on `stop`, and are broken off when cancelled."""
        self._ended.clear()
        try:
            async with self._pushers(self._told) as pusher:
                while not self._stopping.is_set():
                    await self._turn(pusher)
                while self._under_way:
                    await self._one_ends()
                await asyncio.gather(*self._tasks)
        finally:
            await self._break_off()
            self._ended.set()

    async def stop(self) -> None:
        """Claim no more, and return when the pushes in flight have ended: after the timeout of one at the latest."""
        self._stopping.set()
        self._freed.set()
        self._hold.wake(TELL)
        await self._ended.wait()

    async def _turn(self, pusher: Pusher) -> None:
        """Claim once and begin what was claimed; where nothing more is due, wait for the hold's call."""
        if len(self._sound) >= self._settings.most_sound:
            await self._one_ends()
            return
        now = self._clock()
        try:
            jobs = await self._hold.claim(TELL, self._settings.batch, now, self._settings.lease, self._last_claimed)
        except Unavailable:
            log.warning("callback.hold_unavailable")
            await self._pause()
            return
        if jobs:
            self._last_claimed = jobs[-1].account
        await self._begin(pusher, jobs, now)
        if len(jobs) < ENDPOINTS:
            await self._hold.wait(TELL, self._settings.idle)
            await asyncio.sleep(LINGER)

    async def _one_ends(self) -> None:
        """Return when a push has ended, or when stopping."""
        self._freed.clear()
        await self._freed.wait()

    async def _pause(self) -> None:
        """Return when stopping, after PAUSE at the latest."""
        try:
            async with asyncio.timeout(PAUSE):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _begin(self, pusher: Pusher, jobs: Sequence[TellJob], claimed_at: Millis) -> None:
        """Begin a push of each job, as connections are free."""
        # A job left here is nobody's loss: its lease ends by itself, which serves as the pause of an endpoint that fails.
        for job in sorted(jobs, key=self._doubts, reverse=True):  # doubtful ones wait for no connection, and so begin first
            if self._doubts(job):
                if len(self._doubtful) < self._settings.most_doubtful:
                    self._start(pusher, job, self._doubtful)
                continue
            while len(self._sound) >= self._settings.most_sound:
                await self._one_ends()
            if self._clock() > claimed_at + self._settings.lease - self._settings.timeout * 1000:
                return  # the lease might end before the push does
            self._start(pusher, job, self._sound)

    def _doubts(self, job: TellJob) -> bool:
        return job.tries > 0 or job.account in self._failing

    def _start(self, pusher: Pusher, job: TellJob, among: set[AccountId]) -> None:
        if job.account in self._sound or job.account in self._doubtful:
            return
        try:
            secret = self._secret_of(job.account)
        except Exception as fault:  # noqa: BLE001 - one endpoint's trouble must not end the stage; its lease brings it back
            log.error("callback.failed", account=job.account, fault=type(fault).__name__)
            return
        among.add(job.account)
        number = next(self._numbers)
        self._under_way[number] = (job, self._clock(), among)
        pusher.begin(number, Errand(job.url, secret, self._stamp() // 1000, job.reports))

    def _told(self, came: Sequence[tuple[int, Came]]) -> None:
        """Pushes have ended: have it written down what came of them."""
        for number, result in came:
            job, at, among = self._under_way.pop(number)
            # Before the hold hears of it: once it has, the endpoint's next reports may be claimed, and must not be left.
            among.discard(job.account)
            if isinstance(result, str):  # its lease brings it back
                log.error("callback.failed", account=job.account, fault=result)
                continue
            made = Push(at, result.took, result.status, result.acknowledged, result.reason, result.said, len(job.reports))
            job = TellJob(job.account, job.url, job.tries, job.reports, made)
            if made.acknowledged:
                self._failing.discard(job.account)
                self._taken.append((job, made))
            else:
                self._failing.add(job.account)
                self._have(self._refused(job, made), account=job.account)
        self._freed.set()
        if self._taken and not self._writing:
            self._writing = True
            self._have(self._write())

    def _have(self, done: Coroutine[Any, Any, None], **about: str) -> None:
        """Have something written down; where that fails the log says so, `about` whom."""
        task = asyncio.create_task(self._kept_from_harm(done, about))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _kept_from_harm(self, done: Coroutine[Any, Any, None], about: dict[str, str]) -> None:
        try:
            await done
        except Unavailable:
            log.warning("callback.hold_unavailable", **about)
        except Exception as fault:  # noqa: BLE001 - one endpoint's trouble must not end the stage; its lease brings it back
            log.error("callback.failed", fault=type(fault).__name__, **about)

    async def _refused(self, job: TellJob, made: Push) -> None:
        """Have it tried again later, or given up."""
        delay = retry.callback(job.tries, self._settings.delays)
        now = self._clock()
        if delay is None:
            await self._hold.bury(job, now)
            self._count("buried", [(job, made)])
            why = f"given up after {job.tries + 1} pushes: {made.reason}"
            await self._hold.record(*(Noted(report.message, now, "callback", why) for report in job.reports))
        else:
            await self._hold.again((job, Millis(now + delay * 1000)))
            self._count("again", [(job, made)])

    async def _write(self) -> None:
        """Have it written down who took their reports: all that did meanwhile together."""
        try:
            await asyncio.sleep(LINGER if self.busy else 0)  # 0: those whose answers came in the same turn of the loop
            while self._taken:
                taken, self._taken = self._taken, []
                await self._done(taken)
        finally:
            self._writing = False

    async def _done(self, taken: Sequence[tuple[TellJob, Push]]) -> None:
        try:
            await self._hold.done(*((job, ()) for job, _ in taken))
        except Unavailable:
            if len(taken) == 1:
                log.warning("callback.hold_unavailable", account=taken[0][0].account)
            else:  # one that cannot be written must not hold up the others
                await asyncio.gather(*(self._done([each]) for each in taken))
            return
        self._count("acknowledged", taken)

    def _count(self, became: str, pushes: Sequence[tuple[TellJob, Push]]) -> None:
        """Count pushes of which the same became, and log each."""
        self._meter.pushes.of(became).add(len(pushes))
        self._meter.reports.of(became).add(sum(made.reports for _, made in pushes))
        seconds, event = self._meter.push_seconds.of(became), f"callback.{became}"
        # Looked up once: that costs more than a call that logs nothing.
        say = log.debug if became == "acknowledged" else log.warning
        for job, made in pushes:
            seconds.note(made.took / 1000)
            say(event, account=job.account, reports=made.reports, tries=job.tries + 1, reason=made.reason, took=made.took)

    async def _break_off(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_push(url: str, *, settings: Settings, secret: bytes, now: Millis, resolve: Resolve | None = None) -> PushResult:
    """Push one report that is marked as a test (MessageId 0, TaskId `globewire-test`) to `url`, past the hold."""
    item = callback.Item(
        message=MessageId(0),
        to="10000000000",
        sent_at=now,
        received_at=now,
        status="1",
        error_code="DELIVERED",
        error="this is a test: no message was sent",
        task_id="globewire-test",
        segments=1,
    )
    content = callback.body([item])
    async with client(private=settings.allow_private, timeout=settings.timeout, connections=1, resolve=resolve) as http:
        return await push(http, url, content, callback.headers(secret, now // 1000, content))
