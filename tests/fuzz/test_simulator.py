"""Broken and hostile octets sent to the simulated carrier: it answers, closes or ignores them, and serves the next client."""

import asyncio
from random import Random

from globewire.send.simulator import Behaviour, Simulator
from globewire.wire.commands import Command
from globewire.wire.pdu import Pdu, encode
from laws.esme import esme

ROUNDS = 300
BIND = encode(Pdu(Command.BIND_TRANSCEIVER, 0, 1, {"system_id": "fuzz", "interface_version": 0x34}))
TALK = [
    encode(Pdu(Command.SUBMIT_SM, 0, 2, {"destination_addr": "491701239008", "registered_delivery": 1, "short_message": b"hello"})),
    encode(Pdu(Command.DATA_SM, 0, 3, {"destination_addr": "491701239011", "registered_delivery": 1}, {0x0424: b"hello"})),
    encode(Pdu(Command.QUERY_SM, 0, 4, {"message_id": "1"})),
    encode(Pdu(Command.CANCEL_SM, 0, 5, {"message_id": "1"})),
    encode(Pdu(Command.REPLACE_SM, 0, 6, {"message_id": "1", "short_message": b"better"})),
    encode(Pdu(Command.SUBMIT_MULTI, 0, 7, {"dest_address": ((1, 1, 1, "4917"),)})),
    encode(Pdu(Command.DELIVER_SM_RESP, 8, 1)),
    encode(Pdu(Command.ENQUIRE_LINK, 0, 8)),
    encode(Pdu(Command.UNBIND, 0, 9)),
]


def mangled(dice: Random, octets: bytes) -> bytes:
    """`octets` with one to three changed, cut out, or put in."""
    wild = bytearray(octets)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(wild) or 1)
        what = dice.randrange(4)
        if what == 0 and wild:
            del wild[at : at + dice.randint(1, 4)]
        elif what == 1:
            wild[at:at] = dice.randbytes(dice.randint(1, 4))
        elif wild:
            wild[at % len(wild)] = dice.randrange(256)
    return bytes(wild)


async def test_nothing_that_is_sent_brings_it_down() -> None:
    """After hundreds of mangled conversations no exception escaped, no connection is left, and a good client is served."""
    escaped: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: escaped.append(context))
    dice = Random(34)
    simulator = Simulator(Behaviour(receipt_delay=(0.0, 0.0)), remember=10)
    address = await simulator.start()
    for _ in range(ROUNDS):
        bind = BIND if dice.random() < 0.8 else mangled(dice, BIND)
        reader, writer = await asyncio.open_connection(*address)
        writer.write(bind)
        await reader.read(1) if bind is BIND else None
        writer.write(b"".join(mangled(dice, pdu) if dice.random() < 0.5 else pdu for pdu in dice.choices(TALK, k=6)))
        writer.write_eof()
        async with asyncio.timeout(5):
            while await reader.read(65_536):
                pass
        writer.close()
    async with esme(address) as client:
        await client.bind("good")
        response = await client.asked("491701230000")
        [delivery] = await client.deliveries(1)
        assert response.text("message_id").encode() in delivery.octets("short_message")
    await simulator.stop()
    assert escaped == []
    assert simulator.counts["connections"] == ROUNDS + 1
