"""What is wanted of one carrier's worker: by the operator, who pauses, resumes and rebinds it, and by whoever has it drain."""

import asyncio

import structlog

from globewire.hold.port import CarrierOrders, Hold
from globewire.message import CarrierId

log = structlog.get_logger()


class Duty:
    """Whether anything is to be begun; `rebind` is set when the binds are to be begun anew. What the operator wants may not be
    known yet: until then nothing is submitted."""

    def __init__(self, hold: Hold, carrier: CarrierId) -> None:
        self.draining = False
        self.rebind = asyncio.Event()
        self._hold, self._carrier = hold, carrier
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
        known, self._orders = self._orders, (await self._hold.orders()).get(self._carrier, CarrierOrders())
        turned = known is None or (known.paused_at > 0) != self.paused
        if turned and (known is not None or self.paused):
            log.info("carrier paused" if self.paused else "carrier resumed", carrier=self._carrier)
        if known is not None and self._orders.rebind_at != known.rebind_at:
            self.rebind.set()
        return turned
