"""PDUs against the specification's own octets, against themselves, and against what peers really send."""

from struct import pack
from typing import Any

import pytest
import smpp34
from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.wire.commands import BODIES, TAG_KINDS, Kind
from globewire.wire.pdu import RESP, Command, Frames, Pdu, PduFault, Status, Tag, Value, decode, encode, tlv
from wire.pdus import pdus

# The bind_transmitter that SMPP 3.4 section 3.2 prints as its example.
SPECIFICATION = bytes.fromhex(
    "00 00 00 2F 00 00 00 02 00 00 00 00 00 00 00 01 53 4D 50 50 33 54 45 53 54 00"
    "73 65 63 72 65 74 30 38 00 53 55 42 4D 49 54 31 00 50 01 01 00"
)
SUBMIT = bytes.fromhex(
    "00 00 00 35 00 00 00 04 00 00 00 00 00 00 00 07 00 05 00 47 6C 6F 62 65 00 01 01 36 35 39 31 32 33 34 35 36 37 00"
    "00 00 00 00 00 01 00 00 00 05 68 65 6C 6C 6F"
)
SUBMIT_FIELDS: dict[str, Value] = {
    "service_type": "",
    "source_addr_ton": 5,
    "source_addr_npi": 0,
    "source_addr": "Globe",
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "destination_addr": "6591234567",
    "esm_class": 0,
    "protocol_id": 0,
    "priority_flag": 0,
    "schedule_delivery_time": "",
    "validity_period": "",
    "registered_delivery": 1,
    "replace_if_present_flag": 0,
    "data_coding": 0,
    "sm_default_msg_id": 0,
    "short_message": b"hello",
}


def frame(command: int, body: bytes = b"", status: int = 0, sequence: int = 9) -> bytes:
    """A frame made by hand."""
    return pack(">IIII", 16 + len(body), command, status, sequence) + body


def test_the_specifications_own_bind() -> None:
    """The octets printed in the specification read as it says, and are written the same."""
    bind = Pdu(
        Command.BIND_TRANSMITTER,
        0,
        1,
        {
            "system_id": "SMPP3TEST",
            "password": "secret08",
            "system_type": "SUBMIT1",
            "interface_version": 0x50,
            "addr_ton": 1,
            "addr_npi": 1,
            "address_range": "",
        },
    )
    assert len(SPECIFICATION) == 0x2F
    assert decode(SPECIFICATION) == bind
    assert encode(bind) == SPECIFICATION


def test_a_submit_by_hand() -> None:
    """A submit_sm written octet by octet."""
    assert decode(SUBMIT) == Pdu(Command.SUBMIT_SM, 0, 7, SUBMIT_FIELDS)
    assert encode(Pdu(Command.SUBMIT_SM, 0, 7, SUBMIT_FIELDS)) == SUBMIT


def test_absent_fields_are_written_blank() -> None:
    """0 for a number, "" for a string, nothing for octets and rows."""
    for command, body in BODIES.items():
        read = decode(encode(Pdu(command, 0, 1)))
        assert set(read.fields) == {field.name for field in body}
        assert not any(read.fields.values())


@pytest.mark.parametrize("command", [Command.SUBMIT_SM, Command.DELIVER_SM])
def test_another_codec_agrees(command: Command) -> None:
    """smpp34 writes the same octets, and reads ours."""
    build = smpp34.SubmitSm if command is Command.SUBMIT_SM else smpp34.DeliverSm
    named: dict[str, Any] = {name: value for name, value in SUBMIT_FIELDS.items() if name != "replace_if_present_flag"}
    theirs = build(**named, tlvs=[smpp34.Tlv(Tag.SAR_MSG_REF_NUM, b"\1\2")], sequence_number=7).encode()
    ours = encode(Pdu(command, 0, 7, SUBMIT_FIELDS, {Tag.SAR_MSG_REF_NUM: tlv(Tag.SAR_MSG_REF_NUM, 0x0102)}))
    assert ours == theirs
    read = smpp34.decode(ours)
    assert isinstance(read, smpp34.SubmitSm | smpp34.DeliverSm) and read.short_message == b"hello"


@settings(max_examples=300)
@given(pdus())
def test_what_is_written_reads_the_same(pdu: Pdu) -> None:
    """Every command, every field, any optional parameters."""
    assert decode(encode(pdu)) == pdu


@settings(max_examples=100)
@given(st.lists(pdus(), max_size=4), st.data())
def test_feeding_in_pieces_equals_feeding_at_once(several: list[Pdu], data: st.DataObject) -> None:
    """Octet by octet, in any pieces, or in one."""
    stream = b"".join(map(encode, several))
    octets, pieces = Frames(), Frames()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    by_pieces = [f for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) for f in pieces.feed(stream[a:b])]
    by_octets = [f for at in range(len(stream)) for f in octets.feed(stream[at : at + 1])]
    assert by_pieces == by_octets == Frames().feed(stream) == [encode(pdu) for pdu in several]


@pytest.mark.parametrize("length", [0, 4, 15, 65_537, 2**31, 2**32 - 1])
def test_an_impossible_length_breaks_the_stream(length: int) -> None:
    """Too short for a header or over the limit: refused as soon as it is read, and for good."""
    frames = Frames()
    with pytest.raises(PduFault) as caught:
        frames.feed(pack(">I", length))
    assert caught.value.status == Status.RINVCMDLEN
    with pytest.raises(PduFault):
        frames.feed(encode(Pdu(Command.ENQUIRE_LINK, 0, 1)))


def test_frames_before_a_broken_one_are_not_lost() -> None:
    """They come first; the fault is there to see, with the sequence where the header is whole, and the next call raises it."""
    good, bad = encode(Pdu(Command.ENQUIRE_LINK, 0, 1)), pack(">IIII", 2**31, 5, 0, 77)
    frames = Frames()
    assert frames.feed(good + bad) == [good]
    assert frames.fault is not None and frames.fault.sequence == 77
    with pytest.raises(PduFault):
        frames.feed(b"")


def test_the_limit_can_be_set() -> None:
    """A PDU of just the limit passes."""
    pdu = encode(Pdu(Command.DATA_SM, 0, 1, {}, {Tag.MESSAGE_PAYLOAD: b"x" * 100}))
    assert Frames(largest=len(pdu)).feed(pdu) == [pdu]
    with pytest.raises(PduFault):
        Frames(largest=len(pdu) - 1).feed(pdu)


@pytest.mark.parametrize(
    ("name", "octets", "pdu"),
    [
        ("a refused submit without a body", frame(0x8000_0004, status=0x455), Pdu(0x8000_0004, 0x455, 9, {"message_id": ""})),
        ("a refused submit with one", frame(0x8000_0004, b"\0", 0x58), Pdu(0x8000_0004, 0x58, 9, {"message_id": ""})),
        ("an accepted one without a body", frame(0x8000_0004), Pdu(0x8000_0004, 0, 9, {"message_id": ""})),
        ("an id without its NUL", frame(0x8000_0004, b"abc"), Pdu(0x8000_0004, 0, 9, {"message_id": "abc"})),
        ("an id of 80 octets", frame(0x8000_0004, b"x" * 80 + b"\0"), Pdu(0x8000_0004, 0, 9, {"message_id": "x" * 80})),
        ("a vendor's command", frame(0x0001_0200, b"abc"), Pdu(0x0001_0200, 0, 9, {"body": b"abc"})),
        ("a vendor's parameter", frame(0x8000_0006, b"\x14\0\0\2hi"), Pdu(0x8000_0006, 0, 9, {}, {0x1400: b"hi"})),
        ("an empty parameter", frame(0x8000_0015, b"\x13\x0c\0\0"), Pdu(0x8000_0015, 0, 9, {}, {0x130C: b""})),
    ],
)
def test_what_peers_send(name: str, octets: bytes, pdu: Pdu) -> None:
    """Odd, and read all the same."""
    assert decode(octets) == pdu, name


@pytest.mark.parametrize(
    ("name", "octets", "status"),
    [
        ("nothing", b"", Status.RINVCMDLEN),
        ("a cut header", SUBMIT[:15], Status.RINVCMDLEN),
        ("another length", SUBMIT + b"\0", Status.RINVCMDLEN),
        ("no body", frame(Command.SUBMIT_SM), Status.RINVPARLEN),
        ("a string that does not end", frame(Command.SUBMIT_SM, b"abc"), Status.RINVPARLEN),
        ("cut among numbers", frame(Command.SUBMIT_SM, b"\0\1"), Status.RINVPARLEN),
        ("a text past the end", frame(Command.SUBMIT_SM, SUBMIT[16:-1]), Status.RINVMSGLEN),
        ("a tag alone", frame(Command.SUBMIT_SM, SUBMIT[16:] + b"\x04\x24"), Status.RINVOPTPARSTREAM),
        ("a parameter past the end", frame(Command.SUBMIT_SM, SUBMIT[16:] + b"\x04\x24\0\5abcd"), Status.RINVOPTPARSTREAM),
        ("an unknown dest_flag", frame(Command.SUBMIT_MULTI, b"\0\0\0\0\1\3\0"), Status.RINVDESTFLAG),
        ("fewer rows than counted", frame(Command.SUBMIT_MULTI, b"\0\0\0\0\2\2a\0"), Status.RINVPARLEN),
    ],
)
def test_what_cannot_be_read(name: str, octets: bytes, status: Status) -> None:
    """One exception, with the status to answer and whom."""
    with pytest.raises(PduFault) as caught:
        decode(octets)
    assert caught.value.status == status, name
    if len(octets) >= 16:
        assert caught.value.command == int.from_bytes(octets[4:8], "big")
        assert caught.value.sequence == int.from_bytes(octets[12:16], "big")


def test_a_fault_after_the_fields_keeps_them() -> None:
    """An id is not lost to a cut parameter behind it."""
    with pytest.raises(PduFault) as caught:
        decode(frame(0x8000_0004, b"abc\0\x04"))
    assert caught.value.fields == {"message_id": "abc"}


@pytest.mark.parametrize(
    "pdu",
    [
        Pdu(Command.SUBMIT_SM, 0, 1, {"source_addr": "x" * 21}),
        Pdu(Command.SUBMIT_SM, 0, 1, {"source_addr": "a\0b"}),
        Pdu(Command.SUBMIT_SM, 0, 1, {"source_addr": "環球"}),
        Pdu(Command.SUBMIT_SM, 0, 1, {"source_addr": 5}),
        Pdu(Command.SUBMIT_SM, 0, 1, {"esm_class": 256}),
        Pdu(Command.SUBMIT_SM, 0, 1, {"esm_class": "1"}),
        Pdu(Command.SUBMIT_SM, 0, 1, {"short_message": b"x" * 255}),
        Pdu(Command.SUBMIT_SM, 0, 1, {"short_message": "text"}),
        Pdu(Command.SUBMIT_SM, 0, 1, {"sm_length": 3}),
        Pdu(Command.SUBMIT_SM, 0, 1, {}, {Tag.MESSAGE_PAYLOAD: b"x" * 65_536}),
        Pdu(Command.SUBMIT_SM, 0, 1, {}, {65_536: b""}),
        Pdu(Command.SUBMIT_SM, 0, 2**32),
        Pdu(Command.SUBMIT_MULTI, 0, 1, {"dest_address": ((3, 1, 1, "1"),)}),
        Pdu(Command.SUBMIT_MULTI, 0, 1, {"dest_address": ((1, "1"),)}),
        Pdu(Command.SUBMIT_MULTI, 0, 1, {"dest_address": ((2, "l"),) * 255}),
        Pdu(Command.SUBMIT_MULTI_RESP, 0, 1, {"unsuccess_sme": ((1, 1, "1", -1),)}),
    ],
)
def test_what_cannot_be_written(pdu: Pdu) -> None:
    """Too long, too big, of the wrong kind or unknown: refused, never cut."""
    with pytest.raises(PduFault):
        encode(pdu)


def test_a_refusal_with_nothing_to_say_is_a_header() -> None:
    """SMPP 3.4 section 4.4.2; with a status of 0 the body is there."""
    assert len(encode(Pdu(Command.SUBMIT_SM_RESP, Status.RTHROTTLED, 1))) == 16
    assert len(encode(Pdu(Command.SUBMIT_SM_RESP, Status.ROK, 1))) == 17


@pytest.mark.parametrize("tag", list(Tag))
def test_optional_parameters_by_kind(tag: Tag) -> None:
    """Each tag has a kind; a value written by it reads back."""
    kind = TAG_KINDS[tag]
    if kind in (Kind.INT1, Kind.INT2, Kind.INT4):
        assert Pdu(5, 0, 1, {}, {tag: tlv(tag, 7)}).tlv_number(tag) == 7
        assert len(tlv(tag, 7)) == kind.value
    elif kind is Kind.CSTRING:
        assert tlv(tag, "abc") == b"abc\0"
        assert Pdu(5, 0, 1, {}, {tag: tlv(tag, "abc")}).tlv_text(tag) == "abc"
    else:
        assert tlv(tag, b"abc") == b"abc"


def test_optional_parameters_that_do_not_fit() -> None:
    """Refused as everything else."""
    for tag, wrong in ((Tag.MESSAGE_STATE, 256), (Tag.SAR_MSG_REF_NUM, -1), (Tag.RECEIPTED_MESSAGE_ID, "環")):
        with pytest.raises(PduFault):
            tlv(tag, wrong)


def test_reading_what_is_not_there() -> None:
    """Typed access gives blanks, and None for optional parameters."""
    pdu = Pdu(5, 0, 1, {"esm_class": "odd"}, {Tag.MESSAGE_STATE: b"", Tag.RECEIPTED_MESSAGE_ID: b"abc"})
    assert (pdu.number("esm_class"), pdu.text("source_addr"), pdu.octets("short_message")) == (0, "", b"")
    assert [pdu.tlv_number(Tag.MESSAGE_STATE), pdu.tlv_number(Tag.SOURCE_PORT)] == [None, None]
    assert pdu.tlv_text(Tag.CALLBACK_NUM) is None
    assert pdu.tlv_text(Tag.RECEIPTED_MESSAGE_ID) == "abc"


def test_the_tables_are_whole() -> None:
    """27 commands, each with a body; a response for each request that has one; 48 statuses; 44 tags."""
    assert set(BODIES) == set(Command)
    assert {c | RESP for c in Command} - set(Command) == {Command.OUTBIND | RESP, Command.ALERT_NOTIFICATION | RESP}
    assert len(Command) == 27
    assert (len(Status), len(Tag)) == (48, 44)
