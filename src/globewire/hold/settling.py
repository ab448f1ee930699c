"""What follows from receipts: whose they may be, and the facts of their parts and messages. Touches no store."""

from globewire.hold.port import Became, Fact, Noted, PartBecame, SettleJob
from globewire.message import FINAL, MessageId, Millis, PartState
from globewire.verdict import outcome

LATE = "late receipt"
"""What the history says of a receipt that came after its part's end."""


def same_number(one: str, other: str) -> bool:
    """Whether two spellings may be one number: the last eight digits agree (carriers add and drop prefixes)."""
    return bool(one) and one[-8:] == other[-8:]


def decide(jobs: list[SettleJob], now: Millis) -> list[list[Fact]]:
    """The facts that follow from each receipt, in order. Receipts of one message in one batch build on one another."""
    states: dict[MessageId, dict[int, PartState]] = {}
    decided = []
    for job in jobs:
        assert job.part is not None
        parts = states.setdefault(job.part.message, {part.sequence: part.state for part in job.parts})
        decided.append(_facts(job, parts, now))
    return decided


def _facts(job: SettleJob, parts: dict[int, PartState], now: Millis) -> list[Fact]:
    part, receipt = job.part, job.receipt
    assert part is not None
    state = outcome.receipt_state(receipt.status)
    if state is None:
        return [Noted(part.message, now, "receipt", f"{job.carrier}: part {part.sequence} is {receipt.status or 'under way'}")]
    if job.state in FINAL or parts[part.sequence] is not PartState.SUBMITTED:
        return [Noted(part.message, now, LATE, f"{job.carrier}: part {part.sequence} is {receipt.status}, settled before")]
    parts[part.sequence] = state
    code, description = outcome.error(receipt.status, receipt.error)
    facts: list[Fact] = [PartBecame(part.message, part.sequence, state, code, job.heard_at)]
    became = outcome.message_state(list(parts.values()), part.total)
    if became is not None:
        facts.append(Became(part.message, became, job.heard_at, None, code, description))
    return facts
