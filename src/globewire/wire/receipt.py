"""Delivery receipts in the dialects that carriers speak: a deliver_sm or data_sm in, a `Receipt` or None out.

SMPP 3.4 appendix B leaves the text to the SMSC's vendor, and section 5.3.2.12 adds optional parameters; carriers mix both.
What the status means for a message is `verdict.outcome`'s to say.
"""

import re
from string import digits, hexdigits

from globewire.message import Receipt
from globewire.plan import ReceiptIds
from globewire.wire.pdu import Pdu, Tag


def read(pdu: Pdu, *, ids: ReceiptIds) -> Receipt | None:
    """The receipt that `pdu` is, with all that could be read of it; None where it is a message from a mobile. Never raises.

    A receipt says so in esm_class (a final one or an intermediate notification, SMPP 3.4 section 5.2.12), or it has a
    receipted_message_id, or its text has both an id and a stat.
    """
    text = _parts(_text(pdu))
    id_beside = pdu.tlv_text(Tag.RECEIPTED_MESSAGE_ID) or ""
    declared = pdu.number("esm_class") & _MESSAGE_TYPE in (_RECEIPT, _INTERMEDIATE)
    if not (declared or id_beside or ("id" in text and "stat" in text)):
        return None
    id_within = text.get("id", "")
    spellings = _spellings(id_beside or id_within, ids)
    if id_beside and id_within != id_beside:
        spellings = tuple(dict.fromkeys(spellings + _spellings(id_within, ids)))
    return Receipt(
        carrier_ids=spellings,
        to=_digits(pdu.text("source_addr")),
        status=_status(text.get("stat", "")) or STATES.get(pdu.tlv_number(Tag.MESSAGE_STATE) or 0, ""),
        error=text.get("err", "") or _network_error(pdu),
        marked=declared or bool(id_beside),
    )


def normalise(carrier_id: str) -> str:
    """A message id as it is compared: lower case, without spaces, leading zeros or a leading 0x. Apply it to the ids in
    responses; those in receipts have it."""
    bare = "".join(carrier_id.split()).lower()
    return bare.removeprefix("0x").lstrip("0") or bare[:1]


_MESSAGE_TYPE, _RECEIPT, _INTERMEDIATE = 0b0011_1100, 0b0000_0100, 0b0010_0000
_USER_DATA_HEADER = 0b0100_0000
_LONGEST_TEXT = 1024  # octets that are looked at; a receipt is about 120
_LONGEST_NUMBER = 40  # digits of an id that may be a number at all: 128 bits in decimal are 39

STATES = {1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD"}
"""message_state's values (SMPP 3.4 section 5.2.28) in the words of appendix B."""

_LONGER = {
    "DELIVRD": ("DELIVERED",),
    "UNDELIV": ("UNDELIVERABLE", "UNDELIVERED"),
    "ACCEPTD": ("ACCEPTED",),
    "REJECTD": ("REJECTED",),
}
_SHORTEST_CUT = 5
_STATUSES = {str(number): word for number, word in STATES.items()} | {
    spelling[:length]: word
    for word in STATES.values()
    for spelling in (word, *_LONGER.get(word, ()))
    for length in range(_SHORTEST_CUT, len(spelling) + 1)
}
"""Every spelling of a status word: whole, longer, a number, or cut off, to the word of appendix B."""

_WORD = "[0-9A-Za-z_-]*"
_PLAIN = re.compile(
    f"id:(?P<id>{_WORD})(?: sub:{_WORD})?(?: dlvrd:{_WORD})?(?: submit date:{_WORD})?(?: done date:{_WORD})?"
    f" stat:(?P<stat>{_WORD}) err:(?P<err>{_WORD})(?: [Tt]ext:|\\Z)"
)
"""A text just as appendix B has it, which most are: told in a fifth of the time that looking for each key takes."""

_KEY = re.compile(r"\b(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text)(?:us|or)?\s*:\s*", re.IGNORECASE)


def _text(pdu: Pdu) -> str:
    octets = pdu.octets("short_message") or pdu.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")
    if pdu.number("esm_class") & _USER_DATA_HEADER and octets:
        octets = octets[1 + octets[0] :]
    octets = octets[:_LONGEST_TEXT]
    # data_coding is not to be trusted here. A receipt's words are ASCII, so UCS-2 shows itself by its zeros.
    if octets.startswith((b"\xfe\xff", b"\0")):
        return octets.decode("utf-16-be", "replace").lstrip("\ufeff")
    if octets.startswith(b"\xff\xfe") or octets[1:2] == b"\0":
        return octets.decode("utf-16-le", "replace").lstrip("\ufeff")
    return octets.decode("latin-1")


def _parts(text: str) -> dict[str, str]:
    """The first word after each key, the first of repeated keys: what follows `text:` is the customer's, and may say anything."""
    if plain := _PLAIN.match(text):
        return plain.groupdict()
    parts: dict[str, str] = {}
    keys = list(_KEY.finditer(text))
    edges = [key.start() for key in keys] + [len(text)]
    for key, end in zip(keys, edges[1:], strict=True):
        word = text[key.end() : end].split(maxsplit=1)[:1]
        parts.setdefault(key[1].lower(), word[0].strip("\0,;") if word else "")
    return parts


def _status(word: str) -> str:
    upper = word.upper()
    return _STATUSES.get(upper, upper)


def _network_error(pdu: Pdu) -> str:
    """network_error_code: an octet for the network, two for its code (SMPP 3.4 section 5.3.2.31)."""
    octets = pdu.tlvs.get(Tag.NETWORK_ERROR_CODE, b"")
    return f"{int.from_bytes(octets[1:], 'big'):03}" if len(octets) == 3 else ""


def _digits(address: str) -> str:
    return address if address.isascii() and address.isdigit() else "".join([c for c in address if c in digits])


def _spellings(carrier_id: str, ids: ReceiptIds) -> tuple[str, ...]:
    given = normalise(carrier_id)
    if not given:
        return ()
    short = len(given) <= _LONGEST_NUMBER
    as_decimal = str(int(given, 16)) if short and not given.strip(hexdigits) else ""
    as_hex = f"{int(given):x}" if short and not given.strip(digits) else ""
    match ids:
        case ReceiptIds.AUTO:
            return tuple(dict.fromkeys(filter(None, (given, as_decimal, as_hex))))
        case ReceiptIds.SAME:
            return (given,)
        case ReceiptIds.HEX_TO_DEC:
            return (as_hex or given,)
        case ReceiptIds.DEC_TO_HEX:
            return (as_decimal or given,)
