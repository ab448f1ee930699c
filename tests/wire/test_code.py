"""One-time codes in texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globewire.wire.code import one_time_code

TEXTS = {
    "Your code is 482913.": "482913",
    "482913 is your Globewire verification code. Do not share it.": "482913",
    "G-482913 is your Google verification code.": "482913",
    "Your OTP: 1234": "1234",
    "【Shop】您的验证码是 039471，5分钟内有效。": "039471",
    "Ваш код: 7788": "7788",
    "Use 123-456 to sign in": "123456",
    "Use 123 456 to sign in": "123456",
    "Your code 55512 expires 2026-11-25 at 10:30. Call 85212345678 for help.": "55512",
    "Code: AB12CD": "AB12CD",
    "Your token is X7K-9QP": "X7K-9QP",
    "Order 20261 has shipped; your pickup code is 9034": "9034",
    "PIN 0042": "0042",
    "482913": "482913",
    "Hello!": None,
    "You paid $1234.50 on 12/05/2026.": None,
    "Meet at 1030": None,
    "Your code was used.": None,
    "Visit https://shop.example/c/482913": None,
    "": None,
}


@pytest.mark.parametrize(("text", "code"), TEXTS.items())
def test_codes(text: str, code: str | None) -> None:
    """What a person would copy."""
    assert one_time_code(text) == code


@given(st.text())
def test_any_text(text: str) -> None:
    """A code is made of characters of its text; nothing else comes of any text."""
    code = one_time_code(text)
    assert code is None or (4 <= len(code) <= 11 and all(character in text for character in code))
