"""Receipts that a carrier brings: faster than they can be kept, and of messages that it took a moment ago."""

import asyncio
from collections import Counter

from globewire.hold.port import SEND, SETTLE, TELL, Became, Hold, Submitted
from globewire.message import CarrierId, Millis, Receipt, State
from globewire.meter.dials import Meter
from globewire.plan import Carrier
from globewire.send.awaited import Awaited
from globewire.send.hearing import MOST, Hearing, Receipts
from globewire.send.traffic import Traffic
from globewire.wire.pdu import Command, Status
from globewire.wire.smpp import Answered, Asked, Side
from laws.making import CARRIER, NOW, account, message, part, submission
from send.test_session import Ear, accept, ask, connect, make

MORE = 7


async def test_what_is_too_much_to_wait_is_to_be_offered_again(hold: Hold) -> None:
    """While nothing is kept, so many wait and no more; the rest is refused for now, and nothing is acknowledged unkept."""
    north = Carrier(id=CarrierId("north"), host="", port=0, system_id="north", password="")
    traffic = Traffic()
    receipts = Receipts(hold)
    hearing = Hearing(receipts, north, lambda: NOW, traffic, Awaited(), Meter())
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
    keeping = asyncio.create_task(receipts.run())
    assert Counter((await answers(MOST)).values()) == {Status.ROK: MOST}
    assert (await hold.counts())["lane.settle"] == MOST
    assert traffic.receipts == MOST
    keeping.cancel()
    client.close()
    server.close()


async def test_a_receipt_of_what_was_taken_a_moment_ago_settles_it_at_once(hold: Hold) -> None:
    """Once: the same receipt again is the settle stage's, as is one that speaks of another number."""
    north = Carrier(id=CARRIER, host="", port=0, system_id="north", password="")
    awaited = Awaited()
    await hold.put_account(account())
    await hold.keep([submission(1), submission(2)], None)
    for job in await hold.claim(SEND, 9, NOW, 1000, CARRIER):
        n = 1 if job.message.id == message(1).id else 2
        await hold.done((job, (Submitted(part(n)), Became(job.message.id, State.SUBMITTED, NOW, CARRIER))))
        awaited.add(part(n), job.message)
    receipts = Receipts(hold)
    hearing = Hearing(receipts, north, lambda: NOW, Traffic(), awaited, Meter())
    there = Ear(accept)
    server = await asyncio.get_running_loop().create_server(make(Side.SMSC, there), "127.0.0.1", 0)
    client = await connect(server.sockets[0].getsockname()[1], Ear(hearing.hear))
    assert isinstance(await there.next(), Asked)
    (carrier,) = there.pumps
    keeping = asyncio.create_task(receipts.run())

    async def bring(n: int, to: str) -> None:
        text = f"id:id{n} stat:DELIVRD err:000".encode()
        ask(carrier, Command.DELIVER_SM, n, esm_class=4, source_addr=to, short_message=text)
        answer = await there.next()
        assert isinstance(answer, Answered)
        assert answer.pdu.status == Status.ROK

    await bring(1, message(1).to)
    standing = await hold.look(message(1).id)
    assert standing is not None
    assert (standing.state, standing.parts[0].settled_at, standing.told) == (State.DELIVERED, NOW, "waiting")
    assert await hold.claim(SETTLE, 9, NOW, 1000) == []
    assert [report.message for job in await hold.claim(TELL, 9, NOW, 1000) for report in job.reports] == [message(1).id]

    await bring(1, message(1).to)
    await bring(2, "85299999999")
    jobs = await hold.claim(SETTLE, 9, NOW, 1000)
    assert [(job.receipt.carrier_ids, job.state) for job in jobs] == [(("id1",), State.DELIVERED), (("id2",), State.SUBMITTED)]
    keeping.cancel()
    client.close()
    server.close()


def test_only_an_end_of_a_number_that_agrees_settles() -> None:
    awaited = Awaited()
    awaited.add(part(1), message(1))
    for receipt in (
        Receipt(("id1",), "85291000001", "ENROUTE", ""),
        Receipt(("id1",), "", "DELIVRD", "000"),
        Receipt(("id2",), "85291000001", "DELIVRD", "000"),
    ):
        assert awaited.settle(receipt, NOW) is None
    settled = awaited.settle(Receipt(("other", "id1"), "91000001", "DELIVRD", "000"), Millis(NOW + 5))
    assert settled is not None
    assert settled[0] == part(1)
    assert [fact.at for fact in settled[1] if isinstance(fact, Became)] == [NOW + 5]
    assert len(awaited) == 0


def test_what_ended_by_its_validity_is_settled_no_more() -> None:
    awaited = Awaited()
    receipt = Receipt(("id1",), message(1).to, "DELIVRD", "000")
    awaited.add(part(1), message(1))
    assert awaited.settle(receipt, message(1).expires_at) is None
    awaited.add(part(1), message(1))
    assert awaited.settle(receipt, Millis(message(1).expires_at - 1)) is not None
