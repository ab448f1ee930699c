"""How much of a shared quota may be drawn: the generic cell rate algorithm, as every engine keeps it. Touches no store.

`verdict.pace` is the same for one process, which need not ask anyone.
"""

from globewire.values import dataclass

LEAP = 60_000
"""Milliseconds by which clocks of different machines may differ; a clock further back than that was set back."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a store remembers of a quota: when all that was drawn would have been spent at an even pace, and the latest clock."""

    due: float
    seen: int


def draw(before: Drawn | None, rate: float, want: int, now: int) -> tuple[int, Drawn]:
    """How many of `want` may be had at `now` (ms), and what to remember. A second's worth, at least one, may be saved up.

    Whose clock is behind the others' draws by theirs, so that no machine starves; after a leap back it begins with nothing saved.
    """
    each, slack = 1000.0 / rate, max(1000.0, 1000.0 / rate)
    if before is None:
        before = Drawn(float(now), now)
    elif before.seen > now + LEAP:
        before = Drawn(now + slack, now)
    now = max(now, before.seen)
    due = max(before.due, float(now))
    granted = max(0, min(want, int((now + slack - due + ROUNDING) / each)))
    return granted, Drawn(due + granted * each, now)


def remaining(before: Drawn | None, rate: float, now: int) -> int:
    """How many `draw` would give at `now` to whoever wants all; at most a second's worth, at least one."""
    return draw(before, rate, max(1, int(rate)), now)[0]


ROUNDING = 0.01
"""Milliseconds; sums of floats near 10^12 are exact to less."""
