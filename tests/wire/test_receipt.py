"""Receipts in every dialect that carriers are known to speak, and messages that are none."""

from dataclasses import replace

import pytest

from globewire.message import Receipt
from globewire.plan import ReceiptIds
from globewire.wire.pdu import Command, Pdu, Tag, decode, encode, tlv
from globewire.wire.receipt import normalise, read

RECEIPT = 0x04
INTERMEDIATE = 0x20
TEXT = "id:6712 sub:001 dlvrd:001 submit date:2611011200 done date:2611011201 stat:DELIVRD err:000 text:Your code is"


def heard(
    text: str | bytes = "",
    esm_class: int = RECEIPT,
    tlvs: dict[int, bytes] | None = None,
    coding: int = 0,
    source: str = "6591234567",
    command: int = Command.DELIVER_SM,
) -> Pdu:
    """A PDU as it comes off the wire."""
    octets = text.encode("latin-1") if isinstance(text, str) else text
    fields: dict[str, int | str | bytes] = {"source_addr": source, "esm_class": esm_class, "data_coding": coding}
    if command == Command.DELIVER_SM:
        fields["short_message"] = octets
    return decode(encode(Pdu(command, 0, 1, fields, tlvs or {})))


def same(pdu: Pdu) -> Receipt | None:
    """Read with ids spelled alike on both sides."""
    return read(pdu, ids=ReceiptIds.SAME)


DELIVERED = Receipt(("6712",), "6591234567", "DELIVRD", "000")


@pytest.mark.parametrize(
    ("dialect", "pdu"),
    [
        ("appendix B", heard(TEXT)),
        ("with other bits of esm_class", heard(TEXT, RECEIPT | 0x80 | 0x03)),
        ("another order", heard("stat:DELIVRD err:000 id:6712 text:x")),
        ("upper case", heard(TEXT.upper())),
        ("spaces", heard("  id : 6712   stat :  DELIVRD  err:  000  ")),
        ("line ends", heard("id:6712\r\nstat:DELIVRD\r\nerr:000\r\n")),
        ("commas", heard("id:6712, stat:DELIVRD, err:000")),
        ("seconds in its dates", heard("id:6712 submit date:261101120055 done date:261101120155 stat:DELIVRD err:000")),
        ("underscores in its dates", heard("id:6712 submit_date:2611011200 done_date:2611011201 stat:DELIVRD err:000")),
        ("longer words", heard("id:6712 status:DELIVERED error:000")),
        ("cut off in text", heard(TEXT[:-8])),
        ("an id with leading zeros", heard(TEXT.replace("6712", "0000006712"))),
        ("a NUL at the end", heard("id:6712 err:000 stat:DELIVRD\0")),
        ("UCS-2", heard(TEXT.encode("utf-16-be"), coding=8)),
        ("UCS-2 that says it is not", heard(TEXT.encode("utf-16-be"), coding=0)),
        ("UCS-2 with a mark", heard(b"\xfe\xff" + TEXT[:100].encode("utf-16-be"), coding=8)),
        ("UCS-2 the wrong way round", heard(TEXT.encode("utf-16-le"), coding=8)),
        ("latin-1 that says it is UCS-2", heard(TEXT, coding=8)),
        ("data_coding 0xF5", heard(TEXT, coding=0xF5)),
        ("a user data header", heard(b"\x05\0\3\1\1\1" + TEXT.encode(), RECEIPT | 0x40)),
        ("in message_payload", heard("", RECEIPT, {Tag.MESSAGE_PAYLOAD: TEXT.encode()})),
        ("by data_sm", heard("", RECEIPT, {Tag.MESSAGE_PAYLOAD: TEXT.encode()}, command=Command.DATA_SM)),
        ("an intermediate notification", heard(TEXT, INTERMEDIATE)),
        ("the customer's text looks like one", heard("id:6712 stat:DELIVRD err:000 text:id:99 stat:REJECTD err:1")),
        ("a plus sign", heard(TEXT, source="+6591234567")),
        ("parameters beside the text", heard(TEXT, RECEIPT, {0x1E: b"6712\0", 0x427: b"\2", 0x423: b"\3\0\0"})),
        ("parameters only", heard("", RECEIPT, {0x1E: b"6712\0", 0x427: b"\2", 0x423: b"\3\0\0"})),
        ("parameters only, esm_class 0", heard("", 0, {0x1E: b"6712\0", 0x427: b"\2", 0x423: b"\3\0\0"})),
        ("parameters without the NUL", heard("", RECEIPT, {0x1E: b"6712", 0x427: b"\2", 0x423: b"\3\0\0"})),
        ("the state as a number", heard("id:6712 stat:2 err:000")),
    ],
)
def test_dialects(dialect: str, pdu: Pdu) -> None:
    """All of these say the same."""
    assert same(pdu) == DELIVERED, dialect


def test_a_text_that_only_reads_like_a_receipt_is_not_marked_as_one() -> None:
    assert same(heard(TEXT, 0)) == replace(DELIVERED, marked=False)


@pytest.mark.parametrize(
    ("what", "pdu", "receipt"),
    [
        ("hexadecimal err", heard("id:6712 stat:UNDELIV err:0A1"), Receipt(("6712",), "6591234567", "UNDELIV", "0A1")),
        ("a word for err", heard("id:6712 stat:UNDELIV err:EC_BLOCKED"), Receipt(("6712",), "6591234567", "UNDELIV", "EC_BLOCKED")),
        ("no err", heard("id:6712 stat:EXPIRED"), Receipt(("6712",), "6591234567", "EXPIRED", "")),
        ("an empty err", heard("id:6712 stat:EXPIRED err: text:x"), Receipt(("6712",), "6591234567", "EXPIRED", "")),
        ("no id", heard("stat:DELIVRD err:000"), Receipt((), "6591234567", "DELIVRD", "000")),
        ("no stat", heard("id:6712 err:000"), Receipt(("6712",), "6591234567", "", "000")),
        ("nothing at all", heard(""), Receipt((), "6591234567", "", "")),
        ("words", heard("Your message was delivered"), Receipt((), "6591234567", "", "")),
        ("an alphanumeric source", heard("id:1 stat:DELIVRD", source="CARRIER"), Receipt(("1",), "", "DELIVRD", "")),
        ("an unknown word", heard("id:1 stat:blocked"), Receipt(("1",), "6591234567", "BLOCKED", "")),
        ("an unknown state", heard("", RECEIPT, {0x1E: b"1", 0x427: b"\x63"}), Receipt(("1",), "6591234567", "", "")),
        ("an odd network error", heard("", RECEIPT, {0x1E: b"1", 0x423: b"\3\1"}), Receipt(("1",), "6591234567", "", "")),
        ("a network error", heard("", RECEIPT, {0x1E: b"1", 0x423: b"\3\1\2"}), Receipt(("1",), "6591234567", "", "258")),
        ("two ids", heard("id:7 stat:DELIVRD", RECEIPT, {0x1E: b"8\0"}), Receipt(("8", "7"), "6591234567", "DELIVRD", "")),
    ],
)
def test_what_is_missing_or_odd(what: str, pdu: Pdu, receipt: Receipt) -> None:
    """What is there is read, what is not stays empty."""
    assert same(pdu) == receipt, what


@pytest.mark.parametrize(
    ("what", "pdu"),
    [
        ("a message", heard("Hello", 0)),
        ("a message that speaks of an id", heard("my id: 6712", 0)),
        ("an empty one", heard("", 0)),
        ("UCS-2", heard("你好".encode("utf-16-be"), 0, coding=8)),
        ("an @ in the GSM alphabet", heard(b"\0hello", 0)),
        ("one octet", heard(b"i", 0)),
        ("a header that goes past the end", heard(b"\xffid:1 stat:DELIVRD", 0x40)),
        ("a handset's acknowledgement without an id", heard("read", 0x10)),
    ],
)
def test_messages_from_mobiles(what: str, pdu: Pdu) -> None:
    """None of these is a receipt."""
    assert same(pdu) is None, what


@pytest.mark.parametrize(
    ("word", "status"),
    [
        *[(word, word) for word in ("ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD")],
        ("delivrd", "DELIVRD"),
        ("Delivered", "DELIVRD"),
        ("UNDELIVERABLE", "UNDELIV"),
        ("UNDELIVERED", "UNDELIV"),
        ("ACCEPTED", "ACCEPTD"),
        ("REJECTED", "REJECTD"),
        ("DELIV", "DELIVRD"),
        ("UNDELI", "UNDELIV"),
        ("REJEC", "REJECTD"),
        ("DELI", "DELI"),
        ("DELIVERY_FAILED", "DELIVERY_FAILED"),
        ("SKIPPED", "SKIPPED"),
    ],
)
def test_status_words(word: str, status: str) -> None:
    """Longer and cut spellings become the word of appendix B; a word that is none of them stays itself."""
    receipt = same(heard(f"id:1 stat:{word}"))
    assert receipt is not None and receipt.status == status


@pytest.mark.parametrize("number", range(1, 9))
def test_message_states(number: int) -> None:
    """message_state's numbers (SMPP 3.4 section 5.2.28) say what the words say."""
    words = ("ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD")
    receipt = same(heard("", RECEIPT, {0x1E: b"1", Tag.MESSAGE_STATE: tlv(Tag.MESSAGE_STATE, number)}))
    assert receipt is not None and receipt.status == words[number - 1]


@pytest.mark.parametrize(
    ("given", "ids", "spellings"),
    [
        ("0012AB34", ReceiptIds.SAME, ("12ab34",)),
        ("0012AB34", ReceiptIds.AUTO, ("12ab34", "1223476")),
        ("1223476", ReceiptIds.AUTO, ("1223476", "19018870", "12ab34")),
        ("7", ReceiptIds.AUTO, ("7",)),
        ("msg-77", ReceiptIds.AUTO, ("msg-77",)),
        ("1223476", ReceiptIds.HEX_TO_DEC, ("12ab34",)),
        ("00001223476", ReceiptIds.HEX_TO_DEC, ("12ab34",)),
        ("xyz", ReceiptIds.HEX_TO_DEC, ("xyz",)),
        ("12AB34", ReceiptIds.DEC_TO_HEX, ("1223476",)),
        ("0x12AB34", ReceiptIds.DEC_TO_HEX, ("1223476",)),
        ("xyz", ReceiptIds.DEC_TO_HEX, ("xyz",)),
        ("f47ac10b-58cc-4372-a567-0e02b2c3d479", ReceiptIds.AUTO, ("f47ac10b-58cc-4372-a567-0e02b2c3d479",)),
        ("9" * 64, ReceiptIds.AUTO, ("9" * 64,)),
        ("²", ReceiptIds.AUTO, ("²",)),
        ("0", ReceiptIds.AUTO, ("0",)),
    ],
)
def test_spellings_of_ids(given: str, ids: ReceiptIds, spellings: tuple[str, ...]) -> None:
    """As given, in decimal if it reads as hexadecimal, in hexadecimal if it reads as decimal; never twice the same."""
    receipt = read(heard(f"id:{given} stat:DELIVRD"), ids=ids)
    assert receipt is not None and receipt.carrier_ids == spellings


@pytest.mark.parametrize(
    ("response", "receipt"), [("12AB34", "1223476"), ("00000001", "1"), ("1223476", "0x12ab34"), ("ABC-9", "abc-9")]
)
def test_a_response_and_its_receipt_meet(response: str, receipt: str) -> None:
    """The normalised id of the response is among the receipt's spellings, without any setting."""
    read_receipt = read(heard(f"id:{receipt} stat:DELIVRD"), ids=ReceiptIds.AUTO)
    assert read_receipt is not None and normalise(response) in read_receipt.carrier_ids


@pytest.mark.parametrize(
    ("given", "normal"),
    [("00AB", "ab"), (" 12 ", "12"), ("1 2", "12"), ("0x0F", "f"), ("000", "0"), ("0x", "0"), ("", ""), (" ", ""), ("0-1", "-1")],
)
def test_normalising(given: str, normal: str) -> None:
    """Case, spaces and leading zeros do not count; nothing but an empty id becomes empty."""
    assert normalise(given) == normal
    assert normalise(normal) == normal
