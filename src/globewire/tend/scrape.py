"""All metrics at one moment: what the stages counted, and what the store says of the work that there is.

Reading the store is bounded: what was not read in time is left out, and a metric says so. Scrapes that come within a second of
one another share one reading, so that whoever scrapes a lot costs the store no more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from time import monotonic
from typing import TypeVar

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector

from globewire import __version__
from globewire.errors import Unavailable
from globewire.hold.port import SEND, CarrierStanding, Hold, Load
from globewire.message import FINAL, CarrierId, Millis, State
from globewire.meter import rows
from globewire.meter.dials import Meter
from globewire.meter.rows import Row

PATIENCE = 2.0
"""Seconds for each of the two readings; Prometheus itself gives up after ten."""
FRESH = 1.0
"""Seconds for which a reading is good."""
T = TypeVar("T")
BY_ACCOUNT = frozenset({"tell", "dead"})
"""Lanes of which an account is told while it has jobs there: ten thousand accounts with none took most of a second to write out."""


class Scrape:
    """Tells all metrics. `running` says which of this process's stages run now, `connections` how many the API has."""

    def __init__(
        self,
        hold: Hold,
        meter: Meter,
        *,
        now: Callable[[], Millis],
        carriers: Sequence[CarrierId],
        running: Callable[[], dict[str, bool]],
        connections: Callable[[], int],
    ) -> None:
        self._hold, self._meter, self._now = hold, meter, now
        self._carriers, self._running, self._connections = carriers, running, connections
        self._process = ProcessCollector(registry=None)
        self._reading = asyncio.Lock()
        self._read_at = -FRESH
        self._load: Load | None = None
        self._standings: list[CarrierStanding] | None = None

    async def text(self, accept: str) -> tuple[bytes, str]:
        """The metrics as whoever sends this Accept header reads them, and the content type."""
        await self._read()
        encode, content_type = choose_encoder(accept)
        return encode(self), content_type

    def collect(self) -> Iterator[Metric]:
        """What was read last, and what is counted (prometheus-client calls such a thing a Collector)."""
        yield _gauge(rows.BUILD, {(__version__,): 1})
        yield _gauge(rows.STAGE, {(stage,): int(runs) for stage, runs in self._running().items()})
        yield _gauge(rows.CONNECTIONS, {(): self._connections()})
        yield from self._meter.collect()
        unread = {"work": self._load is None, "carriers": self._standings is None}
        yield _gauge(rows.SCRAPE_ERRORS, {(what,): int(missing) for what, missing in unread.items()})
        if self._load is not None:
            yield from self._work(self._load)
        if self._standings is not None:
            now = self._now()
            yield _gauge(rows.BOUND, {(s.carrier,): s.bound if s.running(now) else 0 for s in self._standings})
            yield _gauge(rows.OVERDUE, {(standing.carrier,): standing.figures.overdue for standing in self._standings})
            yield _gauge(rows.BINDS, {(standing.carrier,): standing.binds for standing in self._standings})
        yield from self._process.collect()

    def _work(self, load: Load) -> Iterator[Metric]:
        yield _gauge(rows.OPEN, {(state,): load.open.get(state, 0) for state in State if state not in FINAL})
        jobs: dict[tuple[str, ...], float] = {(SEND.name, carrier): 0 for carrier in self._carriers}
        ages = dict(jobs)
        for waiting in load.waiting:
            if waiting.lane in BY_ACCOUNT and not waiting.jobs:
                continue
            lane = waiting.lane, waiting.of
            jobs[lane] = waiting.jobs
            ages[lane] = max(0, self._now() - waiting.since) / 1000 if waiting.jobs else 0
        yield _gauge(rows.WAITING, jobs)
        yield _gauge(rows.OLDEST, ages)

    async def _read(self) -> None:
        async with self._reading:
            if monotonic() - self._read_at >= FRESH:
                self._load = await _in_time(self._hold.load())
                self._standings = await _in_time(self._hold.carriers())
                self._read_at = monotonic()


async def _in_time(reading: Awaitable[T]) -> T | None:
    """What was read, None where the store does not say."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await reading
    except (TimeoutError, Unavailable):
        return None


def _gauge(row: Row, values: dict[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(row.name, row.help, labels=row.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family
