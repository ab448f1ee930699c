"""Any text is cut and framed, or refused for its length; any octets decode. Nothing else comes out."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.errors import PARAM_LENGTH_LIMIT, Refused
from globewire.plan import Concatenation, GsmCoding
from globewire.wire import text
from globewire.wire.segment import cut, frames

WAYS = [(concatenation, gsm) for concatenation in Concatenation for gsm in GsmCoding]
ODD = "\0\r\x1b\x1b\f@€[]~|^\\ß\u00a0\u200d\ud83d\ude00\udfff\ufeff\ufffe\uffff验🙂👨‍👩‍👧\U0010ffff"


def _framed_or_refused(given_text: str, reference: int) -> None:
    try:
        assert "".join(cut(given_text).pieces) == given_text
        for concatenation, gsm in WAYS:
            for frame in frames(given_text, concatenation=concatenation, gsm=gsm, reference=reference):
                assert len(frame.short_message) <= 160
                assert frame.data_coding in (0, 3, 8)
    except Refused as refused:
        assert refused.row is PARAM_LENGTH_LIMIT
        assert len(given_text) > 66 * 255 // 2


@settings(max_examples=300)
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(ODD)), max_size=300), st.integers(-5, 1 << 70))
def test_any_text(given_text: str, reference: int) -> None:
    """Lone surrogates among them."""
    _framed_or_refused(given_text, reference)


def test_mutated_texts() -> None:
    """A plain text, with pieces doubled, dropped and swapped for odd characters, up to lengths past every border."""
    dice = random.Random(38)
    plain = "Your code is 482913. It is valid for 10 minutes. "
    for _ in range(400):
        characters = list(plain * dice.randint(1, 8))
        for _ in range(dice.randint(0, 12)):
            at = dice.randrange(len(characters))
            characters[at : at + dice.randint(0, 3)] = dice.choices(ODD, k=dice.randint(0, 4))
            characters = characters or ["a"]
        _framed_or_refused("".join(characters), dice.getrandbits(63))


def test_very_long_texts() -> None:
    for unit in ("a", "€", "é", "验", "🙂", "a🙂"):
        for length in (8415, 16_900, 40_000):
            _framed_or_refused(unit * length, 7)


@settings(max_examples=300)
@given(st.binary(max_size=400), st.integers(0, 6))
def test_any_octets(octets: bytes, fill: int) -> None:
    for shown in (text.from_septets(octets), text.from_septets(text.unpack(octets, fill)), text.from_ucs2(octets)):
        assert len(shown) <= len(octets) * 8 // 7 + 1
