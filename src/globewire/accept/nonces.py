"""Which nonces were used: all of them in memory, so that a replay is refused at once; those that changed something are kept."""

from collections.abc import Callable, Mapping

from globewire.errors import NONCE_USED, refuse
from globewire.message import Millis

SPAN = 600_000
"""Milliseconds in one generation. A mark is dropped when its generation's last moment of freshness has passed."""

ROWS = 4096
"""A generation's marks lie in so many rows of octets, by their first 12 bits: one takes about 8 octets, and 70 in a set. A row is
searched at 2 GB a second, so that among a million marks, ten minutes of 1,700 calls a second, it takes a microsecond. It is bytes
and no bytearray, which keeps room to grow in, and leaves holes of sizes that no other row has a use for."""
OCTETS = 6
"""A mark's last 48 bits, in its row. Between lie three bits that are not looked at: among a million nonces that were used, one
that was not is taken for one of them once in 10**12 times."""

_Generation = list[bytes]


class Nonces:
    """Marks (63 bits) of used nonces, in generations by the ms after which their requests could not be fresh any more."""

    def __init__(self, kept: Mapping[int, Millis], now: Callable[[], Millis]) -> None:
        self._now = now
        self._generations: dict[int, _Generation] = {}
        for mark, until in kept.items():
            row, octets = _split(mark)
            self._of(until)[row] += octets

    def use(self, mark: int, until: Millis) -> None:
        """Use it up, or Refused with NONCE_USED."""
        row, octets = _split(mark)
        for generation in self._generations.values():
            if _has(generation[row], octets):
                raise refuse(NONCE_USED)
        self._of(until)[row] += octets

    def _of(self, until: Millis) -> _Generation:
        """The generation of what may be fresh until then. As a new one begins, those that are past are dropped."""
        place = until // SPAN
        if place not in self._generations:
            past = self._now() // SPAN
            self._generations = {each: old for each, old in self._generations.items() if each >= past}
            self._generations[place] = [b""] * ROWS
        return self._generations[place]


def _split(mark: int) -> tuple[int, bytes]:
    """Which row, and what to look for there."""
    return mark >> 51, mark.to_bytes(8)[-OCTETS:]


def _has(row: bytes, octets: bytes) -> bool:
    at = row.find(octets)
    while at > 0 and at % OCTETS:  # the end of one mark and the beginning of the next
        at = row.find(octets, at + 1)
    return at >= 0
