"""Charts as text: blocks of Mermaid, which code hosts draw, made of numbers. Nothing here measures."""

from collections.abc import Mapping, Sequence


def chart(title: str, across: str, places: Sequence[str], up: str, lines: Mapping[str, Sequence[float]]) -> str:
    """A chart with a line for each name, a point for each place; the lines are named below, since the chart has no legend."""
    top = max((value for line in lines.values() for value in line), default=0.0)
    names = "; ".join(f"{rank} line: {name}" for rank, name in zip(_ranks(lines), lines, strict=True))
    return "\n".join(
        [
            "```mermaid",
            "xychart-beta",
            f"    title {quoted(title)}",
            f"    x-axis {quoted(across)} [{', '.join(map(quoted, places))}]",
            f"    y-axis {quoted(up)} 0 --> {ceiling(top)}",
            *[f"    line [{', '.join(f'{value:g}' for value in line)}]" for line in lines.values()],
            "```",
            *(["", f"{names}."] if len(lines) > 1 else []),
        ]
    )


def _ranks(lines: Mapping[str, Sequence[float]]) -> list[str]:
    """What to call each line: by where it ends, the highest first."""
    ends = sorted((line[-1] for line in lines.values()), reverse=True)
    words = ("upper", "lower") if len(ends) == 2 else tuple(f"{place}." for place in range(1, len(ends) + 1))
    return [words[ends.index(line[-1])] for line in lines.values()]


def quoted(words: str) -> str:
    """Words as Mermaid takes them."""
    return '"' + words.replace('"', "'") + '"'


def ceiling(value: float) -> int:
    """A round number that is not below the value: one, two or five with zeros behind."""
    top = 1
    while True:
        for step in (1, 2, 5):
            if value <= step * top:
                return step * top
        top *= 10
