"""A message as the emulator shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """One SMS of a message: what the carrier called it, its `state` (submitted, delivered, failed or expired), and the error that
    its receipt brought."""

    sequence: int
    carrier_id: str
    state: str
    error: str
    submitted_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a message's history."""

    at: datetime
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message and what became of it.

    `code` is the one-time code in its text, None where none was found. `state` is accepted, submitted, unknown, delivered, failed,
    expired or rejected, of which the last four are final. `callback` says how its delivery receipt stands: none (where no endpoint
    is set, or it has not ended), waiting, acknowledged, refused so many times, given up. Times are by the emulator's clock.
    """

    id: str
    to: str
    sender: str
    text: str
    code: str | None
    type: str
    task_id: str
    channel_id: str
    country: str
    encoding: str
    segments: int
    state: str
    error_code: str
    error: str
    callback: str
    accepted_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    delivered_at: datetime | None
    parts: tuple[Part, ...] = field(repr=False)
    history: tuple[Event, ...] = field(repr=False)

    @property
    def ended(self) -> bool:
        """Whether its state is final."""
        return self.ended_at is not None


def message(given: Mapping[str, Any]) -> Message:
    """A message from the API's JSON."""
    plain = {name: value for name, value in given.items() if name in _PLAIN}
    return Message(
        **plain,
        sender=given["from"],
        accepted_at=moment(given["accepted_at"]),
        expires_at=moment(given["expires_at"]),
        ended_at=_moment(given["ended_at"]),
        delivered_at=_moment(given["delivered_at"]),
        parts=tuple(
            Part(
                sequence=part["sequence"],
                carrier_id=part["carrier_id"],
                state=part["state"],
                error=part["error"],
                submitted_at=moment(part["submitted_at"]),
                ended_at=_moment(part["ended_at"]),
            )
            for part in given["parts"]
        ),
        history=tuple(Event(moment(line["at"]), line["what"], line["detail"]) for line in given["history"]),
    )


_PLAIN = frozenset({
    "id", "to", "text", "code", "type", "task_id", "channel_id", "country", "encoding", "segments", "state", "error_code", "error",
    "callback",
})  # fmt: skip


def moment(text: str) -> datetime:
    """A time of the API's, in UTC."""
    return datetime.fromisoformat(text)


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text else None
