"""What a test asks of the emulator: JSON and queries read into values, with one kind of fault, whose sentence says what to give."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import orjson

from globewire.message import MessageId
from globewire.verdict.orders import Order
from globewire.verdict.outcome import STATUSES
from globewire.verdict.script import Outcome, Reply
from globewire.wire import span

LONGEST_WAIT = 600.0
"""Seconds that a wait may take."""
USUAL_WAIT = 10.0
MOST_TIMES, MOST_RECEIPTS, MOST_LISTED = 1_000_000, 10, 200
OUTCOMES: dict[str, Outcome] = {
    "delivered": Outcome(),
    "failed": Outcome(word="UNDELIV"),
    "expired": Outcome(word="EXPIRED"),
    "rejected": Outcome(word="REJECTD"),
    "refused": Outcome(status=0x0B),
    "no-receipt": Outcome(receipts=0),
    "duplicate-receipt": Outcome(receipts=2),
    "receipt-first": Outcome(early=True),
    "unanswered": Outcome(Reply.SILENCE, receipts=0),
    "disconnected": Outcome(Reply.DROP, receipts=0),
}
"""What may be ordered, by name; docs/emulator.md says what each does."""

Given = Mapping[str, object]


class Fault(Exception):
    """It cannot be done as it was asked; `status` is HTTP's."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Waiting:
    """A wait for a message to the number `to` ("" for any) of so many seconds at most."""

    to: str
    timeout: float


@dataclass(frozen=True, slots=True)
class Listing:
    """The newest `limit` messages to `to` ("" for any) that came after the message `after` (0 for all)."""

    to: str
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Push:
    """A receipt to bring: of `part` (0 for each) of `message`, or, where that is 0, of what the carrier knows as `carrier_id`."""

    message: MessageId
    part: int
    carrier_id: str
    to: str
    word: str
    error: int | None
    times: int


def given(body: bytes, *known: str) -> dict[str, object]:
    """The JSON object in a body, {} for an empty one; it may have only members that are `known`."""
    try:
        found = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError as fault:
        raise Fault("the body is not JSON") from fault
    if not isinstance(found, dict):
        raise Fault("the body is not a JSON object")
    if strange := sorted(found.keys() - set(known)):
        raise Fault(f"{strange[0]!r} is unknown; known: {', '.join(known)}")
    return found


def order(body: bytes) -> Order:
    """What is to happen to the next messages."""
    asked = given(body, "to", "times", "outcome", "status", "receipt", "error", "delay", "latency", "receipts")
    name = asked.get("outcome", "delivered")
    if not isinstance(name, str) or name not in OUTCOMES:
        raise Fault(f"outcome must be one of {', '.join(OUTCOMES)}")
    outcome = OUTCOMES[name]
    outcome = replace(
        outcome,
        status=_status(asked) if outcome.status else _none(asked, "status", name),
        word=_word(asked, outcome.word),
        error=_error(asked),
        delay=_span(asked, "delay"),
        latency=_span(asked, "latency"),
        receipts=_whole(asked, "receipts", outcome.receipts, 0, MOST_RECEIPTS),
    )
    times = None if asked.get("times", 1) is None else _whole(asked, "times", 1, 1, MOST_TIMES)
    return Order(outcome, number(asked), times)


def push(body: bytes) -> Push:
    """A receipt to bring."""
    asked = given(body, "message_id", "part", "carrier_id", "to", "receipt", "error", "times")
    message = message_id(asked["message_id"]) if "message_id" in asked else MessageId(0)
    carrier_id = asked.get("carrier_id", "")
    if not isinstance(carrier_id, str) or len(carrier_id) > 64 or not (carrier_id.isascii() and carrier_id.isprintable()):
        raise Fault("carrier_id must be text of at most 64 characters of ASCII")
    if bool(message) is bool(carrier_id.strip()):
        raise Fault("give either message_id, or carrier_id and to")
    part = _whole(asked, "part", 0, 1, 255) if "part" in asked else 0
    times = _whole(asked, "times", 1, 1, MOST_RECEIPTS)
    return Push(message, part, carrier_id, number(asked), _word(asked, "DELIVRD"), _error(asked), times)


def waiting(body: bytes) -> Waiting:
    """A wait for the next message."""
    asked = given(body, "to", "timeout")
    timeout = _span(asked, "timeout")
    if timeout is not None and timeout > LONGEST_WAIT:
        raise Fault(f"timeout must be at most {LONGEST_WAIT:g} seconds")
    return Waiting(number(asked), USUAL_WAIT if timeout is None else timeout)


def listing(query: Given) -> Listing:
    """Which messages to list."""
    after = message_id(query["after"]) if query.get("after") else MessageId(0)
    limit = str(query.get("limit", MOST_LISTED))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= MOST_LISTED):
        raise Fault(f"limit must be a whole number from 1 to {MOST_LISTED}")
    return Listing(number(query), after, int(limit))


def advance(body: bytes) -> float:
    """The seconds by which to move the clock."""
    found = _span(given(body, "advance"), "advance")
    if found is None:
        raise Fault("advance must be there: how far to move the clock, such as 72h or 90s")
    return found


def number(asked: Given) -> str:
    """The number in `to`, as digits; "" where it is not given."""
    to = asked.get("to", "")
    if not isinstance(to, str):
        raise Fault("to must be a number as text, such as 6591234567")
    digits = "".join(c for c in to if c not in "+-() ")
    if digits and not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
        raise Fault("to must be a number with its dialling code, such as 6591234567")
    return digits


def message_id(value: object) -> MessageId:
    """A MessageId, as the API gives it."""
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18 and int(value)):
        raise Fault("message ids are the digits that the reply to a send has, as text")
    return MessageId(int(value))


def _status(asked: Given) -> int:
    value = asked.get("status", "ESME_RINVDSTADR")
    found = value if isinstance(value, int) and not isinstance(value, bool) else _BY_NAME.get(str(value), 0)
    if not 0 < found <= 0xFFFFFFFF:
        raise Fault("status must be the name of an SMPP status other than ESME_ROK, such as ESME_RTHROTTLED, or its number")
    return found


_BY_NAME = {name: status for status, (name, *_) in STATUSES.items()}


def _none(asked: Given, key: str, name: str) -> int:
    if key in asked:
        raise Fault(f"{key} goes with the outcome refused, not with {name}")
    return 0


def _word(asked: Given, otherwise: str) -> str:
    word = asked.get("receipt", otherwise)
    if not (isinstance(word, str) and 1 <= len(word) <= 20 and word.isascii() and word.isalnum() and word == word.upper()):
        raise Fault("receipt must be the word of a receipt in capital letters, such as DELIVRD or UNDELIV")
    return word


def _error(asked: Given) -> int | None:
    return None if asked.get("error") is None else _whole(asked, "error", 0, 0, 999)


def _span(asked: Given, key: str) -> float | None:
    value = asked.get(key)
    if value is None:
        return None
    found = span.seconds(value) if isinstance(value, str) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value)
    if found is None or not 0 <= found <= span.MOST:
        raise Fault(f"{key} must be a span of time such as 72h, 1h30m or 90s, or a number of seconds; ten years at most")
    return found


def _whole(asked: Given, key: str, otherwise: int, least: int, most: int) -> int:
    value = asked.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Fault(f"{key} must be a whole number from {least} to {most}")
    return value
