"""Receipts from a carrier: kept or settled first, acknowledged after the commit, a batch at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from globewire import plan
from globewire.errors import Unavailable
from globewire.hold.port import Fact, Heard, Hold, PartBecame
from globewire.message import Millis, Part, PartState, Receipt
from globewire.meter.dials import Meter
from globewire.send.awaited import Awaited
from globewire.send.session import Pump
from globewire.send.traffic import Traffic
from globewire.wire.pdu import Command, Pdu, Status
from globewire.wire.receipt import read

log = structlog.get_logger()

MOST = 2_000
"""Receipts that may wait to be kept. SMPP sets no window for what a carrier brings: what is more it is told to offer again."""


@dataclass(slots=True)
class _Taken:
    """A request that is a receipt, what is to be written of it, and the part that it settles, if it does."""

    pump: Pump
    request: Pdu
    receipt: Receipt
    facts: list[Fact]
    part: Part | None


class Hearing:
    """Takes deliver_sm and data_sm of one carrier, and answers each when what it says is kept: settled at once where its message is
    one of those `awaited`, else heard, for the settle stage."""

    def __init__(
        self, hold: Hold, carrier: plan.Carrier, now: Callable[[], Millis], traffic: Traffic, awaited: Awaited, meter: Meter
    ) -> None:
        self._hold, self._carrier, self._now, self._traffic, self._awaited = hold, carrier, now, traffic, awaited
        self._counts = {state: meter.receipts.of(carrier.id, state) for state in PartState}
        self._delay = meter.receipt_delay.of(carrier.id)
        self._pending: list[_Taken] = []
        self._clock = asyncio.get_running_loop().time
        self._some = asyncio.Event()

    def hear(self, pump: Pump, request: Pdu) -> None:
        """Take a request of the carrier's. What is no receipt is refused, so that the carrier does not think it was kept."""
        receipt = read(request, ids=self._carrier.receipt_ids) if request.command in _CARRYING else None
        if receipt is None:
            log.info("not a receipt", carrier=self._carrier.id, command=request.command)
            pump.write(pump.session.respond(request, Status.RX_P_APPN))
            return
        if len(self._pending) >= MOST:
            pump.write(pump.session.respond(request, Status.RX_T_APPN))
            return
        at = self._now()
        part, facts = self._awaited.settle(receipt, at) or (None, [Heard(self._carrier.id, receipt, at)])
        self._pending.append(_Taken(pump, request, receipt, facts, part))
        self._some.set()

    async def run(self) -> None:
        """Keep and answer until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            batch, self._pending = self._pending, []
            status = Status.ROK
            try:
                await self._hold.record(*(fact for taken in batch for fact in taken.facts))
            except Unavailable as fault:
                status = Status.RX_T_APPN  # the carrier keeps it and offers it again
                log.error("receipts could not be kept", carrier=self._carrier.id, receipts=len(batch), reason=str(fault))
            if status == Status.ROK:
                self._count(batch)
            for taken in batch:
                if not taken.pump.session.closed:
                    taken.pump.write(taken.pump.session.respond(taken.request, status))

    def _count(self, batch: list[_Taken]) -> None:
        clock = self._clock()
        for taken in batch:
            self._traffic.heard(taken.receipt.carrier_ids, clock)
            if taken.part is not None and isinstance(settled := taken.facts[0], PartBecame):
                self._counts[settled.state].add()
                self._delay.note(max(0, settled.at - taken.part.at) / 1000)


_CARRYING = frozenset({Command.DELIVER_SM, Command.DATA_SM})
