"""A message's life as a timeline, each step with its time and what was said: for the command line and for the console alike."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from globewire.hold.port import Push, Standing
from globewire.message import FINAL, Millis, Part, PartState


class Event(NamedTuple):
    """A step: when, a word for what, and a sentence for how."""

    at: Millis
    what: str
    how: str


def life(standing: Standing) -> list[Event]:
    """What happened to a message, in its order."""
    return sorted(_events(standing), key=lambda event: event.at)


def decision(text: str) -> dict[str, Any]:
    """What was stored of the decision where to send a message: `route` (or None), `carriers`, `why`."""
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError:
        read = {"why": [text]}
    return {"route": None, "carriers": [], "why": []} | (read if isinstance(read, dict) else {"why": [text]})


def _events(standing: Standing) -> Iterator[Event]:
    message = standing.message
    yield Event(message.accepted_at, "accepted", f"call {message.request_id}, AccessKey {message.access_key}")
    yield Event(message.accepted_at, "routed", _route(standing.decision))
    for part in standing.parts:
        yield from _part(part)
    for note in standing.notes:
        yield Event(note.at, note.what, note.detail)
    if standing.state in FINAL:
        ended = " ".join(filter(None, (standing.error_code, standing.error)))
        yield Event(standing.ended_at, standing.state, ended)
        yield from _told(standing)


def _part(part: Part) -> Iterator[Event]:
    which = f"part {part.sequence} of {part.total}" if part.total > 1 else "the message"
    if part.submitted_at:
        yield Event(part.submitted_at, "submit", f"{which}, to {part.carrier}")
    took = f", answered after {part.at - part.submitted_at} ms" if part.submitted_at else ""
    how = f"{which}, by {part.carrier} as {part.given_id or part.carrier_id}"
    yield Event(part.at, f"part {PartState.SUBMITTED}", how + took)
    if part.settled_at:
        yield Event(part.settled_at, f"part {part.state}", f"{how}: {part.error}" if part.error else how)


def _told(standing: Standing) -> Iterator[Event]:
    """The pushes of its callback; what is still to come stands at the end."""
    for push in standing.pushes:
        yield Event(Millis(push.at + push.took), "callback", _pushed(push))
    last = standing.pushes[-1] if standing.pushes else None
    if standing.told == "none":
        yield Event(standing.ended_at, "callback", "no endpoint was set")
    elif last is None or standing.told.endswith("waiting"):
        yield Event(Millis(last.at + last.took) if last else standing.ended_at, "callback", standing.told)


def _pushed(push: Push) -> str:
    others = f" with {push.reports - 1} others" if push.reports > 1 else ""
    became = "acknowledged" if push.acknowledged else f"refused: {push.reason}"
    answer = f", HTTP {push.status}, {push.said}" if push.said else ""
    return f"pushed{others} and {became} (after {push.took} ms{answer})"


def _route(text: str) -> str:
    read = decision(text)
    carriers = ", then ".join(map(str, read["carriers"])) or "no carrier"
    why = "; ".join(map(str, read["why"]))
    return f"{carriers} (by {read['route'] or 'ChannelId'}){': ' if why else ''}{why}"
