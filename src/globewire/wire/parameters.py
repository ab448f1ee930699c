"""The parameters of a send, judged one by one: each function gives the value, or raises the business refusal (contract 3.4)."""

from collections.abc import Mapping

from globewire import errors
from globewire.errors import refuse
from globewire.message import MessageType

LONGEST_TEXT = 2000
LONGEST_TASK_ID = 255
LONGEST_VALIDITY = 604_800
CLOCK_ERROR = 5_000
"""Milliseconds by which a caller's clock may be ahead of ours."""


def required(parameters: Mapping[str, str], name: str) -> str:
    """A parameter that must be there; empty counts as missing (contract 9.17)."""
    value = parameters.get(name, "")
    if not value:
        raise errors.missing(name)
    return value


def text(value: str) -> str:
    """Message: 1 to 2,000 characters. NUL is refused: no handset shows it, and C strings end there."""
    if not 1 <= len(value) <= LONGEST_TEXT:
        raise refuse(errors.PARAM_LENGTH_LIMIT, f"Message has {len(value)} characters, and may have 1 to {LONGEST_TEXT}")
    if "\0" in value:
        raise refuse(errors.INVALID_PARAMETERS, "Message holds the character NUL")
    return value


def task_id(parameters: Mapping[str, str]) -> str:
    """TaskId: up to 255 characters, "" where not given."""
    value = parameters.get("TaskId", "")
    if len(value) > LONGEST_TASK_ID:
        raise refuse(errors.PARAM_LENGTH_LIMIT, f"TaskId has {len(value)} characters, and may have 1 to {LONGEST_TASK_ID}")
    if "\0" in value:
        raise refuse(errors.INVALID_PARAMETERS, "TaskId holds the character NUL")
    return value


def validity(parameters: Mapping[str, str], default: int) -> int:
    """ValidityPeriod: whole seconds from 1 to 604,800 (seven days)."""
    value = parameters.get("ValidityPeriod", "")
    if not value:
        return default
    seconds = int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else 0
    if not 1 <= seconds <= LONGEST_VALIDITY:
        raise refuse(errors.INVALID_PARAMETERS, f"ValidityPeriod is whole seconds from 1 to {LONGEST_VALIDITY}")
    return seconds


def message_type(parameters: Mapping[str, str]) -> str:
    """Type: OTP, NOTIFY, MKT or GENERAL, "" where not given."""
    value = parameters.get("Type", "")
    if value and value not in _TYPES:
        raise refuse(errors.INVALID_PARAMETERS, f"Type is one of {', '.join(MessageType)}")
    return value


_TYPES = frozenset(MessageType)


def truth(value: str, name: str) -> bool:
    """A boolean as the SDKs write it: `true`, `True`, `false`, `False` (contract 1.5)."""
    known = {"true": True, "false": False}.get(value.lower())
    if known is None:
        raise refuse(errors.INVALID_PARAMETERS, f"{name} is true or false")
    return known


def moment(parameters: Mapping[str, str], name: str, now: int) -> int:
    """A time in milliseconds since 1970, not in the future but by a clock's usual error; `now` where not given."""
    value = parameters.get(name, "")
    if not value:
        return now
    at = int(value) if value.isascii() and value.isdigit() and len(value) <= 14 else 0
    if not 0 < at <= now + CLOCK_ERROR:
        raise refuse(errors.INVALID_PARAMETERS, f"{name} is milliseconds since 1970 and not in the future")
    return at
