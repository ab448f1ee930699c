"""One-time codes in texts: what a person would copy from the message. A guess for eyes and tests; nothing is decided by it."""

import re

_NAMED = re.compile(
    r"code|c[oó]digo|kod\b|otp|\bpin\b|pass(?:word|code)|token|verif|confirm|log ?in|sign ?in|验证码|驗證碼|校验码|確認碼|认证|認証"
    r"|인증|код|пароль|رمز|mã|รหัส",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(?<![\w+./:,$€£¥%#-])(?:[A-Z]-)?(\d{3}[ -]\d{3}|\d{4,8})(?![\w/:%€£¥]|[.,]\d|-\d)")
_LETTERS = re.compile(r"(?<![\w/.-])(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])([A-Z0-9]{4,10}|[A-Z0-9]{3,5}-[A-Z0-9]{3,5})(?![\w/.-])")
_FAR = 1_000


def one_time_code(text: str) -> str | None:
    """The code that `text` brings, without the space or hyphen that groups its digits; None where there is none.

    Of several candidates the one nearest to a word such as "code"; digits go before letters. Where no such word stands, a
    text of one candidate with at least six digits is taken to be a code.
    """
    named = [match.span() for match in _NAMED.finditer(text)]
    digits = list(_DIGITS.finditer(text))
    if named:
        for candidates in (digits, list(_LETTERS.finditer(text))):
            if candidates:
                return _plain(min(candidates, key=lambda match: _distance(match, named)))
        return None
    long = [match for match in digits if len(_plain(match)) >= 6]
    return _plain(long[0]) if len(long) == 1 and len(digits) == 1 else None


def _plain(match: re.Match[str]) -> str:
    found = match[1]
    return (
        found.replace(" ", "").replace("-", "")
        if found[0].isdigit() and found.replace("-", "").replace(" ", "").isdigit()
        else found
    )


def _distance(match: re.Match[str], named: list[tuple[int, int]]) -> int:
    """Characters between a candidate and the nearest word; a word that comes before it counts for nearer than one after it."""
    start, end = match.span()
    return min(start - last if last <= start else (first - end) * 2 if first >= end else _FAR for first, last in named)
