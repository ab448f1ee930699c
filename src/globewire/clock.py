"""The clocks of a running gateway: the wall's, and one that never goes back. An emulator may move them ahead of the real ones."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from globewire.message import Millis

AGREES = 1_000
"""Milliseconds by which the wall clock may be off what it should be by now, without a leap."""
BELIEVED = 900.0
"""Seconds after which a leap is taken for good: a request that was fresh before it is not fresh any more."""
REMEMBERED = 3600.0
"""Seconds for which it is known how the wall clock was set before."""
MOST = 64
"""Settings of the wall clock that are remembered."""


@dataclass(slots=True)
class _Setting:
    """How the wall clock was set: its lead over the other in ms, and when by that one it was first and last seen so."""

    lead: int
    since: float
    seen: float


class Clock:
    """Tells the time. `advance` moves both clocks forward, as if so long had passed; `leap` sets the wall clock only, forward or
    back, as an operator or a time server does. Those in `moved` are called after either, to look again at what is due."""

    def __init__(self) -> None:
        self._passed = self._leapt = 0.0
        self._passed_ms = self._leapt_ms = self._ahead_ms = 0
        """What was passed, what was leapt, and both: in the unit that is told, several times a message."""
        self._timers: set[Timer] = set()
        self.moved: list[Callable[[], None]] = []
        at = self.monotonic()
        self._settings = [_Setting(self.now() - round(at * 1000), at, at)]
        self._lead = self._settings[0].lead

    def now(self) -> Millis:
        """The wall clock, in milliseconds since 1970."""
        return Millis(time.time_ns() // 1_000_000 + self._ahead_ms)

    def real(self) -> Millis:
        """As `now`, if it had never been advanced: what others' clocks show."""
        return Millis(time.time_ns() // 1_000_000 + self._leapt_ms)

    def outside(self, tell: Callable[[], Millis]) -> Millis:
        """What `tell`, of this clock, would show if it had never been advanced: for what is held against clocks of others."""
        return Millis(tell() - self._passed_ms)

    def wall(self) -> float:
        """The wall clock, in seconds since 1970."""
        return time.time() + self._passed + self._leapt

    def steady(self) -> Millis:
        """As `now`, but a leap counts only when it has lasted: for leases and paces, which many processes may share."""
        at = self.monotonic()
        ms = round(at * 1000)
        setting = self._setting(at, ms)
        if -AGREES <= setting.lead - self._lead <= AGREES or at - setting.since >= BELIEVED:
            self._lead = setting.lead
        return Millis(self._lead + ms)

    def earliest(self) -> Millis:
        """The earliest that it may be, as the wall clock was set in the last hour: for what must not end too early."""
        at = self.monotonic()
        ms = round(at * 1000)
        self._setting(at, ms)
        return Millis(min(setting.lead for setting in self._settings) + ms)

    def latest(self) -> Millis:
        """The later of `now` and `steady`: for what must not begin too late."""
        return max(self.now(), self.steady())

    def monotonic(self) -> float:
        """Seconds from some moment; never fewer than before."""
        return time.monotonic() + self._passed

    @property
    def ahead(self) -> float:
        """Seconds by which it was advanced in all."""
        return self._passed

    def call_later(self, seconds: float, call: Callable[[], None]) -> "Timer":
        """Have `call` made when so long has passed by `monotonic`. Like a loop's call_later, which an advance would not hurry."""
        timer = Timer(self.monotonic() + seconds, call, self._timers, self.monotonic)
        self._timers.add(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, which must not be negative."""
        assert seconds >= 0
        self._passed += seconds
        self._reckon()
        for timer in sorted(self._timers, key=lambda timer: timer.at):
            timer.look_again()
        self._tell()

    def leap(self, seconds: float) -> None:
        """Set the wall clock by `seconds`, back where they are negative."""
        self._leapt += seconds
        self._reckon()
        self._tell()

    def _reckon(self) -> None:
        self._passed_ms, self._ahead_ms = round(self._passed * 1000), round((self._passed + self._leapt) * 1000)
        self._leapt_ms = self._ahead_ms - self._passed_ms

    def _setting(self, at: float, ms: int) -> _Setting:
        """How the wall clock is set now, `at` seconds by the other, which are `ms`."""
        lead, last = self.now() - ms, self._settings[-1]
        if -AGREES <= lead - last.lead <= AGREES:
            last.lead, last.seen = lead, at
        else:
            self._settings.append(_Setting(lead, at, at))
        if len(self._settings) > 1:
            self._settings = [each for each in self._settings[-MOST:] if at - each.seen <= REMEMBERED]
        return self._settings[-1]

    def _tell(self) -> None:
        for call in self.moved:
            call()


class Timer:
    """A call to be made at `at` of a clock that may be advanced."""

    def __init__(self, at: float, call: Callable[[], None], pending: "set[Timer]", clock: Callable[[], float]) -> None:
        self.at = at
        self._call, self._pending, self._clock = call, pending, clock
        self._arm()

    def cancel(self) -> None:
        """Make no call."""
        self._pending.discard(self)
        self._handle.cancel()

    def look_again(self) -> None:
        """The clock was moved: make the call soon where it is due, else as much sooner."""
        self._handle.cancel()
        self._arm()

    def _arm(self) -> None:
        self._handle = asyncio.get_running_loop().call_later(max(0.0, self.at - self._clock()), self._due)

    def _due(self) -> None:
        self._pending.discard(self)
        self._call()
