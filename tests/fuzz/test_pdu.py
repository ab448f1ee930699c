"""Any octets are a Pdu or a PduFault; whatever is read can be written, except where a peer went over a field's size."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.wire.commands import BODIES
from globewire.wire.pdu import Command, Frames, Pdu, PduFault, decode, encode
from wire.pdus import pdus

SEEDS = [encode(Pdu(command, 0, 1)) for command in BODIES] + [
    encode(Pdu(Command.SUBMIT_SM, 0, 2, {"source_addr": "Globe", "short_message": b"hi" * 9}, {0x204: b"\0\1", 0x424: b"x" * 9})),
    encode(Pdu(Command.SUBMIT_MULTI, 0, 3, {"dest_address": ((1, 1, 1, "6591234567"), (2, "list"))})),
    encode(Pdu(Command.SUBMIT_MULTI_RESP, 0, 4, {"message_id": "abc", "unsuccess_sme": ((1, 1, "6591234567", 11),)})),
]


def mutated(octets: bytes, chance: random.Random) -> bytes:
    """Some octets changed, put in or left out, with the length set right in most cases."""
    copy = bytearray(octets)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(copy))
        match chance.randrange(4):
            case 0:
                copy[at] = chance.randrange(256)
            case 1:
                copy.insert(at, chance.choice((0, 1, 2, 255)))
            case 2 if len(copy) > 1:
                del copy[at]
            case _:
                copy[at] ^= 1 << chance.randrange(8)
    if chance.random() < 0.9:
        copy[:4] = len(copy).to_bytes(4, "big")
    return bytes(copy)


def check(octets: bytes) -> None:
    """Read it, and write what was read."""
    try:
        pdu = decode(octets)
    except PduFault as fault:
        assert 0 < fault.status <= 0xFF
        return
    try:
        again = encode(pdu)
    except PduFault:
        return
    assert decode(again) == pdu


@settings(max_examples=300)
@given(st.binary(max_size=120))
def test_any_body_of_any_command(body: bytes) -> None:
    """Random octets behind a right header."""
    for command in (*BODIES, 0x0001_0200):
        check((16 + len(body)).to_bytes(4, "big") + command.to_bytes(4, "big") + bytes(8) + body)


@settings(max_examples=150)
@given(pdus(), st.randoms(use_true_random=False))
def test_valid_pdus_mutated(pdu: Pdu, chance: random.Random) -> None:
    """Valid PDUs of all commands, spoiled."""
    check(mutated(encode(pdu), chance))


def test_seeds_mutated() -> None:
    """Small changes to plain PDUs, many times."""
    chance = random.Random(34)
    for _ in range(4000):
        check(mutated(chance.choice(SEEDS), chance))


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_stream(pieces: list[bytes]) -> None:
    """Frames or a fault; each frame is as long as it says."""
    frames = Frames(largest=100)
    for piece in pieces:
        try:
            split = frames.feed(piece)
        except PduFault:
            assert frames.fault is not None
            return
        assert all(int.from_bytes(frame[:4], "big") == len(frame) <= 100 for frame in split)
