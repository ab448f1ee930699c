"""Ids: of messages, 18 digits that only grow, over restarts and over a clock that is set back; and of requests, UUIDs."""

import os
from collections.abc import Callable
from hashlib import blake2b
from itertools import count
from uuid import UUID

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
        made = []
        at = self._now()
        if at > self._at:
            self._at, self._count = at, 0
        for _ in range(count):
            if self._count == A_MILLISECOND:
                self._at, self._count = self._at + 1, 0
            made.append(MessageId((self._at * NODES + self._node) * A_MILLISECOND + self._count))
            self._count += 1
        return made


class RequestIds:
    """Makes RequestIds: upper-case UUIDs of version 5 (contract 3.1), unguessable, without asking the system for each."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._count = count()

    def __call__(self) -> str:
        digest = blake2b(next(self._count).to_bytes(8, "big"), key=self._key, digest_size=16).digest()
        return str(UUID(bytes=digest, version=5)).upper()
