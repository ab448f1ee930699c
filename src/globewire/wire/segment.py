"""A text cut into the parts it travels in, and what each part's submit_sm carries (contract 6; 3GPP TS 23.040 9.2.3.24).

`cut` is what the customer is told: 160/153 septets or 70/67 units, whatever the carrier. `frames` is what a carrier is sent,
which may be more parts or fewer. No escape pair and no surrogate pair is ever split, and each part is as full as can be.
"""

from collections.abc import Callable
from dataclasses import field
from enum import Enum
from typing import assert_never

from globewire.errors import PARAM_LENGTH_LIMIT, refuse
from globewire.message import Encoding
from globewire.plan import Concatenation, GsmCoding
from globewire.values import dataclass
from globewire.wire.text import ESCAPE, encoding_of, latin1, pack, septets, ucs2

MOST_PARTS = 255

SAR_MSG_REF_NUM, SAR_TOTAL_SEGMENTS, SAR_SEGMENT_SEQNUM = 0x020C, 0x020E, 0x020F
MESSAGE_PAYLOAD = 0x0424


@dataclass(frozen=True, slots=True)
class Cut:
    """How a text travels. The pieces put together are the text; there is always at least one."""

    encoding: Encoding
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What one submit_sm carries: `data_coding` by SMPP 3.4 section 5.2.19, `udh` is esm_class 0x40, `tlvs` values by tag."""

    short_message: bytes
    data_coding: int
    udh: bool = False
    tlvs: dict[int, bytes] = field(default_factory=dict)


def cut(text: str) -> Cut:
    """The parts that the customer is told and charged. `Refused` with PARAM_LENGTH_LIMIT above 255 parts."""
    encoding = encoding_of(text)
    return Cut(encoding, _pieces(text, _PLAIN[encoding], _SHORT_HEADER))


def size(piece: str, encoding: Encoding) -> int:
    """What a piece takes: septets of GSM7, an extended character two; or 16-bit units of UCS2."""
    return len(septets(piece)) if encoding is Encoding.GSM7 else len(ucs2(piece)) // 2


def room(encoding: Encoding, parts: int) -> int:
    """How much of that each of so many parts can take: 160 or 70 alone, 153 or 67 beside others."""
    alone, each = _rooms(_PLAIN[encoding], _SHORT_HEADER)
    return alone if parts == 1 else each


def count(text: str) -> int:
    """How many parts `cut` makes."""
    return len(cut(text).pieces)


def frames(text: str, *, concatenation: Concatenation, gsm: GsmCoding, reference: int) -> tuple[Frame, ...]:
    """What to send for `text` in a carrier's way, one frame a part.

    `reference` ties the parts together: its lower 16 bits, or 8 with UDH8. With Concatenation.PAYLOAD a text that does not
    fit into one part goes whole, in one frame. `Refused` with PARAM_LENGTH_LIMIT where more than 255 parts are needed.
    """
    way = _way(text, gsm)
    pieces = _pieces(text, way.alphabet, _LONG_HEADER if concatenation is Concatenation.UDH16 else _SHORT_HEADER)
    if len(pieces) == 1:
        return (Frame(way.write(text, 0), way.data_coding),)
    if concatenation is Concatenation.PAYLOAD:
        return (Frame(b"", way.data_coding, tlvs={MESSAGE_PAYLOAD: way.write(text, 0)}),)
    return tuple([_frame(piece, way, concatenation, reference, len(pieces), place) for place, piece in enumerate(pieces, 1)])


_ROOM = 140
"""Octets of user data in one SMS, header included."""
_SHORT_HEADER, _LONG_HEADER = 6, 7
"""Octets of a concatenation header with an 8-bit and with a 16-bit reference. Carriers that are given SAR write the short one."""


class _Alphabet(Enum):
    GSM = "gsm"
    LATIN1 = "latin1"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class _Way:
    """How a text becomes octets: `write` takes the text and the length of the header before it."""

    alphabet: _Alphabet
    data_coding: int
    write: Callable[[str, int], bytes]


_UNPACKED = _Way(_Alphabet.GSM, 0, lambda text, header: septets(text))
_PACKED = _Way(_Alphabet.GSM, 0, lambda text, header: pack(septets(text), -8 * header % 7))
_LATIN1 = _Way(_Alphabet.LATIN1, 3, lambda text, header: text.encode("latin-1"))
_UCS2 = _Way(_Alphabet.UCS2, 8, lambda text, header: ucs2(text))
_PLAIN = {Encoding.GSM7: _Alphabet.GSM, Encoding.UCS2: _Alphabet.UCS2}


def _way(text: str, gsm: GsmCoding) -> _Way:
    if encoding_of(text) is Encoding.UCS2:
        return _UCS2
    match gsm:
        case GsmCoding.UNPACKED:
            return _UNPACKED
        case GsmCoding.PACKED:
            return _PACKED
        case GsmCoding.LATIN1:
            return _UCS2 if latin1(text) is None else _LATIN1
        case GsmCoding.UCS2:
            return _UCS2
    assert_never(gsm)


def _frame(piece: str, way: _Way, concatenation: Concatenation, reference: int, total: int, place: int) -> Frame:
    match concatenation:
        case Concatenation.UDH8 | Concatenation.PAYLOAD:
            header = bytes((5, 0, 3, reference & 0xFF, total, place))
        case Concatenation.UDH16:
            header = bytes((6, 8, 4, reference >> 8 & 0xFF, reference & 0xFF, total, place))
        case Concatenation.SAR:
            tied = {SAR_MSG_REF_NUM: (reference & 0xFFFF).to_bytes(2), SAR_TOTAL_SEGMENTS: bytes([total])}
            return Frame(way.write(piece, 0), way.data_coding, tlvs={**tied, SAR_SEGMENT_SEQNUM: bytes([place])})
        case _:
            assert_never(concatenation)
    return Frame(header + way.write(piece, len(header)), way.data_coding, udh=True)


def _pieces(text: str, alphabet: _Alphabet, header: int) -> tuple[str, ...]:
    """`text` in as few pieces as can be: whole where it fits without a header, else each beside one."""
    alone, each = _rooms(alphabet, header)
    match alphabet:
        case _Alphabet.GSM:
            pieces = _by_septets(text, alone, each)
        case _Alphabet.LATIN1:
            pieces = (text,) if len(text) <= alone else _slices(text, each)
        case _Alphabet.UCS2:
            pieces = _by_units(text, alone, each)
        case _:
            assert_never(alphabet)
    if len(pieces) > MOST_PARTS:
        raise refuse(PARAM_LENGTH_LIMIT, f"Message has more than {MOST_PARTS} parts")
    return pieces


def _rooms(alphabet: _Alphabet, header: int) -> tuple[int, int]:
    """How many characters a part can take without a header and beside one, of those that count one."""
    match alphabet:
        case _Alphabet.GSM:
            return _ROOM * 8 // 7, (_ROOM - header) * 8 // 7
        case _Alphabet.LATIN1:
            return _ROOM, _ROOM - header
        case _Alphabet.UCS2:
            return _ROOM // 2, (_ROOM - header) // 2
    assert_never(alphabet)


def _slices(text: str, each: int) -> tuple[str, ...]:
    return tuple([text[at : at + each] for at in range(0, len(text), each)])


def _by_septets(text: str, alone: int, each: int) -> tuple[str, ...]:
    """Extended characters count two. An escape is one of such a pair and no character of its own."""
    coded = septets(text)
    if len(coded) <= alone:
        return (text,)
    if len(coded) == len(text):
        return _slices(text, each)
    pieces: list[str] = []
    at = first = 0
    while at < len(coded):
        end = at + each
        if end < len(coded) and coded[end - 1] == ESCAPE:
            end -= 1
        after = first + len(coded[at:end]) - coded.count(ESCAPE, at, end)
        pieces.append(text[first:after])
        at, first = end, after
    return tuple(pieces)


def _by_units(text: str, alone: int, each: int) -> tuple[str, ...]:
    """Characters beyond the first plane count two."""
    units = len(ucs2(text)) // 2
    if units <= alone:
        return (text,)
    if units == len(text):
        return _slices(text, each)
    pieces: list[str] = []
    first = used = 0
    for at, character in enumerate(text):
        width = 2 if character > "\uffff" else 1
        if used + width > each:
            pieces.append(text[first:at])
            first, used = at, 0
        used += width
    return (*pieces, text[first:])
