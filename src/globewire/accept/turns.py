"""Whose turn it is: quotas of one process, or of many that share a hold.

A process that shares draws a few calls' worth at a time and spends them within a second, so that the hold is asked a few times
a second and not with every call; what it does not spend is lost to the others for that long.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from globewire.errors import THROTTLING_USER, refuse
from globewire.hold.port import Hold
from globewire.message import AccountId, Millis
from globewire.verdict.admit import Caller, keep_pace, limit
from globewire.verdict.pace import Throttle

SHARE = 0.05
"""Seconds' worth of a quota that is drawn at once."""
SPENT_WITHIN = 1_000
"""Milliseconds after which what was drawn and not spent is lost."""
MOST = 65_536
"""Quotas remembered; past it all are forgotten, which costs a draw each."""


class OwnTurns:
    """The quotas of a process that is alone, by a clock that does not leap."""

    def __init__(self, now: Callable[[], Millis]) -> None:
        self._throttle, self._now = Throttle(), now

    def forget(self) -> None:
        """Begin anew: nobody has called."""
        self._throttle = Throttle()

    def take(self, caller: Caller, operation: str) -> Awaitable[None] | None:
        """None where it is the caller's turn; else Refused with Throttling.User (contract 9.13). Nothing is to be awaited."""
        keep_pace(self._throttle, caller, operation, self._now())
        return None

    async def left(self, account: AccountId, operation: str, rate: int) -> int:
        """How many calls a limit of `rate` a second leaves at this moment."""
        return self._throttle.left(account, operation, rate, self._now())


@dataclass(slots=True)
class _Purse:
    """What was drawn of one quota and is not spent, until when; and until when nobody gets any."""

    left: int = 0
    until: int = 0
    barred: int = 0
    drawing: asyncio.Lock = field(default_factory=asyncio.Lock)


class SharedTurns:
    """Quotas that hold over all processes of one hold together, by a clock that does not leap."""

    def __init__(self, hold: Hold, now: Callable[[], Millis]) -> None:
        self._hold, self._now = hold, now
        self._purses: dict[tuple[str, str], _Purse] = {}

    def forget(self) -> None:
        """Begin anew with what the hold has."""
        self._purses.clear()

    def take(self, caller: Caller, operation: str) -> Awaitable[None] | None:
        """None where it is the caller's turn; else what is to be awaited, Refused with Throttling.User (contract 9.13) in it."""
        rate = limit(caller.quota, operation)
        if rate <= 0:
            return None
        if len(self._purses) > MOST:
            self._purses.clear()
        purse = self._purses.setdefault((caller.account, operation), _Purse())
        return None if _spend(purse, self._now()) else self._wait(purse, f"{caller.account} {operation}", rate)

    async def _wait(self, purse: _Purse, quota: str, rate: int) -> None:
        async with purse.drawing:
            now = self._now()
            if not _spend(purse, now):
                await self._draw(purse, quota, rate, now)

    async def left(self, account: AccountId, operation: str, rate: int) -> int:
        """How many calls a limit of `rate` a second leaves this process now: what it has drawn, and what all share."""
        purse, now = self._purses.get((account, operation)), self._now()
        drawn = purse.left if purse and now < purse.until else 0
        return drawn + await self._hold.left(f"{account} {operation}", rate, now)

    async def _draw(self, purse: _Purse, quota: str, rate: int, now: Millis) -> None:
        pause = max(1, round(1000 / rate))
        if not now < purse.barred <= now + pause:  # further ahead, and the clock was set back
            drawn = await self._hold.draw(quota, rate, max(1, round(rate * SHARE)), now)
            if drawn:
                purse.left, purse.until = drawn - 1, now + SPENT_WITHIN
                return
            purse.barred = now + pause
        raise refuse(THROTTLING_USER, headers=(("x-acs-retry-after", str(max(1, purse.barred - now))),))


def _spend(purse: _Purse, now: Millis) -> bool:
    if purse.left and now < purse.until:
        purse.left -= 1
        return True
    return False
