"""What the house deals in: messages, their parts, what a carrier says of them, and which state may follow which.

Plain values; nothing here acts. Times are integers: milliseconds since 1970 (UTC).
"""

from enum import StrEnum
from typing import NewType

from globewire.values import dataclass

AccountId = NewType("AccountId", str)
CarrierId = NewType("CarrierId", str)
AccessKeyId = NewType("AccessKeyId", str)
MessageId = NewType("MessageId", int)
"""18 decimal digits on the wire (contract 1.1): 13 of milliseconds, 2 of the node, 3 of a counter. It only grows."""
Millis = NewType("Millis", int)


class State(StrEnum):
    """Where a message stands."""

    ACCEPTED = "accepted"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    REJECTED = "rejected"


FINAL = frozenset({State.DELIVERED, State.FAILED, State.EXPIRED, State.REJECTED})

MAY_BECOME: dict[State, frozenset[State]] = {
    State.ACCEPTED: frozenset({State.SUBMITTED, State.UNKNOWN, State.EXPIRED, State.REJECTED}),
    State.UNKNOWN: frozenset({State.SUBMITTED, State.DELIVERED, State.FAILED, State.EXPIRED, State.REJECTED}),
    State.SUBMITTED: frozenset({State.DELIVERED, State.FAILED, State.EXPIRED}),
    **{state: frozenset() for state in FINAL},
}
"""The allowed changes. A final state never changes (hold's law 5)."""


class MessageType(StrEnum):
    """The `Type` parameter (contract 1.1)."""

    OTP = "OTP"
    NOTIFY = "NOTIFY"
    MKT = "MKT"
    GENERAL = "GENERAL"


class Encoding(StrEnum):
    """How a text travels: GSM 7-bit default alphabet or UCS-2 (3GPP TS 23.038)."""

    GSM7 = "GSM7"
    UCS2 = "UCS2"


@dataclass(frozen=True, slots=True)
class NumberDetail:
    """What the numbering plan says of a number, as English text; empty where unknown (contract 7)."""

    country: str = ""
    region: str = ""
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One accepted SMS, as the customer gave it and as we read it.

    `to` is digits only, with the dialling code. `sender` is "" where the carrier's default is to be used.
    `type`, `task_id` and `channel` are "" where not given. `country` is ISO 3166 alpha-2. `validity` is in seconds.
    """

    id: MessageId
    account: AccountId
    access_key: AccessKeyId
    request_id: str
    to: str
    sender: str
    text: str
    type: str
    task_id: str
    channel: str
    encoding: Encoding
    segments: int
    country: str
    detail: NumberDetail
    accepted_at: Millis
    validity: int

    @property
    def expires_at(self) -> Millis:
        """When its validity ends."""
        return Millis(self.accepted_at + self.validity * 1000)


class PartState(StrEnum):
    """Where one part (segment) of a message stands with the carrier that took it."""

    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message at a carrier. `sequence` counts from 1; `carrier_id` is the id the carrier gave it, `at` when it did
    so, `settled_at` when a receipt brought it to its end, 0 before, and `error` what that receipt said. `submitted_at` is when its
    submit_sm left, 0 where that is not known. `given_id` is the id as the carrier spelt it, "" where that is no other than
    `carrier_id`, which is spelt for comparison."""

    message: MessageId
    sequence: int
    total: int
    carrier: CarrierId
    carrier_id: str
    state: PartState
    at: Millis
    settled_at: Millis = Millis(0)
    given_id: str = ""
    submitted_at: Millis = Millis(0)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a carrier reported of one part, as read from a deliver_sm or data_sm (SMPP 3.4 appendix B, or TLVs).

    `carrier_ids` are the spellings under which the id may be known, likeliest first (as given, then converted between
    hexadecimal and decimal). `to` is the number it speaks of, digits only, "" where it does not say. `status` is the
    carrier's word, upper case (DELIVRD, UNDELIV, EXPIRED, REJECTD, ...), `error` its `err` field, both "" where absent.
    `marked` says that the PDU itself calls it a receipt; a text that only reads like one may be a subscriber's forgery.
    """

    carrier_ids: tuple[str, ...]
    to: str
    status: str
    error: str
    marked: bool = True
