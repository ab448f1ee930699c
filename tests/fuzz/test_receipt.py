"""Whatever a carrier or a mobile sends, reading a receipt gives a Receipt or None."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.plan import ReceiptIds
from globewire.wire.pdu import Command, Pdu, Tag
from globewire.wire.receipt import normalise, read
from wire.pdus import pdus

TEXT = b"id:0012AB34 sub:001 dlvrd:001 submit date:2611011200 done date:2611011201 stat:DELIVRD err:0A1 text:hello"
KEYS = ("id", "sub", "dlvrd", "submit date", "done date", "stat", "err", "text", ":", " ", "0x", "\0", "²", "9" * 5000)


def check(pdu: Pdu, ids: ReceiptIds) -> None:
    """What is promised of any receipt."""
    receipt = read(pdu, ids=ids)
    if receipt is not None:
        assert len(set(receipt.carrier_ids)) == len(receipt.carrier_ids)
        assert all(normalise(spelling) == spelling != "" for spelling in receipt.carrier_ids)
        assert not receipt.to.strip("0123456789")
        assert receipt.status == receipt.status.upper()


@settings(max_examples=300)
@given(pdus(Command.DELIVER_SM, Command.DATA_SM), st.sampled_from(ReceiptIds), st.binary(max_size=20))
def test_any_message(pdu: Pdu, ids: ReceiptIds, octets: bytes) -> None:
    """Any fields, with each of the parameters that matter set to anything."""
    check(pdu, ids)
    for tag in (Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE, Tag.NETWORK_ERROR_CODE, Tag.MESSAGE_PAYLOAD):
        check(Pdu(pdu.command, 0, 1, pdu.fields, {**pdu.tlvs, tag: octets}), ids)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(KEYS) | st.text(max_size=8)).map("".join), st.sampled_from(ReceiptIds))
def test_any_text_of_the_words(text: str, ids: ReceiptIds) -> None:
    """The words of a receipt in any order, with anything between, in two encodings."""
    for encoding in ("latin-1", "utf-16-be"):
        payload = text.encode(encoding, "replace")
        check(Pdu(Command.DELIVER_SM, 0, 1, {"esm_class": 4}, {Tag.MESSAGE_PAYLOAD: payload}), ids)


def test_mutated_texts() -> None:
    """A plain receipt, spoiled in a few places."""
    chance = random.Random(8)
    for _ in range(3000):
        octets = bytearray(TEXT)
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(octets))
            octets[at : at + chance.randrange(3)] = bytes([chance.randrange(256)]) * chance.randrange(3)
        fields = {"short_message": bytes(octets), "esm_class": chance.choice((0, 4, 0x20, 0x40, 0x44))}
        check(Pdu(Command.DELIVER_SM, 0, 1, fields), chance.choice(list(ReceiptIds)))


FORM = ("id:", " sub:", " dlvrd:", " submit date:", " done date:", " stat:", " err:", " text:", " Text:")
WORDS = ("id", "sub", "submit", "submit_date", "done", "date", "status", "error", "x", "7", "-", "", "\0")
WORD = st.sampled_from(WORDS) | st.text(max_size=4)


@settings(max_examples=1000)
@given(st.lists(WORD, min_size=len(FORM), max_size=len(FORM)), st.sets(st.sampled_from(FORM), max_size=3), st.text(max_size=5))
def test_a_text_of_the_usual_form_reads_as_any_other(words: list[str], left_out: set[str], after: str) -> None:
    """The usual form is told at a glance, which a space before it prevents; what is read is the same."""
    text = "".join([key + word for key, word in zip(FORM, words, strict=True) if key not in left_out]) + after
    octets, spaced = (each.encode("utf-16-be", "replace") for each in (text, f" {text}"))
    glance, search = (
        read(Pdu(Command.DATA_SM, 0, 1, {"esm_class": 4}, {Tag.MESSAGE_PAYLOAD: each}), ids=ReceiptIds.SAME)
        for each in (octets, spaced)
    )
    assert glance == search
