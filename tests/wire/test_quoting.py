"""Literals: read by each language's own rules, they are the text again. But for Python's and the shell's, the rules stand here."""

import ast
import re
import shlex
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.wire import quoting
from globewire.wire.operation import Kind

PIECES = (
    "'", '"', "\\", "\n", "\r", "$", "${x}", "{$x}", "`", "\\u0041", "😀", "\u200d", "\u2028", "\ufeff", "\x7f", "\x85", "%", "é",
    "?>", "\t", "\x01",
)  # fmt: skip
nasty = st.lists(st.sampled_from(PIECES) | st.characters(exclude_categories=["Cs"]), max_size=20).map("".join)
some = settings(max_examples=400)

ESCAPED = re.compile(r"\\(?:u\{([0-9a-f]+)\}|u([0-9a-f]{4})|U([0-9a-f]{8})|([0-3][0-7]{2})|(.))", re.DOTALL)
PLAIN = {"n": "\n", "r": "\r", "t": "\t"}


def unquoted(literal: str, quote: str, allowed: str) -> str:
    """The text of a literal that uses no escape but those `allowed` by name; nothing unescaped may end it or hide in it."""
    assert literal[0] == literal[-1] == quote
    inner = literal[1:-1]
    bare = ESCAPED.sub("", inner)
    assert quote not in bare
    assert "\\" not in bare
    assert not bare or bare.isprintable()

    def value(found: re.Match[str]) -> str:
        braced, short, long, octal, plain = found.groups()
        kind = "u{}" if braced else "u" if short else "U" if long else "octal" if octal else plain
        assert kind in allowed.split(" "), kind
        if plain:
            return PLAIN.get(plain, plain)
        return chr(int(octal, 8)) if octal else chr(int(braced or short or long, 16))

    return ESCAPED.sub(value, inner)


def java_unquoted(literal: str) -> str:
    """Java resolves \\uXXXX before it sees a literal (JLS 3.3): after an even number of backslashes, in pairs of UTF-16 units."""
    early = re.sub(r"(?<!\\)((?:\\\\)*)\\u([0-9a-f]{4})", lambda m: m[1] + chr(int(m[2], 16)), literal)
    early = early.encode("utf-16", "surrogatepass").decode("utf-16")
    assert not set(early) & set("\n\r")
    inner = early[1:-1]
    assert '"' not in ESCAPED.sub("", inner)
    return ESCAPED.sub(lambda m: chr(int(m[4], 8)) if m[4] else PLAIN.get(m[5], m[5]), inner)


READERS: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "python": (quoting.python, ast.literal_eval),
    "javascript": (quoting.javascript, lambda literal: unquoted(literal, "'", "n r t u{} \\ '")),
    "java": (quoting.java, java_unquoted),
    "go": (quoting.go, lambda literal: unquoted(literal, '"', 'n r t u U \\ "')),
    "csharp": (quoting.csharp, lambda literal: unquoted(literal, '"', 'n r t u U \\ "')),
    "php": (quoting.php, lambda literal: unquoted(literal, '"', 'n r t u{} \\ " $')),
    "shell": (quoting.shell, lambda word: shlex.split(word)[0]),
}


@pytest.mark.parametrize("language", READERS)
@some
@given(text=nasty)
def test_reads_back(language: str, text: str) -> None:
    """Whatever is in it."""
    write, read = READERS[language]
    assert read(write(text)) == text


@some
@given(text=nasty)
def test_php_sees_no_variable(text: str) -> None:
    """No bare dollar is left in a double-quoted string."""
    assert "$" not in ESCAPED.sub("", quoting.php(text))


def test_the_shell_itself() -> None:
    """What a real shell makes of it."""
    texts = ["a'b", '$HOME `id` $(id) \\ "x"', "two\nlines", "*?[a]~", "-n", "😀", ""]
    for text in texts:
        done = subprocess.run(["/bin/sh", "-c", f"printf %s {quoting.shell(text)}"], capture_output=True, check=True)
        assert done.stdout.decode() == text


@pytest.mark.parametrize(
    ("kind", "text", "dynamic", "typed"),
    [
        (Kind.INTEGER, "600", "600", "600L"),
        (Kind.INTEGER, "-1", "-1", "-1L"),
        (Kind.INTEGER, "007", '"007"', ""),
        (Kind.INTEGER, "1e3", '"1e3"', ""),
        (Kind.INTEGER, "9223372036854775808", '"9223372036854775808"', ""),
        (Kind.INTEGER, "٣", '"٣"', ""),
        (Kind.BOOLEAN, "TRUE", "true", "true"),
        (Kind.BOOLEAN, "false", "false", "false"),
        (Kind.BOOLEAN, "1", '"1"', ""),
        (Kind.STRING, "600", '"600"', '"600"'),
        (Kind.NUMBER, "0.5", '"0.5"', '"0.5"'),
    ],
)
def test_values(kind: Kind, text: str, dynamic: str, typed: str) -> None:
    """Numbers and booleans stand bare where they are written as one; where the language has types, nothing else can."""
    assert quoting.dynamic(quoting.go, "true", "false")(kind, text) == dynamic
    assert quoting.typed(quoting.go, "{}L", "true", "false")(kind, text) == typed


def test_javascript_keeps_large_numbers_whole() -> None:
    """Past 2^53 a number would lose digits."""
    assert quoting.javascript_value(Kind.INTEGER, "9007199254740993") == "'9007199254740993'"
    assert quoting.javascript_value(Kind.INTEGER, "9007199254740991") == "9007199254740991"
