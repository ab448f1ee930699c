"""What ties the parts of a long text together: read from a submit's user data header (3GPP TS 23.040 9.2.3.24.1 and .8) or its
SAR parameters (SMPP 3.4 sections 5.3.2.22 to 24). `segment` writes it."""

from collections.abc import Mapping

from globewire.values import dataclass
from globewire.wire.segment import SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS

_SHORT, _LONG = (0x00, 3), (0x08, 4)
"""Information elements of a concatenation, with an 8-bit and with a 16-bit reference: their identifiers and lengths."""


@dataclass(frozen=True, slots=True)
class Tie:
    """Part `sequence` (from 1) of `total` that share a `reference`."""

    reference: int
    total: int
    sequence: int


def tie(udh: bool, text: bytes, tlvs: Mapping[int, bytes]) -> Tie | None:
    """How a part is tied to others; None for a text that is whole, or whose header says nothing of it that can be read."""
    return _header(text) if udh else _sar(tlvs)


def _header(text: bytes) -> Tie | None:
    header, at = text[1 : 1 + text[0]] if text else b"", 0
    while at + 2 <= len(header):
        element, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if (element, length) in (_SHORT, _LONG) and len(value) == length:
            return _tied(int.from_bytes(value[:-2]), value[-2], value[-1])
        at += 2 + length
    return None


def _sar(tlvs: Mapping[int, bytes]) -> Tie | None:
    reference, total, sequence = (tlvs.get(tag, b"") for tag in (SAR_MSG_REF_NUM, SAR_TOTAL_SEGMENTS, SAR_SEGMENT_SEQNUM))
    if (len(reference), len(total), len(sequence)) != (2, 1, 1):
        return None
    return _tied(int.from_bytes(reference), total[0], sequence[0])


def _tied(reference: int, total: int, sequence: int) -> Tie | None:
    return Tie(reference, total, sequence) if 1 <= sequence <= total > 1 else None
