"""One mistake of a client's: what differs in which step, and the change to the right way that it is."""

from collections.abc import Callable

from globewire.values import dataclass
from globewire.verdict.finding import Cause
from globewire.verdict.way import Way

MOST_NAMES = 40
"""Parameters, headers and characters of one request that are looked at one by one."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """The words are those of a `Finding`; `apply` makes the mistake."""

    cause: Cause
    step: str
    did: str
    expected: str
    fix: str
    apply: Callable[[Way], Way]
