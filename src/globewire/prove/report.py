"""What a proof found, in numbers and sentences."""

from dataclasses import asdict, dataclass, field
from typing import Any

SHOWN = 20
"""Sentences of one kind that are given; the numbers count all."""


@dataclass(slots=True, kw_only=True)
class Report:
    """The whole of a proof. Times are seconds, `flush_ms` milliseconds (p50, p95, p99). `faults` are the gateway's other sins.

    `acknowledged` are the OKs that clients saw, `refused` the other answers by code, `unanswered` the calls that a kill cut off.
    """

    seed: int
    engine: str
    clients: int
    flush_ms: tuple[float, float, float]
    kills: int = 0
    power_cuts: int = 0
    seconds: float = 0.0
    acknowledged: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    held: int = 0
    lost: int = 0
    sent_twice: int = 0
    sent_twice_unexplained: int = 0
    answered_before_kill_most: float = 0.0
    unknown: int = 0
    unsettled: int = 0
    receipts_pushed: int = 0
    receipts_missing: int = 0
    recoveries: int = 0
    recovery_p50: float = 0.0
    recovery_most: float = 0.0
    corrupt: int = 0
    unflushed: int = 0
    survived: int = 0
    torn: int = 0
    names_undone: int = 0
    faults: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether the gateway kept what it promised."""
        broken = (self.lost, self.sent_twice_unexplained, self.unsettled, self.receipts_missing, self.corrupt, self.faults)
        return bool(self.acknowledged) and not any(broken)

    def tell(self, sentences: list[str]) -> int:
        """Add the first of `sentences` to the details; how many there are."""
        self.details += sentences[:SHOWN]
        return len(sentences)

    def recovered(self, seconds: list[float]) -> None:
        """The times from a restart to the first OK."""
        if seconds:
            ordered = sorted(seconds)
            self.recoveries, self.recovery_p50, self.recovery_most = len(ordered), ordered[len(ordered) // 2], ordered[-1]

    def json(self) -> dict[str, Any]:
        """The report for programs."""
        return {"holds": self.holds, **asdict(self)}
