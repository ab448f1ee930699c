"""Two budgets side by side: what each piece of a message's way cost before and after, as bench/parts.py --json keeps them."""

from collections.abc import Mapping, Sequence
from typing import Any

Kept = Mapping[str, Any]


def table(before: Kept, after: Kept) -> str:
    """A line for each piece that either has, in Markdown; the sums compare only what is whole on both sides."""
    was, now = costs(before), costs(after)
    lines = ["| stage | what | before, us | after, us | ratio |", "|---|---|---|---|---|"]
    for stage, what in {**was, **now}:
        lines.append(_line(stage, what, was.get((stage, what)), now.get((stage, what))))
    lines.append(_line("", "all of it", sum(was.values()), sum(now.values())))
    return "\n".join(lines)


def costs(kept: Kept) -> dict[tuple[str, str], float]:
    """CPU microseconds of each piece."""
    pieces: Sequence[Mapping[str, Any]] = kept["costs"]
    return {(piece["stage"], piece["what"]): float(piece["cpu"]) for piece in pieces}


def _line(stage: str, what: str, was: float | None, now: float | None) -> str:
    ratio = f"{now / was:.2f}" if was and now is not None else "-"
    return f"| {stage} | {what} | {_shown(was)} | {_shown(now)} | {ratio} |"


def _shown(cost: float | None) -> str:
    return "-" if cost is None else f"{cost:.1f}"
