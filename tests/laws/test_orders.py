"""Law 9: an order to a carrier stands, over restarts, until another takes its place; on every engine."""

import asyncio

from globewire.hold.port import CarrierOrder, CarrierOrders, Hold
from globewire.message import CarrierId, Millis
from laws.conftest import Opener
from laws.making import CARRIER, NOW

SOUTH = CarrierId("south")


def later(n: int) -> Millis:
    return Millis(NOW + n)


async def test_a_carrier_that_was_never_told_anything_has_no_orders(hold: Hold) -> None:
    assert await hold.orders() == {}


async def test_a_pause_stands_until_it_is_resumed(opener: Opener) -> None:
    hold = await opener()
    await hold.order(CARRIER, CarrierOrder.PAUSE, NOW)
    await hold.close()
    hold = await opener()
    assert await hold.orders() == {CARRIER: CarrierOrders(paused_at=NOW)}
    await hold.order(CARRIER, CarrierOrder.PAUSE, later(1))
    assert await hold.orders() == {CARRIER: CarrierOrders(paused_at=NOW)}  # it has been paused since then
    await hold.order(CARRIER, CarrierOrder.RESUME, later(2))
    assert await hold.orders() == {CARRIER: CarrierOrders()}
    await hold.order(CARRIER, CarrierOrder.PAUSE, later(3))
    assert await hold.orders() == {CARRIER: CarrierOrders(paused_at=later(3))}


async def test_to_rebind_changes_nothing_of_a_pause(hold: Hold) -> None:
    await hold.order(CARRIER, CarrierOrder.REBIND, NOW)
    await hold.order(CARRIER, CarrierOrder.PAUSE, later(1))
    await hold.order(CARRIER, CarrierOrder.REBIND, later(2))
    await hold.order(SOUTH, CarrierOrder.RESUME, later(3))
    assert await hold.orders() == {CARRIER: CarrierOrders(later(1), later(2)), SOUTH: CarrierOrders()}


async def test_an_order_is_seen_by_another_process(opener: Opener) -> None:
    one, other = await opener(), await opener()
    await one.order(CARRIER, CarrierOrder.PAUSE, NOW)
    assert (await other.orders())[CARRIER].paused_at == NOW
    await other.order(CARRIER, CarrierOrder.RESUME, later(1))
    assert (await one.orders())[CARRIER].paused_at == 0


async def test_orders_at_once_all_are_taken(hold: Hold) -> None:
    carriers = [CarrierId(f"c{n}") for n in range(10)]
    given = [hold.order(carrier, order, NOW) for carrier in carriers for order in (CarrierOrder.PAUSE, CarrierOrder.REBIND)]
    await asyncio.gather(*given)
    assert await hold.orders() == dict.fromkeys(carriers, CarrierOrders(NOW, NOW))
