"""When to try again, and when to give up. Values in, seconds out; nothing here waits."""

RECEIPT_LOOKS = (0.2, 1.0, 5.0, 30.0, 120.0, 600.0)
"""Seconds. A receipt may overtake its submit_sm_resp by moments; one that is unmatched after a quarter of an hour stays so."""

_MOST_DOUBLINGS = 32


def callback(tries: int, delays: tuple[int, ...] = (60, 300)) -> int | None:
    """Seconds from a refused push to the next, None to give up (contract 4.1). `tries` counts the pushes refused before it."""
    return delays[tries] if 0 <= tries < len(delays) else None


def receipt(tries: int) -> float | None:
    """Seconds from a look at a receipt that matched nothing to the next, None to give up. `tries` counts the looks before it."""
    return RECEIPT_LOOKS[tries] if 0 <= tries < len(RECEIPT_LOOKS) else None


def question(asked: int, overdue: float) -> float | None:
    """Seconds from one question about a part (query_sm) to the next, None to ask no more. `asked` counts the questions so far,
    `overdue` is how long its receipt was waited for before the first."""
    return overdue * 2.0**asked if asked < QUESTIONS else None


QUESTIONS = 8
"""Questions about one part: after ten minutes the first, after a day the eighth."""


def reconnect(attempt: int, first: float, most: float, jitter: float) -> float:
    """Seconds before bind attempt `attempt`, counted from 0: from `first` doubling up to `most`.

    `jitter`, drawn from [0, 1), takes off up to half, so that binds that were lost together do not come back together.
    """
    whole = min(most, first * 2.0 ** min(max(attempt, 0), _MOST_DOUBLINGS))
    return float(whole * (1 - jitter / 2))
