"""How a receipt push is written: the JSON array, its dates, our signature over it, and the acknowledgement read back.

Contract section 4.1. Sends nothing and decides nothing about another try (that is `verdict.retry`).
"""

import hmac
from collections.abc import Iterable
from datetime import date as calendar
from functools import lru_cache

import orjson

from globewire.message import MessageId, Millis
from globewire.values import dataclass
from globewire.wire.operation import DATE, MESSAGE_ID, NUMBER, WHOLE_NUMBER, Field, Kind

TIMESTAMP_HEADER = "x-globewire-timestamp"
SIGNATURE_HEADER = "x-globewire-signature"
CONTENT_TYPE = "application/json;charset=utf-8"

REPORT = (
    Field("MessageId", Kind.STRING, "As the send answered it.", MESSAGE_ID),
    Field("To", Kind.STRING, "The number.", NUMBER),
    Field("SendDate", Kind.STRING, "When the message was accepted, as Thu, 25 Nov 2021 10:27:00 +0800.", DATE),
    Field("ReceiveDate", Kind.STRING, "When its end was known, in the same form.", DATE),
    Field("Status", Kind.INTEGER, "1 delivered, 2 failed, 6 expired.", "^[126]$"),
    Field("ErrorCode", Kind.STRING, "DELIVERED, or the carrier's word for the outcome."),
    Field("ErrorDescription", Kind.STRING, "The outcome in a sentence."),
    Field("TaskId", Kind.STRING, "As it was sent, empty where it was not."),
    Field("SmsSize", Kind.INTEGER, "How many parts the text took.", WHOLE_NUMBER),
)
"""The members of one report in `body`, for whoever writes the reference."""


@dataclass(frozen=True, slots=True)
class Item:
    """One report of a push. `status` is "1" success, "2" failed, "6" expired; `task_id` is "" where none was sent."""

    message: MessageId
    to: str
    sent_at: Millis
    received_at: Millis
    status: str
    error_code: str
    error: str
    task_id: str
    segments: int


def body(items: Iterable[Item]) -> bytes:
    """The push's body: a JSON array in UTF-8, one object an item in the order given, every value a string."""
    return orjson.dumps(
        [
            {
                "MessageId": str(item.message),
                "To": item.to,
                "SendDate": date(item.sent_at),
                "ReceiveDate": date(item.received_at),
                "Status": item.status,
                "ErrorCode": item.error_code,
                "ErrorDescription": item.error,
                "TaskId": item.task_id,
                "SmsSize": str(item.segments),
            }
            for item in items
        ]
    )


def date(at: Millis) -> str:
    """A time as receipts and QueryMessage give it: `Thu, 25 Nov 2021 10:27:00 +0800` (contract 1.4 and 4.1).

    Always at +0800 and in English, whatever the machine's zone and language. ValueError outside the years 1 to 9999.
    """
    return _second(at // 1000)


def headers(secret: bytes, timestamp: int, content: bytes) -> dict[str, str]:
    """The push's headers: content type and, where the account has a secret, `timestamp` (Unix seconds) and our signature."""
    if not secret:
        return {"Content-Type": CONTENT_TYPE}
    stamp = str(timestamp)
    return {
        "Content-Type": CONTENT_TYPE,
        TIMESTAMP_HEADER: stamp,
        SIGNATURE_HEADER: f"v1={signature(secret, stamp, content)}",
    }


def signature(secret: bytes, timestamp: str, content: bytes) -> str:
    """HMAC-SHA256 with `secret` over timestamp, a full stop and the body as sent; 64 lower-case hexadecimal digits."""
    return hmac.digest(secret, timestamp.encode() + b"." + content, "sha256").hex()


def acknowledged(status: int, content: bytes) -> bool:
    """Whether an answer takes the push: HTTP 200, and a JSON object whose `code` is a number.

    Any number, as the contract's section 4.1 has it of the service ("only that code is a number is checked"). Thus an
    empty body, `OK`, `{"code":"0"}` and `{"code":true}` do not acknowledge, whatever the status; nor does 201 or 204.
    """
    if status != 200:
        return False
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    # By type, not isinstance: bool is an int to Python and a word of its own to JSON.
    return isinstance(answer, dict) and type(answer.get("code")) in (int, float)


SAID = 200
"""Characters of an answer that are shown."""


def beginning(content: bytes) -> str:
    """How an endpoint's answer begins, for people to read: printable, on one line."""
    text = " ".join(content[: 8 * SAID].decode("utf-8", "replace").split())
    if text.isprintable():
        return text[:SAID]
    return "".join(c if c.isprintable() else "\ufffd" for c in text)[:SAID]


_EAST = 8 * 3600
_DAY = 86_400
_EPOCH = calendar(1970, 1, 1).toordinal()
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(maxsize=4096)
def _second(second: int) -> str:
    days, rest = divmod(second + _EAST, _DAY)
    minutes, seconds = divmod(rest, 60)
    return f"{_day(days)} {minutes // 60:02}:{minutes % 60:02}:{seconds:02} +0800"


@lru_cache(maxsize=64)
def _day(days: int) -> str:
    try:
        day = calendar.fromordinal(_EPOCH + days)
    except OverflowError as fault:
        raise ValueError(f"day {days} after 1970 is in no calendar") from fault
    return f"{_WEEKDAYS[day.weekday()]}, {day.day:02} {_MONTHS[day.month - 1]} {day.year:04}"
