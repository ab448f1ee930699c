"""Changes of state as every engine writes them: from which states each may come, in which order, and what there is to do then.
Touches no store."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import field
from typing import Any

from globewire.hold.port import SETTLE, TELL, Became, Fact, Heard, Lane
from globewire.message import FINAL, MAY_BECOME, MessageId, Millis, State
from globewire.values import dataclass

COMES_FROM = {state: "".join(f",{before}" for before, after in MAY_BECOME.items() if state in after) + "," for state in MAY_BECOME}
"""The states that each may follow, as a list that SQL can search: ",accepted,unknown,"."""


@dataclass(frozen=True, slots=True)
class Written:
    """What came of the facts that somebody asked to write: how many messages came to which state, and whether receipts are to be
    decided anew. Of those who asked at once, the first is told of all changes."""

    states: Counter[str] = field(default_factory=Counter)
    anew: bool = False


def written(states: Counter[str], askers: int) -> list[Written]:
    """What so many who asked at once are told."""
    return [Written(states), *[Written()] * (askers - 1)]


def waves(changes: Iterable[Became]) -> list[list[Became]]:
    """The changes in order, such that no wave has a message twice: one statement takes one change of a message."""
    waves: list[list[Became]] = []
    nth: dict[int, int] = {}
    for change in changes:
        n = nth[change.message] = nth.get(change.message, -1) + 1
        if n == len(waves):
            waves.append([])
        waves[n].append(change)
    return waves


def fed(facts: Collection[Fact]) -> Iterator[Lane[Any]]:
    """The lanes in which there may be something to claim once these facts are written."""
    if any(isinstance(fact, Heard) for fact in facts):
        yield SETTLE
    if any(isinstance(fact, Became) and fact.state in FINAL for fact in facts):
        yield TELL


def expiries(overdue: Iterable[int], now: Millis) -> list[Became]:
    """What messages become whose validity and grace are over."""
    sentence = "no receipt came within the validity and its grace"
    return [Became(MessageId(id), State.EXPIRED, now, None, "EXPIRED", sentence) for id in overdue]
