"""What is wanted of one carrier's worker: by the operator, who pauses, resumes and rebinds it, and by whoever has it drain."""

import asyncio

import structlog

from globewire.hold.port import CarrierOrders, Hold
from globewire.message import CarrierId

log = structlog.get_logger()

FRESH = 0.25
"""Seconds for which what was read of the orders serves all carriers of a process: they look once a second, each in its own time."""


class Orders:
    """What stands of the orders to all carriers, read for many at once."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._reading: asyncio.Task[dict[CarrierId, CarrierOrders]] | None = None
        self._stale_at = 0.0

    async def of(self, carrier: CarrierId) -> CarrierOrders:
        """The orders to this one, as they stood a moment ago."""
        now = asyncio.get_running_loop().time()
        if self._reading is None or now >= self._stale_at:
            self._reading, self._stale_at = asyncio.create_task(self._hold.orders()), now + FRESH
        return (await asyncio.shield(self._reading)).get(carrier, CarrierOrders())


class Duty:
    """Whether anything is to be begun; `rebind` is set when the binds are to be begun anew. What the operator wants may not be
    known yet: until then nothing is submitted."""

    def __init__(self, orders: Orders, carrier: CarrierId) -> None:
        self.draining = False
        self.rebind = asyncio.Event()
        self._all, self._carrier = orders, carrier
        self._orders: CarrierOrders | None = None

    @property
    def paused(self) -> bool:
        """Whether the operator wants nothing to be submitted."""
        return self._orders is None or self._orders.paused_at > 0

    @property
    def paused_at(self) -> int:
        """When the operator paused it, 0 where he did not."""
        return self._orders.paused_at if self._orders is not None else 0

    @property
    def idle(self) -> bool:
        """Whether nothing is to be begun."""
        return self.draining or self.paused

    async def learn(self) -> bool:
        """Look what is ordered; whether it says for the first time, or otherwise than before, if anything is to be submitted.

        What was ordered before this worker began is done by its beginning, but for a pause, which lasts."""
        known, self._orders = self._orders, await self._all.of(self._carrier)
        turned = known is None or (known.paused_at > 0) != self.paused
        if turned and (known is not None or self.paused):
            log.info("carrier paused" if self.paused else "carrier resumed", carrier=self._carrier)
        if known is not None and self._orders.rebind_at != known.rebind_at:
            self.rebind.set()
        return turned
