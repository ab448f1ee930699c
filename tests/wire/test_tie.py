"""What ties parts together is read as it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globewire.plan import Concatenation, GsmCoding
from globewire.wire.segment import frames
from globewire.wire.tie import Tie, tie


@pytest.mark.parametrize("way", [Concatenation.UDH8, Concatenation.UDH16, Concatenation.SAR])
@given(st.integers(0, 0xFFFF))
def test_every_way_to_tie_is_read(way: Concatenation, reference: int) -> None:
    """Of three parts, each says which it is; an 8-bit reference loses what does not fit into it."""
    parts = frames("a" * 400, concatenation=way, gsm=GsmCoding.UNPACKED, reference=reference)
    kept = reference & (0xFF if way is Concatenation.UDH8 else 0xFFFF)
    assert [tie(part.udh, part.short_message, part.tlvs) for part in parts] == [Tie(kept, 3, sequence) for sequence in (1, 2, 3)]


@pytest.mark.parametrize(
    ("udh", "text"),
    [
        (False, b"Hello"),
        (True, b""),
        (True, b"\x00Hello"),
        (True, b"\x05\x00\x03\x07"),
        (True, b"\x05\x00\x03\x07\x02\x03"),
        (True, b"\x05\x00\x03\x07\x01\x01"),
        (True, b"\x06\x05\x04\x0b\x84\x23\xf0"),
    ],
    ids=["whole", "nothing", "empty header", "cut off", "part 3 of 2", "one of one", "a port"],
)
def test_what_is_not_tied(udh: bool, text: bytes) -> None:
    assert tie(udh, text, {}) is None


def test_an_element_may_stand_behind_another() -> None:
    """A port first, then the concatenation."""
    assert tie(True, b"\x0b\x05\x04\x0b\x84\x23\xf0\x00\x03\x2a\x02\x01Hello", {}) == Tie(42, 2, 1)
