"""Which nonces were used: all of them in memory, so that a replay is refused at once; those that changed something are kept."""

from array import array
from collections.abc import Callable, Mapping

from globewire.errors import NONCE_USED, refuse
from globewire.message import Millis

SPAN = 600_000
"""Milliseconds in one generation. A mark is dropped when its generation's last moment of freshness has passed."""

BUCKETS = 8192
"""A generation's marks lie in so many arrays: one takes about 16 bytes, and 70 in a set."""


class Marks:
    """A set of marks that may grow large."""

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        self._buckets: list[array[int] | None] = [None] * BUCKETS

    def __contains__(self, mark: int) -> bool:
        bucket = self._buckets[mark % BUCKETS]
        return bucket is not None and mark in bucket

    def add(self, mark: int) -> None:
        """Add a mark that is not in it."""
        bucket = self._buckets[mark % BUCKETS]
        if bucket is None:
            bucket = self._buckets[mark % BUCKETS] = array("q")
        bucket.append(mark)


class Nonces:
    """Marks of used nonces, in generations by the moment after which their requests could not be fresh any more."""

    def __init__(self, kept: Mapping[int, Millis], now: Callable[[], Millis]) -> None:
        self._now = now
        self._generations: dict[int, Marks] = {}
        for mark, until in kept.items():
            self._generations.setdefault(until // SPAN, Marks()).add(mark)

    def use(self, mark: int, until: Millis) -> None:
        """Use it up, or Refused with NONCE_USED."""
        generations = self._generations
        if any(mark in marks for marks in generations.values()):
            raise refuse(NONCE_USED)
        generation = until // SPAN
        marks = generations.get(generation)
        if marks is None:
            marks = generations[generation] = Marks()
            past = self._now() // SPAN
            for old in [g for g in generations if g < past]:
                del generations[old]
        marks.add(mark)
