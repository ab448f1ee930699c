"""Owners that fell silent: their leases stand as they were, though they have long to go by the clock that they were made by.

A lease is told by clocks. One that was taken by a clock that was ahead by an hour would outlive its owner by that hour. So whoever
is refused remembers until when the lease went; a living owner renews it, and it moves. Touches no store.
"""

from globewire.message import Millis

NOBODY = -1
PATIENCE = 2
"""Leases for which another's may stand still."""


class Silence:
    """What a store last said of leases that others hold, and since when it says the same."""

    def __init__(self) -> None:
        self._stood: dict[str, tuple[int, int]] = {}

    def of(self, what: str, now: Millis, lease: int) -> int:
        """Until when the lease of `what` goes that nobody has renewed for so long; NOBODY where there is none."""
        until, since = self._stood.get(what, (NOBODY, now))
        return until if now - since >= PATIENCE * lease else NOBODY

    def saw(self, what: str, until: int | None, now: Millis) -> bool:
        """Remember until when another's lease goes, None where it is ours now; whether it is ours."""
        if until is None:
            self._stood.pop(what, None)
            return True
        stood = self._stood.get(what)
        if stood is None or stood[0] != until or now < stood[1]:
            self._stood[what] = until, now
        return False
