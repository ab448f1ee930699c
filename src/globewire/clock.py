"""The clocks of a running gateway: the wall's, and one that never goes back. An emulator may move them ahead of the real ones."""

import time
from collections.abc import Callable

from globewire.message import Millis


class Clock:
    """Tells the time. `advance` moves both clocks forward, as if so long had passed; `leap` sets the wall clock only, forward or
    back, as an operator or a time server does. Those in `moved` are called after either, to look again at what is due."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._leapt = 0.0
        self.moved: list[Callable[[], None]] = []

    def now(self) -> Millis:
        """The wall clock, in milliseconds since 1970."""
        return Millis(time.time_ns() // 1_000_000 + round((self._passed + self._leapt) * 1000))

    def wall(self) -> float:
        """The wall clock, in seconds since 1970."""
        return time.time() + self._passed + self._leapt

    def monotonic(self) -> float:
        """Seconds from some moment; never fewer than before."""
        return time.monotonic() + self._passed

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, which must not be negative."""
        assert seconds >= 0
        self._passed += seconds
        self._tell()

    def leap(self, seconds: float) -> None:
        """Set the wall clock by `seconds`, back where they are negative."""
        self._leapt += seconds
        self._tell()

    def _tell(self) -> None:
        for call in self.moved:
            call()
