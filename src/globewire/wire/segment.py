"""A text cut into the parts it travels in, and what each part's submit_sm carries (contract 6; 3GPP TS 23.040 9.2.3.24).

`cut` is what the customer is told: 160/153 septets or 70/67 units, whatever the carrier. `frames` is what a carrier is sent,
which may be more parts or fewer. No escape pair and no surrogate pair is ever split, and each part is as full as can be.
"""

from collections.abc import Callable
from dataclasses import field
from typing import assert_never

from globewire.errors import PARAM_LENGTH_LIMIT, refuse
from globewire.message import Encoding
from globewire.plan import Concatenation, GsmCoding
from globewire.values import dataclass
from globewire.wire.text import ESCAPE, gsm7, latin1, pack, septets, ucs2

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
    coded = gsm7(text)
    if coded is None:
        return Cut(Encoding.UCS2, _pieces(text, ucs2(text), _UCS2, _SHORT_HEADER))
    return Cut(Encoding.GSM7, _pieces(text, coded, _UNPACKED, _SHORT_HEADER))


def size(piece: str, encoding: Encoding) -> int:
    """What a piece takes: septets of GSM7, an extended character two; or 16-bit units of UCS2."""
    return len(septets(piece)) if encoding is Encoding.GSM7 else len(ucs2(piece)) // 2


def room(encoding: Encoding, parts: int) -> int:
    """How much of that each of so many parts can take: 160 or 70 alone, 153 or 67 beside others."""
    return _room(_UNPACKED if encoding is Encoding.GSM7 else _UCS2, 0 if parts == 1 else _SHORT_HEADER)


def count(text: str) -> int:
    """How many parts `cut` makes."""
    return len(cut(text).pieces)


def frames(text: str, *, concatenation: Concatenation, gsm: GsmCoding, reference: int) -> tuple[Frame, ...]:
    """What to send for `text` in a carrier's way, one frame a part.

    `reference` ties the parts together: its lower 16 bits, or 8 with UDH8. With Concatenation.PAYLOAD a text that does not
    fit into one part goes whole, in one frame. `Refused` with PARAM_LENGTH_LIMIT where more than 255 parts are needed.
    """
    way, coded = _way(text, gsm)
    pieces = _pieces(text, coded, way, _LONG_HEADER if concatenation is Concatenation.UDH16 else _SHORT_HEADER)
    if len(pieces) == 1:
        return (Frame(way.body(coded, 0), way.data_coding),)
    if concatenation is Concatenation.PAYLOAD:
        return (Frame(b"", way.data_coding, tlvs={MESSAGE_PAYLOAD: way.body(coded, 0)}),)
    return tuple([_frame(piece, way, concatenation, reference, len(pieces), place) for place, piece in enumerate(pieces, 1)])


_ROOM = 140
"""Octets of user data in one SMS, header included."""
_SHORT_HEADER, _LONG_HEADER = 6, 7
"""Octets of a concatenation header with an 8-bit and with a 16-bit reference. Carriers that are given SAR write the short one."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How a text becomes octets: `code` writes it in units of so many octets, each of which takes `bits` on its way, and `split`
    cuts text and octets into pieces of so many units."""

    data_coding: int
    code: Callable[[str], bytes]
    octets: int
    bits: int
    split: Callable[[str, bytes, int], tuple[str, ...]]
    packed: bool = False

    def body(self, coded: bytes, header: int) -> bytes:
        """The octets of a part that has a header of that length."""
        return pack(coded, -8 * header % 7) if self.packed else coded


def _way(text: str, gsm: GsmCoding) -> tuple[_Way, bytes]:
    """The way that a text goes, and the text in its code."""
    coded = gsm7(text)
    if coded is None:
        return _UCS2, ucs2(text)
    match gsm:
        case GsmCoding.UNPACKED:
            return _UNPACKED, coded
        case GsmCoding.PACKED:
            return _PACKED, coded
        case GsmCoding.LATIN1:
            octets = latin1(text)
            return (_UCS2, ucs2(text)) if octets is None else (_LATIN1, octets)
        case GsmCoding.UCS2:
            return _UCS2, ucs2(text)
    assert_never(gsm)


def _frame(piece: str, way: _Way, concatenation: Concatenation, reference: int, total: int, place: int) -> Frame:
    coded = way.code(piece)
    match concatenation:
        case Concatenation.UDH8 | Concatenation.PAYLOAD:
            header = bytes((5, 0, 3, reference & 0xFF, total, place))
        case Concatenation.UDH16:
            header = bytes((6, 8, 4, reference >> 8 & 0xFF, reference & 0xFF, total, place))
        case Concatenation.SAR:
            tied = {SAR_MSG_REF_NUM: (reference & 0xFFFF).to_bytes(2), SAR_TOTAL_SEGMENTS: bytes([total])}
            return Frame(way.body(coded, 0), way.data_coding, tlvs={**tied, SAR_SEGMENT_SEQNUM: bytes([place])})
        case _:
            assert_never(concatenation)
    return Frame(header + way.body(coded, len(header)), way.data_coding, udh=True)


def _pieces(text: str, coded: bytes, way: _Way, header: int) -> tuple[str, ...]:
    """`text` in as few pieces as can be: whole where it fits without a header, else each beside one."""
    if len(coded) // way.octets <= _room(way, 0):
        return (text,)
    pieces = way.split(text, coded, _room(way, header))
    if len(pieces) > MOST_PARTS:
        raise refuse(PARAM_LENGTH_LIMIT, f"Message has more than {MOST_PARTS} parts")
    return pieces


def _room(way: _Way, header: int) -> int:
    """How many units a part can take beside a header of that length."""
    return (_ROOM - header) * 8 // way.bits


def _slices(text: str, _: bytes, each: int) -> tuple[str, ...]:
    return tuple([text[at : at + each] for at in range(0, len(text), each)])


def _by_septets(text: str, coded: bytes, each: int) -> tuple[str, ...]:
    """Extended characters count two. An escape is one of such a pair and no character of its own."""
    if len(coded) == len(text):
        return _slices(text, coded, each)
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


def _by_units(text: str, coded: bytes, each: int) -> tuple[str, ...]:
    """Characters beyond the first plane count two."""
    if len(coded) == 2 * len(text):
        return _slices(text, coded, each)
    pieces: list[str] = []
    first = used = 0
    for at, character in enumerate(text):
        width = 2 if character > "\uffff" else 1
        if used + width > each:
            pieces.append(text[first:at])
            first, used = at, 0
        used += width
    return (*pieces, text[first:])


_UNPACKED = _Way(0, septets, 1, 7, _by_septets)
_PACKED = _Way(0, septets, 1, 7, _by_septets, packed=True)
_LATIN1 = _Way(3, lambda text: text.encode("latin-1"), 1, 8, _slices)
_UCS2 = _Way(8, ucs2, 2, 16, _by_units)
