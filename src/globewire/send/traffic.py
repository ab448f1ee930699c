"""What passes at a carrier, counted as it happens and summed up once a second: for whoever looks at the carriers.

An event costs an addition or two. It knows no session and no store; times are seconds of one clock that never goes back.
"""

from collections import Counter, deque
from collections.abc import Sequence
from itertools import chain

from globewire.hold.port import Delay

MINUTE = 60
"""Seconds that delays are told of."""
SAMPLED = 20
"""Durations of one second that are kept for that, evenly picked: of a minute 1,200, which is plenty for a percentile."""
RATED = 5
"""Turns over which the current rate is taken."""
AWAITED = 10_000
"""Parts whose receipt is awaited here, to know its delay. While there are so many, no other is added."""
PATIENCE = 3_600.0
"""Seconds after which a receipt is awaited here no more."""


class Recent:
    """The durations of the last minute."""

    __slots__ = ("_now", "_seconds")

    def __init__(self) -> None:
        self._now: list[float] = []
        self._seconds: deque[list[float]] = deque(maxlen=MINUTE)

    def note(self, seconds: float) -> None:
        """One more."""
        self._now.append(seconds)

    def turn(self) -> None:
        """A second is over."""
        self._seconds.append(self._now[:: len(self._now) // SAMPLED + 1])
        self._now = []

    def delay(self) -> Delay:
        """How long these took, in ms."""
        durations = sorted(chain.from_iterable(self._seconds))
        return Delay(*(_share(durations, share) for share in (0.5, 0.95))) if durations else Delay()


def _share(durations: Sequence[float], share: float) -> int:
    return round(durations[min(int(len(durations) * share), len(durations) - 1)] * 1000)


class Traffic:
    """The counts of one carrier since it began."""

    __slots__ = ("_awaited", "_submits", "answers", "receipt_delay", "receipts", "round_trip", "submits", "throttled", "unanswered")

    def __init__(self) -> None:
        self.submits = self.throttled = self.unanswered = self.receipts = 0
        self.answers: Counter[int] = Counter()
        """Answers to submits by status, but for those that say that it is too much."""
        self.round_trip, self.receipt_delay = Recent(), Recent()
        self._submits: deque[tuple[float, int]] = deque(maxlen=RATED + 1)
        self._awaited: dict[str, float] = {}

    def answered(self, status: int, took: float, *, throttled: bool) -> None:
        """A submit was answered after so many seconds; `throttled` where the status says that it is too much."""
        self.round_trip.note(took)
        if throttled:
            self.throttled += 1
        else:
            self.answers[status] += 1

    def taken(self, carrier_id: str, at: float) -> None:
        """A part was taken, under this id as ids are compared."""
        if len(self._awaited) < AWAITED:
            self._awaited[carrier_id] = at

    def heard(self, carrier_ids: Sequence[str], at: float) -> None:
        """A receipt was heard, of a part under any of these ids."""
        self.receipts += 1
        for carrier_id in carrier_ids:
            since = self._awaited.pop(carrier_id, None)
            if since is not None:
                self.receipt_delay.note(at - since)
                return

    def turn(self, at: float) -> None:
        """A second is over."""
        self.round_trip.turn()
        self.receipt_delay.turn()
        self._submits.append((at, self.submits))
        while self._awaited:
            oldest = next(iter(self._awaited))
            if self._awaited[oldest] > at - PATIENCE:
                break
            del self._awaited[oldest]

    @property
    def rate(self) -> float:
        """Submits a second, of late."""
        if len(self._submits) < 2:
            return 0.0
        (since, before), (until, after) = self._submits[0], self._submits[-1]
        return (after - before) / (until - since)
