"""The words of one shell command, as a POSIX shell and bash's $'...' quote them. No variable and no command is expanded."""

import re
from collections.abc import Iterator


class ShellFault(Exception):
    """A quotation that does not end."""


_ANSI = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "E": "\x1b"}
_TOKEN = re.compile(
    r"""(?P<space>[ \t\n]+)
    |'(?P<single>[^']*)'
    |"(?P<double>(?:[^"\\]|\\.)*)"
    |\$'(?P<ansi>(?:[^'\\]|\\.)*)'
    |\\(?P<escaped>.)
    |(?P<bare>[^ \t\n'"\\$]+|\$)""",
    re.VERBOSE | re.DOTALL,
)


def words(text: str) -> Iterator[str]:
    """The words of the command that `text` begins with. ShellFault where a quotation does not end."""
    word: str | None = None
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ShellFault(f"the quotation that begins with {text[at : at + 20]!r} does not end")
        at = found.end()
        if found.lastgroup == "space":
            if word is not None:
                yield word
                word = None
            if "\n" in found[0]:
                return
        elif found[0] != "\\\n":  # which goes on in the next line
            word = (word or "") + _piece(found)
    if word is not None:
        yield word


def _piece(found: re.Match[str]) -> str:
    kind, text = str(found.lastgroup), found[str(found.lastgroup)]
    if kind == "double":
        return re.sub(r'\\([$`"\\\n])', lambda one: "" if one[1] == "\n" else one[1], text)
    if kind == "ansi":
        return re.sub(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|[0-7]{1,3}|.)", _ansi, text, flags=re.DOTALL)
    return text


def _ansi(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] in "xuU" and len(code) > 1:
        return _character(int(code[1:], 16))
    if code[0] in "01234567":
        return _character(int(code, 8))
    return _ANSI.get(code, code)


def _character(code: int) -> str:
    return chr(code) if code <= 0x10FFFF else "\ufffd"
