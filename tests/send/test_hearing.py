"""Receipts that a carrier brings faster than they can be kept."""

import asyncio
from collections import Counter

from globewire.hold.port import SETTLE, Hold
from globewire.message import CarrierId
from globewire.plan import Carrier
from globewire.send.hearing import MOST, Hearing
from globewire.send.traffic import Traffic
from globewire.wire.pdu import Command, Status
from globewire.wire.smpp import Answered, Asked, Side
from laws.making import NOW
from send.test_session import Ear, accept, ask, connect, make

MORE = 7


async def test_what_is_too_much_to_wait_is_to_be_offered_again(hold: Hold) -> None:
    """While nothing is kept, so many wait and no more; the rest is refused for now, and nothing is acknowledged unkept."""
    north = Carrier(id=CarrierId("north"), host="", port=0, system_id="north", password="")
    traffic = Traffic()
    hearing = Hearing(hold, north, lambda: NOW, traffic)
    there = Ear(accept)
    server = await asyncio.get_running_loop().create_server(make(Side.SMSC, there), "127.0.0.1", 0)
    client = await connect(server.sockets[0].getsockname()[1], Ear(hearing.hear))
    assert isinstance(await there.next(), Asked)
    (carrier,) = there.pumps
    for n in range(MOST + MORE):
        ask(carrier, Command.DELIVER_SM, n, esm_class=4, short_message=f"id:{n} stat:DELIVRD err:000".encode())

    async def answers(count: int) -> dict[object, int]:
        heard = [await there.next() for _ in range(count)]
        return {event.ref: event.pdu.status for event in heard if isinstance(event, Answered)}

    assert await answers(MORE) == dict.fromkeys(range(MOST, MOST + MORE), Status.RX_T_APPN)
    assert await hold.claim(SETTLE, 9, NOW, 1000) == []
    keeping = asyncio.create_task(hearing.run())
    assert Counter((await answers(MOST)).values()) == {Status.ROK: MOST}
    assert (await hold.counts())["lane.settle"] == MOST
    assert traffic.receipts == MOST
    keeping.cancel()
    client.close()
    server.close()
