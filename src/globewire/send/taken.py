"""What the simulated carrier remembers of a message it took, and how it tells of it: receipts and answers to query_sm.

Values and formats only: no socket, no clock. Times are seconds since 1970.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from globewire.verdict.script import ERRORS, ReceiptForm
from globewire.wire.pdu import Command, Fields, Pdu, Tag, tlv

STATES: dict[str, int] = {
    "ENROUTE": 1,
    "DELIVRD": 2,
    "EXPIRED": 3,
    "DELETED": 4,
    "UNDELIV": 5,
    "ACCEPTD": 6,
    "UNKNOWN": 7,
    "REJECTD": 8,
}
"""message_state by the word of a receipt (SMPP 3.4 section 5.2.28)."""

_UDH = 0x40
_RECEIPT = 0x04
_GSM_NETWORK = 3
_TEXTUAL = frozenset({0, 1, 3})


@dataclass(slots=True)
class Taken:
    """A message that was taken. `submit` is its PDU, `id` and `receipt_id` its id as spelt in responses and in receipts.

    It stands ENROUTE until `final_at`, then as `word`. cancel_sm changes `word`, and replace_sm `text`. `error` is its receipt's
    `err`, None for the one that goes with the word.
    """

    submit: Pdu
    id: str
    receipt_id: str
    text: bytes
    taken_at: float
    final_at: float
    word: str
    error: int | None = None

    @property
    def destination(self) -> str:
        """The number it goes to, as it was submitted."""
        return self.submit.text("destination_addr")

    @property
    def err(self) -> int:
        """What its receipt has as `err`."""
        return ERRORS.get(self.word, 0) if self.error is None else self.error

    def state(self, now: float) -> str:
        """Its state at `now`, as a receipt's word."""
        return self.word if now >= self.final_at else "ENROUTE"


def body(submit: Pdu) -> bytes:
    """The octets of a submit's text, user data header included: short_message, or message_payload where that is empty."""
    return submit.octets("short_message") or submit.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")


def wants_receipt(submit: Pdu, word: str) -> bool:
    """Whether registered_delivery asks for a receipt of this end (SMPP 3.4 section 5.2.17; 3 is SMPP 5.0's)."""
    asked = submit.number("registered_delivery") & 3
    return asked == 1 or (asked == 2 and word != "DELIVRD") or (asked == 3 and word == "DELIVRD")


def unheard_of(id: str, to: str, sender: str, word: str, error: int | None, now: float) -> Taken:
    """A message that was never submitted, for whoever wants a receipt of it all the same."""
    fields: Fields = {
        "destination_addr": to,
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "source_addr": sender,
        "registered_delivery": 1,
    }
    return Taken(Pdu(Command.SUBMIT_SM, 0, 0, fields), id, id, b"", now, now, word, error)


def receipt(taken: Taken, form: ReceiptForm) -> tuple[Fields, Mapping[int, bytes]]:
    """The fields and optional parameters of the deliver_sm that tells how `taken` ended (SMPP 3.4 appendix B)."""
    error = taken.err
    tlvs: dict[int, bytes] = {}
    if form is not ReceiptForm.TEXT:
        tlvs[Tag.RECEIPTED_MESSAGE_ID] = tlv(Tag.RECEIPTED_MESSAGE_ID, taken.receipt_id)
        tlvs[Tag.MESSAGE_STATE] = tlv(Tag.MESSAGE_STATE, STATES.get(taken.word, STATES["UNKNOWN"]))
        tlvs[Tag.NETWORK_ERROR_CODE] = bytes((_GSM_NETWORK, error >> 8, error & 0xFF))
    submit = taken.submit
    fields: Fields = {
        "source_addr_ton": submit.number("dest_addr_ton"),
        "source_addr_npi": submit.number("dest_addr_npi"),
        "source_addr": taken.destination[:20],
        "dest_addr_ton": submit.number("source_addr_ton"),
        "dest_addr_npi": submit.number("source_addr_npi"),
        "destination_addr": submit.text("source_addr")[:20],
        "esm_class": _RECEIPT,
        "short_message": b"" if form is ReceiptForm.TLV else _words(taken, error),
    }
    return fields, tlvs


def query_answer(taken: Taken, now: float) -> Fields:
    """The fields of a query_sm_resp (SMPP 3.4 section 4.8.2)."""
    word = taken.state(now)
    final = word != "ENROUTE"
    return {
        "message_id": taken.id,
        "final_date": f"{_date(int(taken.final_at))}000+" if final else "",
        "message_state": STATES.get(word, STATES["UNKNOWN"]),
        "error_code": min(taken.err, 255) if final else 0,
    }


def _words(taken: Taken, error: int) -> bytes:
    delivered = "001" if taken.word == "DELIVRD" else "000"
    dates = f"submit date:{_date(int(taken.taken_at))[:10]} done date:{_date(int(taken.final_at))[:10]}"
    words = f"id:{taken.receipt_id} sub:001 dlvrd:{delivered} {dates} stat:{taken.word} err:{error:03d} text:"
    return words.encode("latin-1") + _beginning(taken)


def _beginning(taken: Taken) -> bytes:
    # Appendix B quotes 20 characters. Octets of other alphabets, or of a header, would not be characters.
    legible = taken.submit.number("data_coding") in _TEXTUAL and not taken.submit.number("esm_class") & _UDH
    return taken.text[:20] if legible else b""


@lru_cache(maxsize=256)
def _date(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%y%m%d%H%M%S")
