"""Texts as octets: the GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 6.2.1), UCS-2 and Latin-1.

Nothing is transliterated: a text travels as it was given, or in UCS-2. Cutting into parts is `segment`'s work.
Encoding takes what fits and raises ValueError for what does not. Decoding takes any octets, since they come from others.
"""

import codecs

from globewire.message import Encoding

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet by septet; 0x1B is the escape to the extension table."""
EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}
"""Characters by the septet that follows an escape."""
ESCAPE = 0x1B
CARRIAGE_RETURN = 0x0D

# One octet a character for the fast way: its septet, 0x80 more for an extended one, and 0xFF for "@", whose septet is 0.
# Place 0 belongs to U+0000, a stranger, because Python's fast character map must begin with it.
_STRANGER, _AT, _EXTENDED = 0x00, 0xFF, 0x80
_UNUSED = "\ufffe"
_PLACES = {**{septet: character for septet, character in enumerate(BASIC) if septet not in (0, ESCAPE)}, _STRANGER: "\0", _AT: "@"}
_PLACES.update({_EXTENDED + septet: character for septet, character in EXTENSION.items()})
_MAP = codecs.charmap_build("".join(_PLACES.get(place, _UNUSED) for place in range(256)))
_ONE_SEPTET = bytes(place for place in range(256) if place < _EXTENDED or place == _AT)
_PAIRS = {bytes([_EXTENDED + septet]): bytes([ESCAPE, septet]) for septet in EXTENSION}
_AT_LAST = bytes.maketrans(bytes([_AT]), b"\0")

_KNOWN = frozenset(_PLACES.values()) - {"\0"}


def encoding_of(text: str) -> Encoding:
    """GSM7 where every character is in the alphabet or its extension table, else UCS2."""
    return Encoding.UCS2 if _places(text) is None else Encoding.GSM7


def strangers(text: str) -> str:
    """The characters outside the GSM alphabet, each once, in the order in which they come."""
    return "".join(dict.fromkeys(character for character in text if character not in _KNOWN))


def septets(text: str) -> bytes:
    """The septets of `text`, one an octet, an extended character as escape and septet. ValueError outside the alphabet."""
    coded = gsm7(text)
    if coded is None:
        raise ValueError("the text has characters outside the GSM alphabet")
    return coded


def gsm7(text: str) -> bytes | None:
    """The same, or None where it does not fit."""
    places = _places(text)
    if places is None or places.isascii():  # neither an "@" nor an extended character
        return places
    for extended in set(places.translate(None, _ONE_SEPTET)):
        pair = bytes([extended])
        places = places.replace(pair, _PAIRS[pair])
    return places.translate(_AT_LAST)


def from_septets(octets: bytes) -> str:
    """The text of septets, one an octet; the high bit is ignored.

    An escape before a septet that the extension table lacks shows the default alphabet's character, and a last escape
    shows a space (6.2.1.1, note 1).
    """
    text = "".join([BASIC[octet & 0x7F] for octet in octets])
    if "\x1b" not in text:
        return text
    for septet, character in EXTENSION.items():
        text = text.replace("\x1b" + BASIC[septet], character)
    if text.endswith("\x1b"):
        text = f"{text[:-1]} "
    return text.replace("\x1b", "")


def pack(unpacked: bytes, fill: int = 0) -> bytes:
    """Eight septets in seven octets (6.1.2.1), after `fill` zero bits that bring the first to a septet's border behind a header.

    Seven bits left over at the end would read as "@": they hold a carriage return instead (as in 6.1.2.3.1).
    """
    bits = fill + 7 * len(unpacked)
    if bits % 8 == 1:
        unpacked += bytes([CARRIAGE_RETURN])
    packed = b"".join([_octets_of(unpacked[at : at + 8]) for at in range(0, len(unpacked), 8)])
    return (int.from_bytes(packed, "little") << fill).to_bytes((bits + 7) // 8, "little")


def unpack(packed: bytes, fill: int = 0) -> bytes:
    """The septets in `packed` after `fill` bits, one an octet. A carriage return in the last seven bits of all is filling."""
    bits = 8 * len(packed) - fill
    shifted = (int.from_bytes(packed, "little") >> fill).to_bytes(len(packed), "little")
    unpacked = b"".join([_septets_of(shifted[at : at + 7]) for at in range(0, len(shifted), 7)])[: max(0, bits // 7)]
    filled = bits % 7 == 0 and unpacked[-1:] == bytes([CARRIAGE_RETURN])
    return unpacked[:-1] if filled else unpacked


def ucs2(text: str) -> bytes:
    """UTF-16, big-endian: characters beyond the first plane take a surrogate pair, as handsets expect."""
    return text.encode("utf-16-be", "surrogatepass")


def from_ucs2(octets: bytes) -> str:
    """The text of UTF-16 big-endian octets; what is no text reads as U+FFFD."""
    return octets.decode("utf-16-be", "replace")


def latin1(text: str) -> bytes | None:
    """ISO 8859-1, or None where it does not fit."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None


def _places(text: str) -> bytes | None:
    """One octet a character, or None where one is outside the alphabet."""
    try:
        places = codecs.charmap_encode(text, "strict", _MAP)[0]
    except UnicodeEncodeError:
        return None
    return None if _STRANGER in places else places


def _octets_of(eight: bytes) -> bytes:
    value = 0
    for septet in reversed(eight):
        value = value << 7 | septet
    return value.to_bytes((7 * len(eight) + 7) // 8, "little")


def _septets_of(seven: bytes) -> bytes:
    value = int.from_bytes(seven, "little")
    return bytes([value >> 7 * place & 0x7F for place in range(8 * len(seven) // 7)])
