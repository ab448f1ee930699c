"""What a text is made of: the characters that force it into UCS-2, those that count twice, and what could stand for them.

It describes and offers; nothing is ever replaced in a message that is sent (`text`).
"""

import unicodedata

from globewire.values import dataclass
from globewire.wire.text import EXTENSION, strangers

_ROWS = {
    "'": "‘’‚‛′‵`ʹʻʼʽˈ‹›",
    '"': "“”„‟″‶«»",
    "-": "‐‑‒–—―−⁃•‣∙●▪◦",
    "": "\u200b\u2060\ufeff\u00ad\u200e\u200f",
    "\n": "\u2028\u2029\u0085",
    " ": "\t",
    "/": "÷⁄∕",
    ".": "·",
    "...": "…",
    "(c)": "©",
    "(R)": "®",
    "TM": "™",
    "No.": "№",
    "->": "→",
    "<-": "←",
    "=>": "⇒",
    "x": "×",
    "d": "đð",
    "D": "ĐÐ",
    "h": "ħ",
    "H": "Ħ",
    "i": "ı",
    "l": "ł",
    "L": "Ł",
    "n": "ŋ",
    "t": "ŧ",
    "T": "Ŧ",
    "f": "ƒ",
    "s": "ſ",
    "SS": "ẞ",
    "oe": "œ",
    "OE": "Œ",
    "th": "þ",
    "Th": "Þ",
}
PLAIN = {character: plain for plain, characters in _ROWS.items() for character in characters}
"""What people write where a character is not to be had. Letters with marks are not here: they lose the mark (`swap`)."""

_SAME_LETTER = ("", "<compat>", "<noBreak>", "<wide>", "<narrow>", "<font>")
"""Kinds of decomposition that leave the reading alone: raised, lowered and circled digits, and fractions, would read as others."""
_CONTROLS = {"\t": "CHARACTER TABULATION", "\0": "NULL", "\x1b": "ESCAPE", "\x85": "NEXT LINE", "\x7f": "DELETE"}


@dataclass(frozen=True, slots=True)
class Letter:
    """A character of a text, and where it stands (counted in characters from 0). `swap` is what could stand for it, None where
    nothing can, "" where it can be left out."""

    character: str
    code_point: str
    name: str
    positions: tuple[int, ...]
    swap: str | None


def foreign(text: str) -> tuple[Letter, ...]:
    """The characters that are not in the GSM alphabet, each once, in the order in which they come."""
    return _letters(text, strangers(text))


def doubled(text: str) -> tuple[Letter, ...]:
    """The characters that take two septets where the text goes as GSM 7-bit, each once, in the order in which they come."""
    return _letters(text, "".join(dict.fromkeys(character for character in text if character in _EXTENDED)))


def swap(character: str) -> str | None:
    """What of the GSM alphabet could stand for `character`: another spelling, or the letter without its mark. None: nothing."""
    if character in PLAIN:
        return PLAIN[character]
    if unicodedata.combining(character) or unicodedata.category(character) == "Mn":
        return ""
    return _bare(character)


def swapped(text: str) -> str:
    """`text` with everything swapped that can be, in Unicode's composed form: a letter and its mark may be one of the alphabet."""
    composed = unicodedata.normalize("NFC", text)
    swaps = {ord(character): swap(character) for character in strangers(composed)}
    return composed.translate({code: plain for code, plain in swaps.items() if plain is not None})


def name(character: str) -> str:
    """Unicode's name of a character; a sentence where it has none."""
    return unicodedata.name(character, "") or _CONTROLS.get(character, "a character without a name")


_EXTENDED = frozenset(EXTENSION.values())


def _letters(text: str, characters: str) -> tuple[Letter, ...]:
    places: dict[str, list[int]] = {character: [] for character in characters}
    for at, character in enumerate(text):
        if character in places:
            places[character].append(at)
    return tuple(
        Letter(character, f"U+{ord(character):04X}", name(character), tuple(at), swap(character) if strangers(character) else None)
        for character, at in places.items()
    )


def _bare(character: str) -> str | None:
    """The character as one of the alphabet, or taken apart with its marks left out, where all that remains is in the alphabet."""
    kind = unicodedata.decomposition(character)
    if not kind or (kind.partition(" ")[0] if kind.startswith("<") else "") not in _SAME_LETTER:
        return None
    if not strangers(whole := unicodedata.normalize("NFKC", character)):
        return whole
    apart = unicodedata.normalize("NFKD", character)
    bare = "".join(one for one in apart if not unicodedata.combining(one))
    marks_alone = bare.isspace() and len(bare) < len(apart)
    return None if not bare or marks_alone or strangers(bare) else bare
