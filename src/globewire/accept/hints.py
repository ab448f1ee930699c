"""What a refused caller is told beside the API's own reply: which step of its signature differs, in one response header.

The reply's status and body stay as the contract has them. Looking for a mistake of signing takes milliseconds, so it is done so
many times a second over all callers and for requests of a usual size; whoever is not told loses nothing but the hint. What a
hint may say is `verdict.diagnosis.explain`'s to decide.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from globewire.errors import Refused
from globewire.message import Millis
from globewire.verdict.admit import Register
from globewire.verdict.diagnosis import EXPLAINED, case, explain
from globewire.verdict.pace import Pace
from globewire.wire.exchange import HINT
from globewire.wire.request import Raw

RATE, AT_ONCE = 2, 4
"""Hints a second, and how many may come at once."""
LONGEST = 4096
"""Octets of query and body together."""


class Hints:
    """Adds hints to refusals. `hosts` gives the names under which this API is called, `steady` a time in ms for the pace."""

    def __init__(self, register: Callable[[], Register], hosts: Callable[[], Sequence[str]], steady: Callable[[], float]) -> None:
        self._register, self._hosts, self._steady = register, hosts, steady
        self._pace = Pace(RATE, AT_ONCE)

    def add(self, raw: Raw, refused: Refused, key: str, now: Millis) -> Refused:
        """`refused`, with a hint where one is known. `key` is the AccessKey that the request names, "" where it names none."""
        if refused.row.code not in EXPLAINED or len(raw.query) + len(raw.body) > LONGEST or self._pace.take(self._steady()):
            return refused
        found = self._register().find(key)
        finding = explain(case(raw, now, found[0] if found else None, self._hosts()), refused)
        if finding is None:
            return refused
        return replace(refused, headers=(*refused.headers, (HINT, finding.sentence)))
