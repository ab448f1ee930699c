"""Text from outside, made fit for a terminal."""


def plain(text: str) -> str:
    """`text` with everything that is not printable as an escape, so that it stays on its line and steers no terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
