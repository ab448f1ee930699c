"""The GSM alphabet against an independent codec, packing against golden octets, and decoding of whatever comes."""

import sys

import pytest
from gsm0338 import Codec
from hypothesis import given
from hypothesis import strategies as st

from globewire.message import Encoding
from globewire.wire import text

ORACLE = Codec()
ALPHABET = (text.BASIC + "".join(text.EXTENSION.values())).replace("\x1b", "")
gsm_texts = st.text(alphabet=ALPHABET, max_size=400)


def _oracle_knows(character: str) -> bool:
    try:
        ORACLE.encode(character)
    except (KeyError, UnicodeEncodeError):
        return False
    return character != "\x1b"


def test_every_character_of_unicode_is_told_as_the_oracle_tells_it() -> None:
    inside = {chr(code) for code in range(sys.maxunicode + 1) if text.encoding_of(chr(code)) is Encoding.GSM7}
    assert inside == set(ALPHABET)
    assert inside == {character for character in map(chr, range(0x10000)) if _oracle_knows(character)}


@pytest.mark.parametrize(
    ("given_text", "encoding"),
    [
        ("", Encoding.GSM7),
        ("Your code is 1234.", Encoding.GSM7),
        ("@£$¥èéùìòÇØøÅå Δ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ ¡ÄÖÑÜ§¿äöñüà", Encoding.GSM7),
        ("price: 5€ [a|b] {c} ~^\\", Encoding.GSM7),
        ("line\r\nline\f", Encoding.GSM7),
        ("ç", Encoding.UCS2),
        ("`", Encoding.UCS2),
        ("tab\t", Encoding.UCS2),
        ("nul\0", Encoding.UCS2),
        ("\x1b", Encoding.UCS2),
        ("“quoted”", Encoding.UCS2),
        ("no\u00a0break", Encoding.UCS2),
        ("验证码", Encoding.UCS2),
        ("🙂", Encoding.UCS2),
        ("\ud83d", Encoding.UCS2),
        ("\ufffe", Encoding.UCS2),
        ("a" * 1000 + "ś", Encoding.UCS2),
    ],
)
def test_encoding(given_text: str, encoding: Encoding) -> None:
    assert text.encoding_of(given_text) is encoding


def test_strangers_come_once_and_in_order() -> None:
    assert text.strangers("a’b`c’ 验 \0") == "’`验\0"
    assert text.strangers("plain @ [€]") == ""


@given(gsm_texts)
def test_septets_are_the_oracles(given_text: str) -> None:
    assert text.septets(given_text) == ORACLE.encode(given_text)[0]


@given(gsm_texts)
def test_septets_read_back(given_text: str) -> None:
    assert text.from_septets(text.septets(given_text)) == given_text


def test_septets_of_strangers_are_refused() -> None:
    for stranger in ("ç", "\0", "\x1b", "🙂"):
        with pytest.raises(ValueError, match="outside the GSM alphabet"):
            text.septets(f"a{stranger}b")


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (b"\x1b\x65", "€"),
        (b"\x1b\x41", "A"),
        (b"a\x1b", "a "),
        (b"\x1b\x1b\x65", "€"),
        (b"\x1b", " "),
        (b"\xe1", "a"),
        (b"", ""),
    ],
)
def test_odd_septets(octets: bytes, shown: str) -> None:
    assert text.from_septets(octets) == shown


@pytest.mark.parametrize(
    ("given_text", "fill", "packed"),
    [
        ("", 0, ""),
        ("hellohello", 0, "e8329bfd4697d9ec37"),
        ("Hello", 0, "c8329bfd06"),
        ("hello", 1, "d06536fb0d"),
        ("1234567", 0, "31d98c56b3dd1a"),  # seven bits are left over: a carriage return
        ("12345678", 0, "31d98c56b3dd70"),
        ("@@@@@@@@", 0, "00000000000000"),
    ],
)
def test_golden_packing(given_text: str, fill: int, packed: str) -> None:
    assert text.pack(text.septets(given_text), fill).hex() == packed


def _slow_pack(septets: bytes, fill: int) -> bytes:
    """Bit by bit, least significant first (3GPP TS 23.038 6.1.2.1.1)."""
    bits = [0] * fill + [septet >> place & 1 for septet in septets for place in range(7)]
    if len(bits) % 8 == 1:
        bits += [1, 0, 1, 1, 0, 0, 0]
    bits += [0] * (-len(bits) % 8)
    return bytes(sum(bit << place for place, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))


@given(st.binary(max_size=200).map(lambda octets: bytes(octet & 0x7F for octet in octets)), st.integers(0, 6))
def test_packing_is_bit_by_bit(septets: bytes, fill: int) -> None:
    assert text.pack(septets, fill) == _slow_pack(septets, fill)


@given(gsm_texts.filter(lambda given_text: not given_text.endswith("\r")), st.integers(0, 6))
def test_packed_reads_back(given_text: str, fill: int) -> None:
    septets = text.septets(given_text)
    assert text.unpack(text.pack(septets, fill), fill) == septets


@given(st.binary(max_size=300), st.integers(0, 6))
def test_any_octets_decode_to_some_text(octets: bytes, fill: int) -> None:
    septets = text.unpack(octets, fill)
    assert all(septet < 0x80 for septet in septets)
    assert "\x1b" not in text.from_septets(septets)
    assert "\x1b" not in text.from_septets(octets)
    assert len(text.from_ucs2(octets)) <= len(octets)


def test_long_octets_unpack_without_delay() -> None:
    """A whole message_payload of 65,535 octets: linear work."""
    assert len(text.unpack(b"\xff" * 65_535)) == 65_535 * 8 // 7


@given(st.text(max_size=200))
def test_ucs2_reads_back(given_text: str) -> None:
    assert text.from_ucs2(text.ucs2(given_text)) == given_text


def test_ucs2_is_utf16_big_endian() -> None:
    assert text.ucs2("aé验🙂").hex() == "006100e99a8cd83dde42"
    assert text.ucs2("\ud83d").hex() == "d83d"


def test_latin1() -> None:
    assert text.latin1("Ça va ¿ ÿ") == "Ça va ¿ ÿ".encode("iso-8859-1")
    assert text.latin1("€") is None
