"""The question what became of a part, and its answer, as they go over the wire (SMPP 3.4 section 4.8)."""

import pytest

from globewire.message import CarrierId, MessageId, Millis, Part, PartState, Receipt
from globewire.plan import Address, Carrier
from globewire.wire.pdu import Command, Pdu, decode, encode
from globewire.wire.query import question, told

CARRIER = Carrier(
    id=CarrierId("north"), host="", port=0, system_id="", password="", sender="4477", source_short=Address(ton=3, npi=9)
)
PART = Part(MessageId(1), 1, 1, CARRIER.id, "1a2b", PartState.SUBMITTED, Millis(0))
SPELT = Part(MessageId(1), 1, 1, CARRIER.id, "1a2b", PartState.SUBMITTED, Millis(0), given_id="00001A2B")


@pytest.mark.parametrize(
    ("part", "sender", "body"),
    [
        (PART, "Globe", b"1a2b\0\5\0Globe\0"),
        (SPELT, "6591234567", b"00001A2B\0\1\x016591234567\0"),
        (SPELT, "", b"00001A2B\0\3\x094477\0"),
    ],
)
def test_the_question_has_the_id_and_the_source_as_they_were(part: Part, sender: str, body: bytes) -> None:
    octets = encode(Pdu(Command.QUERY_SM, 0, 7, question(part, sender, CARRIER)))
    assert octets[16:] == body
    assert octets[4:8] == b"\0\0\0\3"


@pytest.mark.parametrize(
    ("state", "error", "word", "spelt"),
    [
        (1, 0, "ENROUTE", ""),
        (2, 0, "DELIVRD", ""),
        (3, 0, "EXPIRED", ""),
        (4, 0, "DELETED", ""),
        (5, 11, "UNDELIV", "011"),
        (6, 0, "ACCEPTD", ""),
        (7, 0, "UNKNOWN", ""),
        (8, 255, "REJECTD", "255"),
        (0, 0, "", ""),
        (9, 1, "", "001"),
    ],
)
def test_the_answer_is_the_receipt_that_did_not_come(state: int, error: int, word: str, spelt: str) -> None:
    octets = b"00001A2B\0" + b"261125120000000+\0" + bytes((state, error))
    header = (16 + len(octets)).to_bytes(4, "big") + b"\x80\0\0\3" + bytes(4) + b"\0\0\0\7"
    assert told(SPELT, "6591234567", decode(header + octets)) == Receipt(("1a2b",), "6591234567", word, spelt)
