"""Values between a process and its child: each is its pickle behind the count of its octets. Both are this program, and nobody else
has an end of what they talk over."""

import pickle
from collections.abc import Iterator
from typing import Any

OVER = None
"""What comes after the last that is asked: without it the other side has not closed, but died."""
_HEAD = 4


def pickled(value: Any) -> bytes:
    """The octets of a value."""
    octets = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return len(octets).to_bytes(_HEAD, "little") + octets


class Pickles:
    """What came of a stream of them."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, octets: bytes) -> Iterator[Any]:
        """The values that are whole with these octets."""
        rest, at = self._rest, 0
        rest += octets
        while len(rest) - at >= _HEAD and len(rest) - at >= (end := _HEAD + int.from_bytes(rest[at : at + _HEAD], "little")):
            yield pickle.loads(rest[at + _HEAD : at + end])  # noqa: S301 - from this program itself
            at += end
        del rest[:at]
