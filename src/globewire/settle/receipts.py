"""Settle what became of messages: match each heard receipt to its part, decide the state, queue the callback."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from globewire.errors import Unavailable
from globewire.hold.port import SETTLE, Fact, Hold, Noted, PartBecame, SettleJob
from globewire.hold.settling import LATE, decide
from globewire.message import Millis
from globewire.meter.dials import Meter
from globewire.verdict import retry

log = structlog.get_logger()

BATCH = 500
LEASE = 15_000
"""Milliseconds after which another process settles what one that died had claimed. Settled twice is settled once: a final state
never changes."""
TRIES = 10
"""Seconds for which a batch is held on to while it cannot be written; then its lease ends."""
LINGER = 0.01
"""Seconds from the first receipt heard to its claim: what comes meanwhile is settled in the same transaction."""


class Receipts:
    """The settle stage's loop."""

    def __init__(self, hold: Hold, *, now: Callable[[], Millis], meter: Meter | None = None) -> None:
        self._hold, self._now, self._meter = hold, now, meter or Meter()
        self.busy = False
        """Whether receipts are claimed and what came of them is not written."""

    async def run(self) -> None:
        """Settle until cancelled."""
        while True:
            try:
                settled = await self.settle()
            except Unavailable as fault:
                log.error("the hold does not serve", stage="settle", reason=str(fault))
                await asyncio.sleep(1.0)
                continue
            if not settled:
                await self._hold.wait(SETTLE, 0.25)
                await asyncio.sleep(LINGER)

    async def settle(self) -> int:
        """Settle one batch of what is due; how many receipts there were."""
        self.busy = True
        try:
            return await self._settle(self._now())
        finally:
            self.busy = False

    async def _settle(self, now: Millis) -> int:
        jobs = await self._hold.claim(SETTLE, BATCH, now, LEASE)
        matched = [job for job in jobs if job.part is not None]
        if matched:
            outcomes = list(zip(matched, decide(matched, now), strict=True))
            if await self._write(lambda: self._hold.done(*outcomes)):
                self._count(outcomes)
        waiting = [(job, _look_again(job, now)) for job in jobs if job.part is None]
        if waiting and await self._write(lambda: self._hold.again(*waiting)):
            for job in (job for job, due in waiting if due is None):
                self._meter.receipts.of(job.carrier, "orphaned").add()
        return len(jobs)

    async def _write(self, write: Callable[[], Awaitable[None]]) -> bool:
        """Write what was decided, later where the hold does not serve now: else the receipts would rest until their lease ends.
        Whether it was written."""
        for _ in range(TRIES):
            try:
                await write()
                return True
            except Unavailable as fault:
                log.error("the hold does not serve", stage="settle", reason=str(fault))
                await asyncio.sleep(1.0)
        return False

    def _count(self, outcomes: list[tuple[SettleJob, list[Fact]]]) -> None:
        for job, facts in outcomes:
            match facts[0]:
                case PartBecame(state=state):
                    self._meter.receipts.of(job.carrier, state).add()
                    assert job.part is not None
                    self._meter.receipt_delay.of(job.carrier).note(max(0, job.heard_at - job.part.at) / 1000)
                case Noted(what=what):
                    self._meter.receipts.of(job.carrier, "late" if what == LATE else "interim").add()


def _look_again(job: SettleJob, now: Millis) -> Millis | None:
    """When to look for the part again; None once it is an orphan."""
    seconds = retry.receipt(job.tries)
    return None if seconds is None else Millis(now + round(seconds * 1000))
