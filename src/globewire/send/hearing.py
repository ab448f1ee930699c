"""Receipts from carriers: kept or settled first, acknowledged after the commit, a batch at a time."""

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
from globewire.send.gathered import Gathered
from globewire.send.session import Pump
from globewire.send.traffic import Traffic
from globewire.wire.pdu import Command, Pdu, Status
from globewire.wire.receipt import read

log = structlog.get_logger()

MOST = 2_000
"""Receipts of one carrier that may wait to be kept. SMPP sets no window for what a carrier brings: what is more it is told to offer
again."""


@dataclass(slots=True)
class Taken:
    """A request that is a receipt, who hears it, what is to be written of it, and the part that it settles, if it does."""

    by: "Hearing"
    pump: Pump
    request: Pdu
    receipt: Receipt
    facts: list[Fact]
    part: Part | None


class Receipts:
    """Keeps what the carriers of a process bring, and has each acknowledged when it is kept."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        gathered = Gathered(self._keep)
        self.add, self.run = gathered.add, gathered.run

    async def _keep(self, batch: list[Taken]) -> None:
        try:
            await self._hold.record(*(fact for taken in batch for fact in taken.facts))
        except Unavailable as fault:
            hearings = {taken.by for taken in batch}
            if len(hearings) > 1:  # what cannot be kept of one carrier must not hold up the others
                await asyncio.gather(*(self._keep([taken for taken in batch if taken.by is one]) for one in hearings))
                return
            for hearing in hearings:
                hearing.unkept(batch, fault)
        else:
            for taken in batch:
                taken.by.kept(taken)


class Hearing:
    """Takes deliver_sm and data_sm of one carrier, and answers each when what it says is kept: settled at once where its message is
    one of those `awaited`, else heard, for the settle stage."""

    def __init__(
        self,
        receipts: Receipts,
        carrier: plan.Carrier,
        now: Callable[[], Millis],
        traffic: Traffic,
        awaited: Awaited,
        meter: Meter,
    ) -> None:
        self._receipts, self._carrier, self._now, self._traffic, self._awaited = receipts, carrier, now, traffic, awaited
        self._counts = {state: meter.receipts.of(carrier.id, state) for state in PartState}
        self._delay = meter.receipt_delay.of(carrier.id)
        self._waiting = 0
        self._clock = asyncio.get_running_loop().time

    def hear(self, pump: Pump, request: Pdu) -> None:
        """Take a request of the carrier's. What is no receipt is refused, so that the carrier does not think it was kept."""
        receipt = read(request, ids=self._carrier.receipt_ids) if request.command in _CARRYING else None
        if receipt is None:
            log.info("not a receipt", carrier=self._carrier.id, command=request.command)
            pump.write(pump.session.respond(request, Status.RX_P_APPN))
            return
        if self._waiting >= MOST:
            pump.write(pump.session.respond(request, Status.RX_T_APPN))
            return
        at = self._now()
        part, facts = self._awaited.settle(receipt, at) or (None, [Heard(self._carrier.id, receipt, at)])
        self._waiting += 1
        self._receipts.add(Taken(self, pump, request, receipt, facts, part))

    def kept(self, taken: Taken) -> None:
        """What a receipt says is kept."""
        self._traffic.heard(taken.receipt.carrier_ids, self._clock())
        if taken.part is not None and isinstance(settled := taken.facts[0], PartBecame):
            self._counts[settled.state].add()
            self._delay.note(max(0, settled.at - taken.part.at) / 1000)
        self._answer(taken, Status.ROK)

    def unkept(self, batch: list[Taken], fault: Unavailable) -> None:
        """Nothing of these receipts is kept: the carrier keeps them, and offers them again."""
        log.error("receipts could not be kept", carrier=self._carrier.id, receipts=len(batch), reason=str(fault))
        for taken in batch:
            self._answer(taken, Status.RX_T_APPN)

    def _answer(self, taken: Taken, status: int) -> None:
        self._waiting -= 1
        if not taken.pump.session.closed:
            taken.pump.write(taken.pump.session.respond(taken.request, status))


_CARRYING = frozenset({Command.DELIVER_SM, Command.DATA_SM})
