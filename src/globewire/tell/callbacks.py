"""The stage that tells customers: claim reports, push them, and take the acknowledgement or another try from what came back.

At least once, in order for each endpoint, one push in flight for each. Endpoints are served in turn, so that none waits for long
because others have much to be told. An endpoint that failed last time shares a quarter of the connections with its like, so
those that hang never hold up those that answer. The push itself is `tell.push`; how often and how late to try again is
`verdict.retry`.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from globewire.errors import Unavailable
from globewire.hold.port import ENDPOINTS, TELL, Hold, Noted, Push, Report, TellJob
from globewire.message import AccountId, MessageId, Millis
from globewire.meter.dials import Meter
from globewire.tell.address import Resolve
from globewire.tell.push import Client, PushResult, client, push
from globewire.values import dataclass
from globewire.verdict import outcome, retry
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
    def lease(self) -> int:
        """Milliseconds a claim holds: a wait for a free connection, a push, and the commit after it."""
        return round(self.timeout * 2000) + 5000

    @property
    def longest(self) -> int:
        """Milliseconds that reports are put off at most, by a claim or until the next try."""
        return max(self.lease, *(delay * 1000 for delay in self.delays), 0)


class Callbacks:
    """Pushes what is due until it is stopped. `clock` says what is due, `stamp` when a push is signed, which its receiver holds
    against a clock of its own."""

    def __init__(
        self,
        hold: Hold,
        *,
        settings: Settings,
        clock: Callable[[], Millis],
        secret_of: Callable[[AccountId], bytes],
        stamp: Callable[[], Millis] | None = None,
        resolve: Resolve | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._hold = hold
        self._settings = settings
        self._clock = clock
        self._stamp = stamp or clock
        self._secret_of = secret_of
        self._resolve = resolve
        self._meter = meter or Meter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._taken: list[tuple[TellJob, Push]] = []
        self._writing = False
        self._last_claimed = ""
        self._failing: set[AccountId] = set()
        self._sound: set[AccountId] = set()
        self._doubtful: set[AccountId] = set()
        self._most_doubtful = max(1, settings.connections // 4)
        self._most_sound = max(1, settings.connections - self._most_doubtful)
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
        settings = self._settings
        try:
            async with client(
                private=settings.allow_private,
                timeout=settings.timeout,
                connections=self._most_sound + self._most_doubtful,
                resolve=self._resolve,
            ) as http:
                try:
                    while not self._stopping.is_set():
                        await self._turn(http)
                    await asyncio.gather(*self._tasks)
                finally:
                    await self._break_off()
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Claim no more, and return when the pushes in flight have ended: after the timeout of one at the latest."""
        self._stopping.set()
        self._freed.set()
        self._hold.wake(TELL)
        await self._ended.wait()

    async def _turn(self, http: Client) -> None:
        """Claim once and begin what was claimed; where nothing more is due, wait for the hold's call."""
        if len(self._sound) >= self._most_sound:
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
        await self._begin(http, jobs, now)
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

    async def _begin(self, http: Client, jobs: Sequence[TellJob], claimed_at: Millis) -> None:
        """Begin a push of each job, as connections are free."""
        # A job left here is nobody's loss: its lease ends by itself, which serves as the pause of an endpoint that fails.
        for job in sorted(jobs, key=self._doubts, reverse=True):  # doubtful ones wait for no connection, and so begin first
            if self._doubts(job):
                if len(self._doubtful) < self._most_doubtful:
                    self._start(http, job, self._doubtful)
                continue
            while len(self._sound) >= self._most_sound:
                await self._one_ends()
            if self._clock() > claimed_at + self._settings.lease - self._settings.timeout * 1000:
                return  # the lease might end before the push does
            self._start(http, job, self._sound)

    def _doubts(self, job: TellJob) -> bool:
        return job.tries > 0 or job.account in self._failing

    def _start(self, http: Client, job: TellJob, among: set[AccountId]) -> None:
        if job.account in self._sound or job.account in self._doubtful:
            return
        among.add(job.account)
        task = asyncio.create_task(self._tell(http, job, among))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, http: Client, job: TellJob, among: set[AccountId]) -> None:
        """Push one job and write down what came of it."""
        try:
            try:
                made = await self._push(http, job)
            finally:
                # Before the hold hears of it: once it has, the endpoint's next reports may be claimed, and must not be left.
                among.discard(job.account)
                self._freed.set()
            await self._conclude(TellJob(job.account, job.url, job.tries, job.reports, made), made)
        except Unavailable:
            log.warning("callback.hold_unavailable", account=job.account)
        except Exception as fault:  # noqa: BLE001 - one endpoint's trouble must not end the stage; its lease brings it back
            log.error("callback.failed", account=job.account, fault=type(fault).__name__)

    async def _push(self, http: Client, job: TellJob) -> Push:
        at, content = self._clock(), callback.body(map(_item, job.reports))
        headers = callback.headers(self._secret_of(job.account), self._stamp() // 1000, content)
        result = await push(http, job.url, content, headers)
        return Push(at, result.took, result.status, result.acknowledged, result.reason, result.said, len(job.reports))

    async def _conclude(self, job: TellJob, made: Push) -> None:
        if made.acknowledged:
            self._failing.discard(job.account)
            await self._take(job, made)
            return
        self._failing.add(job.account)
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

    async def _take(self, job: TellJob, made: Push) -> None:
        """Have it written down that an endpoint took its reports: with all others that did meanwhile, by whoever came first."""
        self._taken.append((job, made))
        if self._writing:
            return
        self._writing = True
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


def _item(report: Report) -> callback.Item:
    return callback.Item(
        message=report.message,
        to=report.to,
        sent_at=report.accepted_at,
        received_at=report.ended_at,
        status=outcome.push_status(report.state),
        error_code=report.error_code,
        error=report.error,
        task_id=report.task_id,
        segments=report.segments,
    )
