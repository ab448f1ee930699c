"""What the operator wants, read for all carriers of a process at once."""

import asyncio

import pytest

from globewire.hold.port import CarrierOrder, CarrierOrders, Hold
from globewire.message import CarrierId
from globewire.send import duty
from globewire.send.duty import Orders
from laws.making import CARRIER, NOW

OTHER = CarrierId("other")


async def test_carriers_that_look_within_a_moment_are_told_the_same(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one reading, though who began it has gone; the next moment has the next."""
    monkeypatch.setattr(duty, "FRESH", 60.0)
    orders = Orders(hold)
    gone = asyncio.create_task(orders.of(OTHER))
    await asyncio.sleep(0)
    gone.cancel()
    assert await orders.of(CARRIER) == CarrierOrders()
    await hold.order(CARRIER, CarrierOrder.PAUSE, NOW)
    assert await orders.of(CARRIER) == CarrierOrders()
    monkeypatch.setattr(duty, "FRESH", 0.0)
    fresh = Orders(hold)
    assert await fresh.of(CARRIER) == CarrierOrders(paused_at=NOW)
    await hold.order(CARRIER, CarrierOrder.RESUME, NOW)
    assert [await fresh.of(carrier) for carrier in (CARRIER, OTHER)] == [CarrierOrders(), CarrierOrders()]
