"""A message's life, in sentences: for the command line and for the console alike."""

from collections.abc import Iterator
from typing import Any

import orjson

from globewire.hold.port import Standing
from globewire.message import FINAL, PartState


def life(standing: Standing) -> list[tuple[int, str, str]]:
    """What happened to a message, in its order: when (ms since 1970), what, and how."""
    return sorted(_events(standing), key=lambda event: event[0])


def _events(standing: Standing) -> Iterator[tuple[int, str, str]]:
    message = standing.message
    yield message.accepted_at, "accepted", f"call {message.request_id}, AccessKey {message.access_key}"
    yield message.accepted_at, "routed", _route(standing.decision)
    for part in standing.parts:
        which = f"part {part.sequence} of {part.total}" if part.total > 1 else "the message"
        how = f"{which}, by {part.carrier} as {part.given_id or part.carrier_id}"
        yield part.at, f"part {PartState.SUBMITTED}", how
        if part.settled_at:
            yield part.settled_at, f"part {part.state}", how
    for note in standing.notes:
        yield note.at, note.what, note.detail
    if standing.state in FINAL:
        yield standing.ended_at, standing.state, " ".join(filter(None, (standing.error_code, standing.error)))
        yield standing.ended_at, "callback", "no endpoint was set" if standing.told == "none" else standing.told


def _route(stored: str) -> str:
    read = decision(stored)
    carriers = ", then ".join(map(str, read["carriers"])) or "no carrier"
    why = "; ".join(map(str, read["why"]))
    return f"{carriers} (by {read['route'] or 'ChannelId'}){': ' if why else ''}{why}"


def decision(text: str) -> dict[str, Any]:
    """What was stored of the decision where to send a message: `route` (or None), `carriers`, `why`."""
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError:
        read = {"why": [text]}
    return {"route": None, "carriers": [], "why": []} | (read if isinstance(read, dict) else {"why": [text]})
