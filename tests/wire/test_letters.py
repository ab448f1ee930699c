"""Which characters force UCS-2 or count twice, and what may stand for them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globewire.message import Encoding
from globewire.wire import letters, text
from globewire.wire.letters import Letter


def test_a_text_s_strangers_are_named_with_their_places() -> None:
    assert letters.foreign("It’s – it’s 🙂") == (
        Letter("’", "U+2019", "RIGHT SINGLE QUOTATION MARK", (2, 9), "'"),
        Letter("–", "U+2013", "EN DASH", (5,), "-"),
        Letter("🙂", "U+1F642", "SLIGHTLY SMILING FACE", (12,), None),
    )
    assert letters.foreign("Plain, café, €5 [ok]\n") == ()


def test_what_counts_twice() -> None:
    assert [(one.character, one.positions, one.swap) for one in letters.doubled("[€] a€")] == [
        ("[", (0,), None),
        ("€", (1, 5), None),
        ("]", (2,), None),
    ]


@pytest.mark.parametrize(
    ("character", "plain"),
    [
        ("“", '"'),
        ("”", '"'),
        ("„", '"'),
        ("«", '"'),
        ("‘", "'"),
        ("`", "'"),
        ("–", "-"),
        ("—", "-"),
        ("…", "..."),
        ("\xa0", " "),
        ("\u202f", " "),
        ("\u3000", " "),
        ("\t", " "),
        ("\u200b", ""),
        ("\ufe0f", ""),
        ("\u0301", ""),
        ("™", "TM"),
        ("á", "a"),
        ("ç", "c"),
        ("ą", "a"),
        ("ł", "l"),
        ("ı", "i"),
        ("œ", "oe"),
        ("ﬁ", "fi"),
        ("ạ", "a"),
        ("Ａ", "A"),
        ("５", "5"),
        ("\u2126", "Ω"),
        ("\u212b", "Å"),
    ],
)
def test_swaps(character: str, plain: str) -> None:
    assert letters.swap(character) == plain


@pytest.mark.parametrize("character", "🙂验жй²½①°¨´\0\x1b\u200d\ud83d\ufffe")
def test_nothing_stands_for_what_would_read_otherwise(character: str) -> None:
    assert letters.swap(character) is None


def test_no_character_of_the_alphabet_is_swapped() -> None:
    everyone = "".join(text.BASIC.replace("\x1b", "")) + "".join(text.EXTENSION.values())
    assert letters.foreign(everyone) == ()
    assert letters.swapped(everyone) == everyone
    assert not set(letters.PLAIN) & set(everyone)


def test_a_letter_and_its_mark_become_the_alphabet_s_letter() -> None:
    assert letters.swapped("cafe\u0301 “au lait”…") == 'café "au lait"...'
    assert letters.swapped("a\u0301") == "a"


@given(st.text(max_size=60))
def test_laws_of_swapping(given_text: str) -> None:
    """What is swapped is of the alphabet; what is left are those without a swap; a text of the alphabet stays as it is."""
    swapped = letters.swapped(given_text)
    assert all(one.swap is None for one in letters.foreign(swapped))
    assert letters.swapped(swapped) == swapped or unicodedata.normalize("NFC", swapped) != swapped
    if text.encoding_of(given_text) is Encoding.GSM7:
        assert swapped == given_text
    for one in letters.foreign(given_text):
        assert all(given_text[at] == one.character for at in one.positions)
        assert given_text.count(one.character) == len(one.positions)
        assert one.swap is None or text.encoding_of(one.swap) is Encoding.GSM7
