"""Whatever a carrier answers to query_sm, it is read as a receipt of the part that was asked about, and a decision follows."""

from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.message import CarrierId, MessageId, Millis, Part, PartState
from globewire.verdict.outcome import Told, receipt_state, told
from globewire.wire import query
from globewire.wire.pdu import Command, Frames, Pdu, PduFault, decode
from wire.pdus import pdus

PART = Part(MessageId(1), 1, 1, CarrierId("north"), "1a2b", PartState.SUBMITTED, Millis(0))


def check(pdu: Pdu) -> None:
    receipt = query.told(PART, "6591234567", pdu)
    assert (receipt.carrier_ids, receipt.to) == (("1a2b",), "6591234567")
    final = told(pdu.status, receipt.status) is Told.FINAL
    assert final == (pdu.status == 0 and receipt.status != "UNKNOWN" and receipt_state(receipt.status) is not None)


@settings(max_examples=300)
@given(pdus(Command.QUERY_SM_RESP, Command.GENERIC_NACK, Command.SUBMIT_SM_RESP), st.integers(0, 2**32 - 1))
def test_any_answer(pdu: Pdu, status: int) -> None:
    check(Pdu(pdu.command, status, pdu.sequence, pdu.fields, pdu.tlvs))


@settings(max_examples=300)
@given(st.binary(max_size=100), st.sampled_from((0, 3, 0x67)))
def test_any_body(body: bytes, status: int) -> None:
    """Octets behind the header of a query_sm_resp."""
    header = (16 + len(body)).to_bytes(4, "big") + b"\x80\0\0\3" + status.to_bytes(4, "big") + b"\0\0\0\1"
    for frame in Frames().feed(header + body):
        try:
            pdu = decode(frame)
        except PduFault as fault:
            pdu = Pdu(fault.command, status, fault.sequence, fault.fields)
        check(pdu)
