"""`From`: what is taken, what is refused and why, and the kinds of sender."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globewire.errors import INVALID_SENDERID, Refused
from globewire.wire.sender import SenderKind, kind, read


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("Alicloud321", SenderKind.ALPHANUMERIC),
        ("a", SenderKind.ALPHANUMERIC),
        ("1234567890a", SenderKind.ALPHANUMERIC),
        ("1", SenderKind.SHORT),
        ("10690", SenderKind.SHORT),
        ("12345678", SenderKind.SHORT),
        ("123456789", SenderKind.NUMBER),
        ("447911123456", SenderKind.NUMBER),
        ("123456789012345", SenderKind.NUMBER),
    ],
)
def test_taken(sender: str, expected: SenderKind) -> None:
    assert read(sender) == sender
    assert kind(sender) is expected


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("", "empty"),
        ("Alicloud3210", "11 characters"),
        ("1234567890ab", "11 characters"),
        ("1234567890123456", "15 at most"),
        ("My Shop", "letters and digits only"),
        ("My-Shop", "letters and digits only"),
        ("+447911123456", "letters and digits only"),
        ("Caffè", "letters and digits only"),
        ("阿里云", "letters and digits only"),
        ("١٢٣", "letters and digits only"),
        ("shop\n", "letters and digits only"),
        ("a" * 100_000, "11 characters"),
    ],
)
def test_refused_with_a_reason(sender: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        read(sender)
    assert caught.value.row is INVALID_SENDERID
    assert reason in caught.value.sentence


def test_kinds_of_what_an_operator_may_configure() -> None:
    assert kind("+447911123456") is SenderKind.NUMBER
    assert kind("My Shop") is SenderKind.ALPHANUMERIC
    assert kind("") is SenderKind.ALPHANUMERIC


@given(st.text(max_size=20))
def test_whatever_comes_is_taken_or_refused(sender: str) -> None:
    try:
        taken = read(sender)
    except Refused as refused:
        assert refused.row is INVALID_SENDERID
    else:
        assert taken == sender
        assert all(character in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" for character in taken)
        assert 1 <= len(taken) <= (15 if taken.isdigit() else 11)
    assert kind(sender) in SenderKind
