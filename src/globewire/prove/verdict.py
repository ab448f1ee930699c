"""Compare every OK that a client ever saw with what is held, what the carrier took and what the endpoint was told.

Evidence in, findings out; nothing here waits or looks anything up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from globewire.message import FINAL, MessageId, State
from globewire.prove.carrier import Take
from globewire.verdict.outcome import push_status

WINDOW = 0.5
"""Seconds before a kill within which an answered submit counts as in flight: its record may not have been on disk yet."""
_ENDED_AT_THE_CARRIER = frozenset({State.SUBMITTED, State.DELIVERED, State.FAILED})


@dataclass(frozen=True, slots=True)
class Held:
    """A message as it is held in the end, and the number in its text."""

    number: int
    state: State


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was seen. `takes` and `acknowledged` are by the number in the text; `killed_at` by life, in seconds since 1970.

    `resends` says whether the route sends again what may have been sent.
    """

    acknowledged: Mapping[int, MessageId]
    held: Mapping[MessageId, Held]
    takes: Mapping[int, list[Take]]
    told: Mapping[MessageId, str]
    killed_at: Mapping[int, float]
    resends: bool


@dataclass(slots=True)
class Findings:
    """What the evidence comes to. The lists are sentences, one a message; `margin` is seconds.

    `margin`: of the submits that were sent again, the longest that one had been answered before its kill.
    """

    lost: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    twice: int = 0
    unknown: int = 0
    told: int = 0
    margin: float = 0.0


def compare(evidence: Evidence) -> Findings:
    """Judge every acknowledged message, and everything that the carrier took twice."""
    findings = Findings()
    given: dict[MessageId, int] = {}
    for number, id in evidence.acknowledged.items():
        named = f"{id} (text {number})"
        if given.setdefault(id, number) != number:
            findings.lost.append(f"{named}: its MessageId was given to text {given[id]} before")
        _judge(evidence, findings, number, id, named)
    for number, takes in evidence.takes.items():
        if len(takes) > 1:
            findings.twice += 1
            findings.unexplained += _unexplained(evidence, findings, number, takes)
    return findings


def _judge(evidence: Evidence, findings: Findings, number: int, id: MessageId, named: str) -> None:
    held, taken, told = evidence.held.get(id), number in evidence.takes, evidence.told.get(id)
    if held is None:
        findings.lost.append(f"{named}: not held{', though it was sent' if taken else ''}")
    elif held.number != number:
        findings.lost.append(f"{named}: another text is held under this MessageId")
    elif held.state is State.ACCEPTED and not taken:
        findings.lost.append(f"{named}: held, and neither sent nor final")
    elif held.state in _ENDED_AT_THE_CARRIER and not taken:
        findings.lost.append(f"{named}: held as {held.state}, and the carrier never had it")
    elif held.state is State.UNKNOWN:
        findings.unknown += 1
    elif held.state not in FINAL:
        findings.unsettled.append(f"{named}: sent, and still {held.state}")
    elif told is None:
        findings.untold.append(f"{named}: {held.state}, and the endpoint was never told")
    elif told != push_status(held.state):
        findings.untold.append(f"{named}: {held.state}, and the endpoint was told {told}")
    else:
        findings.told += 1


def _unexplained(evidence: Evidence, findings: Findings, number: int, takes: list[Take]) -> Iterator[str]:
    """Each repetition whose submit before it was not in flight when a kill came between them."""
    for earlier, later in pairwise(takes):
        killed_at = evidence.killed_at.get(earlier.life)
        if later.life == earlier.life or killed_at is None:
            yield f"text {number}: sent twice in one life of the gateway"
        elif not evidence.resends:
            yield f"text {number}: sent again, though its route says to wait"
        elif earlier.answered_at < killed_at - WINDOW:
            yield f"text {number}: sent again, though it was answered {killed_at - earlier.answered_at:.3f} s before the kill"
        else:
            findings.margin = max(findings.margin, killed_at - earlier.answered_at)
