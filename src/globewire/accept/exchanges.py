"""The last exchanges, kept in memory so that a request and its reply can be looked at. Nothing of it is written anywhere.

What is kept while answering are references to octets that exist anyway; all reading waits until somebody looks. It is bounded by
count and by octets: past either the oldest go. An exchange that is a large part of all the room by itself is not kept, since a
few of them would drive out everything else.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice

from globewire.accept.rendering import Rendered
from globewire.message import Millis
from globewire.wire.exchange import Exchange, exchange
from globewire.wire.request import Raw

OCTETS = 32 * 1024 * 1024
"""Of requests and replies together, about."""
LARGEST = OCTETS // 8
EACH = 2048
"""What headers and Python's own objects are counted for."""

_Kept = tuple[Raw, Rendered, Millis, int, int]


class Ring:
    """At most `most` exchanges, none where that is 0. `account_of` names an AccessKey's account."""

    def __init__(self, most: int, *, now: Callable[[], Millis], account_of: Callable[[str], str]) -> None:
        self._most, self._now, self._account_of = most, now, account_of
        self._kept: deque[_Kept] = deque()
        self._octets = 0

    def begin(self) -> Millis:
        """The moment of a request, for `keep`."""
        return self._now()

    def keep(self, raw: Raw, reply: Rendered, began: Millis) -> None:
        """Keep it, in place of the oldest where there is no room."""
        octets = EACH + len(raw.query) + len(raw.body) + len(reply.body)
        if octets > LARGEST or not self._most:
            return
        self._kept.append((raw, reply, began, self._now() - began, octets))
        self._octets += octets
        while len(self._kept) > self._most or self._octets > OCTETS:
            self._octets -= self._kept.popleft()[4]

    def told(self, raw: Raw, reply: Rendered, began: Millis) -> Exchange:
        """An exchange that has just ended, whether it is kept or not."""
        return exchange(raw, reply.front, reply.body, began, self._now() - began, self._account_of)

    def latest(self, most: int, *, refused: bool = False) -> list[Exchange]:
        """As the port says."""
        told = (self._tell(each) for each in reversed(self._kept))
        return list(islice((each for each in told if each.refused or not refused), most))

    def find(self, request_id: str) -> Exchange | None:
        """As the port says."""
        mark = b"x-acs-request-id: " + request_id.encode("latin-1", "replace") + b"\r\n"
        return next((self._tell(each) for each in reversed(self._kept) if mark in each[1].front), None)

    def _tell(self, kept: _Kept) -> Exchange:
        raw, reply, began, took, _ = kept
        return exchange(raw, reply.front, reply.body, began, took, self._account_of)
