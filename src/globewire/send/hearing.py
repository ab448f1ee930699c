"""Receipts from a carrier: kept first, acknowledged after the commit, a batch at a time."""

import asyncio
from collections.abc import Callable

import structlog

from globewire import plan
from globewire.errors import Unavailable
from globewire.hold.port import Heard, Hold
from globewire.message import Millis
from globewire.send.session import Pump
from globewire.send.traffic import Traffic
from globewire.wire.pdu import Command, Pdu, Status
from globewire.wire.receipt import read

log = structlog.get_logger()

MOST = 2_000
"""Receipts that may wait to be kept. SMPP sets no window for what a carrier brings: what is more it is told to offer again."""


class Hearing:
    """Takes deliver_sm and data_sm of one carrier, and answers each when what it says is kept."""

    def __init__(self, hold: Hold, carrier: plan.Carrier, now: Callable[[], Millis], traffic: Traffic) -> None:
        self._hold, self._carrier, self._now, self._traffic = hold, carrier, now, traffic
        self._pending: list[tuple[Pump, Pdu, Heard]] = []
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
        self._pending.append((pump, request, Heard(self._carrier.id, receipt, self._now())))
        self._some.set()

    async def run(self) -> None:
        """Keep and answer until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            batch, self._pending = self._pending, []
            status = Status.ROK
            try:
                await self._hold.record(*(heard for _, _, heard in batch))
            except Unavailable as fault:
                status = Status.RX_T_APPN  # the carrier keeps it and offers it again
                log.error("receipts could not be kept", carrier=self._carrier.id, receipts=len(batch), reason=str(fault))
            clock = asyncio.get_running_loop().time()
            for pump, request, heard in batch:
                if status == Status.ROK:
                    self._traffic.heard(heard.receipt.carrier_ids, clock)
                if not pump.session.closed:
                    pump.write(pump.session.respond(request, status))


_CARRYING = frozenset({Command.DELIVER_SM, Command.DATA_SM})
