"""Changes of state as every engine writes them: from which states each may come, and in which order. Touches no store."""

from collections.abc import Iterable

from globewire.hold.port import Became
from globewire.message import MAY_BECOME

COMES_FROM = {state: "".join(f",{before}" for before, after in MAY_BECOME.items() if state in after) + "," for state in MAY_BECOME}
"""The states that each may follow, as a list that SQL can search: ",accepted,unknown,"."""


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
