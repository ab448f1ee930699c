"""Texts as string literals of programming languages and of the shell: pasted, they are the text again, whatever is in it.

What cannot be seen (control characters, direction marks) is escaped where the language has escapes, so that code says what it
does. A text with a lone surrogate is none and is not taken.
"""

import re
from collections.abc import Callable, Mapping

from globewire.wire.operation import Kind


def python(text: str) -> str:
    """A literal of Python 3."""
    return repr(text)


def shell(text: str) -> str:
    """One word of a POSIX shell. It has no place for U+0000."""
    return "'" + text.replace("'", "'\\''") + "'"


def javascript(text: str) -> str:
    """A string literal of ECMAScript 2015."""
    return _literal(text, "'", {"'": "\\'", "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}, _braced)


def java(text: str) -> str:
    """A string literal of Java. Its Unicode escapes are resolved before anything else, so none stands for an ASCII character."""
    return _literal(text, '"', _COMMON, lambda code: f"\\{code:03o}" if code < 0x80 else _units(code))


def go(text: str) -> str:
    """An interpreted string literal of Go."""
    return _literal(text, '"', _COMMON, _long)


def csharp(text: str) -> str:
    """A regular string literal of C#."""
    return _literal(text, '"', _COMMON, _long)


def php(text: str) -> str:
    """A double-quoted string of PHP 7, in which nothing is a variable."""
    return _literal(text, '"', {**_COMMON, "$": "\\$"}, _braced)


_COMMON: Mapping[str, str] = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _literal(text: str, quote: str, escapes: Mapping[str, str], odd: Callable[[int], str]) -> str:
    pieces = [escapes.get(each) or (each if each.isprintable() else odd(ord(each))) for each in text]
    return f"{quote}{''.join(pieces)}{quote}"


def _braced(code: int) -> str:
    return f"\\u{{{code:x}}}"


def _long(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _units(code: int) -> str:
    octets = chr(code).encode("utf-16-be")
    return "".join(f"\\u{octets[at]:02x}{octets[at + 1]:02x}" for at in range(0, len(octets), 2))


# --- values of parameters ---

Literal = Callable[[str], str]
Value = Callable[[Kind, str], str]
"""A parameter's value as the SDK wants it: by its kind, from its text on the wire; "" where the language cannot say it."""
LARGEST = 2**63 - 1
SAFE = 2**53 - 1
"""The largest whole number that JavaScript counts exactly."""


def dynamic(quoted: Literal, true: str, false: str, largest: int = LARGEST) -> Value:
    """A number or a boolean where the text is one; else the text, which goes through as it is."""

    def value(kind: Kind, text: str) -> str:
        if kind is Kind.INTEGER and _whole(text, largest):
            return text
        if kind is Kind.BOOLEAN and text.lower() in ("true", "false"):
            return true if text.lower() == "true" else false
        return quoted(text)

    return value


javascript_value = dynamic(javascript, "true", "false", SAFE)


def typed(quoted: Literal, number: str, true: str, false: str) -> Value:
    """As above; but a text that is no number cannot stand where the SDK has one."""

    def value(kind: Kind, text: str) -> str:
        if kind is Kind.INTEGER:
            return number.format(text) if _whole(text, LARGEST) else ""
        if kind is Kind.BOOLEAN:
            return {"true": true, "false": false}.get(text.lower(), "")
        return quoted(text)

    return value


def _whole(text: str, largest: int) -> bool:
    return re.fullmatch(r"0|-?[1-9][0-9]{0,18}", text) is not None and abs(int(text)) <= largest
