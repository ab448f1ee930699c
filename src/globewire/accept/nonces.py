"""Which nonces were used: all of them in memory, so that a replay is refused at once; those that changed something are kept."""

from collections.abc import Callable, Mapping

from globewire.errors import NONCE_USED, refuse
from globewire.message import Millis

SPAN = 600_000
"""Milliseconds in one generation. A mark is dropped when its generation's last moment of freshness has passed."""

BUCKETS = 32_768
"""A generation's marks lie in so many rows of octets: one takes about 12 bytes, and 70 in a set. A row is searched at 2 GB a
second, so that among a million marks, ten minutes of 1,700 calls a second, it takes a third of a microsecond."""
OCTETS = 8


class Marks:
    """A set of marks that may grow large."""

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        self._buckets: list[bytearray | None] = [None] * BUCKETS

    def __contains__(self, mark: int) -> bool:
        bucket = self._buckets[mark % BUCKETS]
        if bucket is None:
            return False
        octets = mark.to_bytes(OCTETS)
        at = bucket.find(octets)
        while at > 0 and at % OCTETS:  # the end of one mark and the beginning of the next
            at = bucket.find(octets, at + 1)
        return at >= 0

    def add(self, mark: int) -> None:
        """Add a mark that is not in it."""
        bucket = self._buckets[mark % BUCKETS]
        if bucket is None:
            bucket = self._buckets[mark % BUCKETS] = bytearray()
        bucket += mark.to_bytes(OCTETS)


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
        for marks in generations.values():
            if mark in marks:
                raise refuse(NONCE_USED)
        generation = until // SPAN
        own = generations.get(generation)
        if own is None:
            own = generations[generation] = Marks()
            past = self._now() // SPAN
            for old in [g for g in generations if g < past]:
                del generations[old]
        own.add(mark)
