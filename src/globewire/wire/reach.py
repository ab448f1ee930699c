"""How many leading digits a pattern of the numbering plan looks at. It measures patterns; it matches nothing.

Numbers that agree in that many digits and in their length are alike to the pattern, so that one answer serves them all.
"""

import re
from collections.abc import Iterator
from functools import cache

from globewire.values import dataclass

EVERY = 15
"""As many digits as a number can have (E.164): the answer for a pattern that we cannot read."""

_TOKEN = re.compile(r"\\d|\[[0-9-]+\]|[0-9|)?]|\(\?:|\{\d+(?:,\d+)?\}")
_DONE = ""


@cache
def reach(pattern: str) -> int:
    """How many leading digits decide, with the length, whether `pattern` matches all of a number.

    It reads what libphonenumber's metadata is written in: digits, classes, `\\d`, groups, alternatives, `?`, `{n}`, `{n,m}`.
    Whatever else it meets makes the answer EVERY.
    """
    tokens = _TOKEN.findall(pattern)
    if "".join(tokens) != pattern:
        return EVERY
    return _either(_Reader(iter(tokens))).deep


@dataclass(frozen=True, slots=True)
class _Span:
    """A piece of a pattern: at most `width` digits long, of which those beyond the first `deep` may be any."""

    deep: int
    width: int

    def then(self, other: "_Span") -> "_Span":
        return _Span(self.width + other.deep if other.deep else self.deep, self.width + other.width)

    def times(self, most: int) -> "_Span":
        return _Span(self.deep + self.width * (most - 1) if self.deep else 0, self.width * most)


class _Reader:
    """The tokens of a pattern, with one token of foresight."""

    __slots__ = ("_tokens", "next")

    def __init__(self, tokens: Iterator[str]) -> None:
        self._tokens = tokens
        self.next = next(tokens, _DONE)

    def take(self) -> str:
        token, self.next = self.next, next(self._tokens, _DONE)
        return token


def _either(reader: _Reader) -> _Span:
    """Alternatives up to the end of their group."""
    span = _sequence(reader)
    while reader.next == "|":
        reader.take()
        other = _sequence(reader)
        span = _Span(max(span.deep, other.deep), max(span.width, other.width))
    return span


def _sequence(reader: _Reader) -> _Span:
    span = _Span(0, 0)
    while reader.next not in ("|", ")", _DONE):
        piece = _piece(reader)
        if reader.next.startswith("{"):
            piece = piece.times(int(reader.take().strip("{}").rpartition(",")[2]))
        elif reader.next == "?":
            reader.take()
        span = span.then(piece)
    return span


def _piece(reader: _Reader) -> _Span:
    token = reader.take()
    if token == "(?:":
        span = _either(reader)
        reader.take()
        return span
    return _Span(0 if token == "\\d" else 1, 1)
