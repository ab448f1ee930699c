"""The counters of one gateway, and their reading in Prometheus's terms.

Not prometheus-client's own instruments: those take a lock for each count. With that, and the look-up of labels, they come to
1.8 us a count, and eight counts to two hundredths of what a message costs; these take 0.3 us. Each series is turned by one
thread only; whoever reads meanwhile may miss what is being counted just now, never more.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from globewire.message import Encoding, State
from globewire.meter import rows
from globewire.meter.rows import Row


class Count:
    """A number that only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def add(self, much: int = 1) -> None:
        """Count so many more."""
        self.value += much


class Spread:
    """How values spread over the intervals that `bounds` end; a bound belongs to the interval that it ends."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds, self.counts, self.sum = bounds, [0] * (len(bounds) + 1), 0.0

    def note(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Counts:
    """A counter: a Count for each combination of labels. Those `known` from the start are exposed as 0 before they are counted."""

    __slots__ = ("_series", "row")

    def __init__(self, row: Row, known: Iterable[str] = ()) -> None:
        self.row = row
        self._series: dict[tuple[str, ...], Count] = {(label,): Count() for label in known}

    def of(self, *labels: str) -> Count:
        """The series with these values of the row's labels, in their order."""
        found = self._series.get(labels)
        return self._series.setdefault(labels, Count()) if found is None else found

    def family(self) -> Metric:
        """What was counted until now."""
        family = CounterMetricFamily(self.row.name, self.row.help, labels=self.row.labels)
        for labels, count in list(self._series.items()):
            family.add_metric(labels, count.value)
        return family


class Spreads:
    """A histogram: a Spread for each combination of labels."""

    __slots__ = ("_series", "row")

    def __init__(self, row: Row, known: Iterable[str] = ()) -> None:
        self.row = row
        self._series: dict[tuple[str, ...], Spread] = {(label,): Spread(row.bounds) for label in known}

    def of(self, *labels: str) -> Spread:
        """The series with these values of the row's labels, in their order."""
        found = self._series.get(labels)
        return self._series.setdefault(labels, Spread(self.row.bounds)) if found is None else found

    def family(self) -> Metric:
        """What was counted until now."""
        family = HistogramMetricFamily(self.row.name, self.row.help, labels=self.row.labels)
        ends = [*map(str, self.row.bounds), "+Inf"]
        for labels, spread in list(self._series.items()):
            counts = list(accumulate(spread.counts))
            family.add_metric(labels, list(zip(ends, counts, strict=True)), spread.sum)
        return family


PUSHED = ("acknowledged", "again", "buried")
"""What can become of a push."""


class Meter:
    """All counters of one gateway. Stages are given it and turn what is theirs; two gateways in one process have two."""

    def __init__(self) -> None:
        self.calls, self.call_seconds = Counts(rows.CALLS), Spreads(rows.CALL_SECONDS)
        self.numbers_refused = Counts(rows.NUMBERS_REFUSED)
        self.segments = Counts(rows.SEGMENTS, Encoding)
        self.messages = Counts(rows.MESSAGES, State)
        self.commits, self.commit_seconds = Spreads(rows.COMMITS), Spreads(rows.COMMIT_SECONDS)
        self.commits_failed = Counts(rows.COMMITS_FAILED)
        self.submits, self.submit_delay = Counts(rows.SUBMITS), Spreads(rows.SUBMIT_DELAY)
        self.queries = Counts(rows.QUERIES)
        self.receipts, self.receipt_delay = Counts(rows.RECEIPTS), Spreads(rows.RECEIPT_DELAY)
        self.pushes, self.reports = Counts(rows.PUSHES, PUSHED), Counts(rows.REPORTS, PUSHED)
        self.push_seconds = Spreads(rows.PUSH_SECONDS)

    def collect(self) -> Iterator[Metric]:
        """What was counted until now (prometheus-client calls such a thing a Collector)."""
        for dial in vars(self).values():
            yield dial.family()
