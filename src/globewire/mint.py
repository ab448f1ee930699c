"""Ids: of messages, 18 digits that only grow, over restarts and over a clock that is set back; and of requests, UUIDs."""

import os
from collections.abc import Callable, Iterable
from hashlib import blake2b
from itertools import count
from typing import cast

from globewire.message import MessageId, Millis

NODES = 100
A_MILLISECOND = 1000
"""Ids that one node can make in a millisecond before it borrows from the next."""


class Mint:
    """Makes ids of the form 13 digits of milliseconds, 2 of the node, 3 of a counter; all later than the id `after`."""

    def __init__(self, now: Callable[[], Millis], node: int, after: int = 0) -> None:
        self._now, self._node = now, node
        self._at, self._count = after // (NODES * A_MILLISECOND), A_MILLISECOND

    def ids(self, count: int) -> list[MessageId]:
        """The next `count` ids, ascending. A clock that goes back makes them wait in the last millisecond's successors."""
        made: list[MessageId] = []
        at = self._now()
        if at > self._at:
            self._at, self._count = at, 0
        while count:
            if self._count == A_MILLISECOND:
                self._at, self._count = self._at + 1, 0
            first = (self._at * NODES + self._node) * A_MILLISECOND + self._count
            here = min(count, A_MILLISECOND - self._count)
            made += _range(first, first + here)
            self._count += here
            count -= here
        return made


_range = cast(Callable[[int, int], Iterable[MessageId]], range)


class RequestIds:
    """Makes RequestIds: upper-case UUIDs of version 5 (contract 3.1), unguessable, without asking the system for each."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._count = count()

    def __call__(self) -> str:
        digits = blake2b(next(self._count).to_bytes(8, "big"), key=self._key, digest_size=16).hexdigest().upper()
        return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


_VARIANT = {digit: "89AB"[place % 4] for place, digit in enumerate("0123456789ABCDEF")}
"""A digit with its upper bits as RFC 4122 section 4.1.1 wants them. Not by way of a UUID: that takes three times as long."""
