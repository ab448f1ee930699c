"""Says how a carrier stands, for whoever looks from another process: at once where its binds change, every other second where
its figures do, and every few seconds in any case, so that a silent one is known to have stopped."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from globewire.hold.port import STOPPED, BindStanding, CarrierStanding, Figures, Hold
from globewire.message import Millis
from globewire.send.carrier import Carrier
from globewire.send.inquiry import Inquiry
from globewire.verdict.outcome import name

SECOND = 0.9
"""Seconds, nearly: a caller that sleeps for one may come a little early."""
BEAT = 5.0
"""Seconds after which it is said again, though nothing has changed. `hold.port.SILENT_AFTER` rests on it."""


class Saying:
    """What is said of one carrier. `say` is called once a second, and when its binds change, with whether it is paused."""

    def __init__(self, hold: Hold, carrier: Carrier, inquiry: Inquiry, now: Callable[[], Millis]) -> None:
        self._hold, self._carrier, self._inquiry, self._now = hold, carrier, inquiry, now
        self._since = now()
        self._said: CarrierStanding | None = None
        self._said_at = self._turned_at = 0.0
        self._turns = 0

    async def say(self, paused: bool) -> None:
        """Say it where there is something to say."""
        clock = asyncio.get_running_loop().time()
        turned = clock - self._turned_at >= SECOND
        if turned:
            self._turned_at = clock
            self._turns += 1
            self._carrier.traffic.turn(clock)
        said, binds = self._said, self._binds(paused)
        changed = said is None or (said.bound, said.state) != (binds.bound, binds.state)
        if not changed and (self._turns % 2 or not turned):
            return
        waiting = await self._hold.backlog(self._carrier.plan.id)
        standing = replace(binds, figures=self._figures(waiting, paused))
        if said is None or clock - self._said_at >= BEAT or replace(standing, at=said.at) != said:
            self._said, self._said_at = standing, clock
            await self._hold.stand([standing])

    async def fall_silent(self) -> None:
        """Say that nobody has its binds any more."""
        binds = self._binds(False)
        await self._hold.stand([replace(binds, bound=0, in_flight=0, state=STOPPED, figures=self._figures(0, False))])

    def _binds(self, paused: bool) -> CarrierStanding:
        carrier = self._carrier
        states = [*(("paused",) if paused else ()), *sorted({bind.state for bind in carrier.binds})]
        at = self._now()
        return CarrierStanding(carrier.plan.id, carrier.bound, len(carrier.binds), carrier.in_flight, "; ".join(states), at)

    def _figures(self, waiting: int, paused: bool) -> Figures:
        carrier, traffic, inquiry = self._carrier, self._carrier.traffic, self._inquiry
        return Figures(
            since=self._since,
            submits=traffic.submits,
            taken=traffic.answers[0],
            refused={name(status): count for status, count in sorted(traffic.answers.items()) if status},
            throttled=traffic.throttled,
            unanswered=traffic.unanswered,
            receipts=traffic.receipts,
            asked=inquiry.asked,
            window=carrier.plan.window * carrier.plan.binds,
            pace=carrier.plan.pace,
            rate=round(traffic.rate, 1),
            round_trip=traffic.round_trip.delay(),
            receipt_delay=traffic.receipt_delay.delay(),
            waiting=waiting,
            overdue=inquiry.overdue,
            paused=paused,
            query=inquiry.stand,
            each=tuple(BindStanding(bind.kind, bind.state, bind.in_flight) for bind in carrier.binds),
        )
