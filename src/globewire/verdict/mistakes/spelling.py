"""How names and values may have been escaped."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from globewire.verdict.finding import Cause
from globewire.verdict.mistakes.mistake import MOST_NAMES, Mistake
from globewire.verdict.way import Spelling, Way
from globewire.wire.request import Call, Scheme

_RFC = "Escape by RFC 3986: UTF-8, only A-Z a-z 0-9 - _ . ~ bare, %XX in upper case"
_ENCODERS = (
    ("java.net.URLEncoder (a space as +, * bare, ~ as %7E)", Spelling(plus=True, bare="*", escaped="~")),
    ("encodeURIComponent (! ' ( ) * bare)", Spelling(bare="!'()*")),
    ("urlencode of PHP or quote_plus of Python (a space as +)", Spelling(plus=True, escaped="~")),
    ("HttpUtility.UrlEncode (a space as +, ! ( ) * bare, escapes in lower case)", Spelling(plus=True, bare="!()*", lower=True)),
    ("WebUtility.UrlEncode (a space as +, ! ( ) * bare)", Spelling(plus=True, bare="!()*", escaped="~")),
    ("encodeURI, which is for whole URLs", Spelling(bare=";,/?:@&=+$#!'()*")),
    ("quote of Python with its default safe characters, and ~ escaped", Spelling(bare="/", escaped="~")),
)
_ESCAPED = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*")
_CHARSETS = (("Latin-1", "latin-1"), ("GBK", "gbk"), ("UTF-16", "utf-16-le"))


def spelling_mistakes(call: Call) -> Iterator[Mistake]:
    """One character at a time, then the encoders of well-known libraries, then other charsets."""
    texts = call.parameters if call.scheme is Scheme.V1 else call.query
    present = sorted({each for pair in texts.items() for text in pair for each in text})
    marks = [each for each in present if each <= "~" and not each.isalnum()]
    step = "Encoded pairs" if call.scheme is Scheme.V1 else "Canonical query"
    escaped = any("%" in text for text in texts.values()) and all(_ESCAPED.fullmatch(text) for text in texts.values())
    for cause, did, expected, spelling in _wrong_spellings(marks[:MOST_NAMES]):
        if escaped and spelling in (Spelling(bare="%"), Spelling(times=0)):
            continue  # what was sent had been escaped once more than it was signed: `parameters` says so
        for apply in _spelled(call.scheme, spelling):
            yield Mistake(cause, step, did, expected, _RFC, apply)
    if any(each > "~" for each in present):
        for name, charset in _CHARSETS:
            yield Mistake(
                Cause.CHARSET, step, f"texts were escaped as {name}", "UTF-8", "Turn texts into UTF-8 before they are escaped",
                _spelling(Spelling(charset=charset)),
            )  # fmt: skip


def _wrong_spellings(present: Sequence[str]) -> Iterator[tuple[Cause, str, str, Spelling]]:
    for each in present:
        if each in "~-_.":
            yield Cause.ESCAPED, f"{each} was encoded as %{ord(each):02X}", f"{each} bare", Spelling(escaped=each)
    if " " in present:
        yield Cause.PLUS, "a space was encoded as +", "%20", Spelling(plus=True)
    for each in present:
        if each not in "~-_. " and each.isprintable():
            yield Cause.BARE, f"{each} was left bare", f"%{ord(each):02X}", Spelling(bare=each)
    yield Cause.LOWER, "escapes are in lower case (%3a)", "upper case (%3A)", Spelling(lower=True)
    yield Cause.UNESCAPED, "names and values were not encoded", "each of them percent-encoded", Spelling(times=0)
    yield Cause.TWICE, "names and values were encoded twice", "once, before they are joined", Spelling(times=2)
    for encoder, spelling in _ENCODERS:
        yield Cause.ENCODER, f"encoded as by {encoder}", "RFC 3986", spelling


def _spelled(scheme: Scheme, spelling: Spelling) -> Iterator[Callable[[Way], Way]]:
    """V1 escapes twice, by the same function or by two."""
    if scheme is Scheme.V1 and spelling.times == 1:
        yield lambda way: replace(way, spelling=spelling, second=spelling)
        yield lambda way: replace(way, spelling=spelling)
        yield lambda way: replace(way, second=spelling)
    else:
        yield _spelling(spelling)


def _spelling(spelling: Spelling) -> Callable[[Way], Way]:
    return lambda way: replace(way, spelling=spelling)
