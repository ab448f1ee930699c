"""What the operator wants: carriers, routes and accounts, as plain values that the stages are given.

Nothing here reads a file; `config` makes these, and so can a test. Durations are seconds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum

from globewire.message import AccountId, CarrierId, MessageType
from globewire.values import dataclass


class Binding(StrEnum):
    """How to bind: one transceiver, or a transmitter and a receiver beside it (SMPP 3.4 section 2.2)."""

    TRANSCEIVER = "transceiver"
    SEPARATE = "separate"


class Concatenation(StrEnum):
    """How a long text's parts are tied together."""

    UDH8 = "udh8"  # 3GPP TS 23.040 9.2.3.24.1, 8-bit reference
    UDH16 = "udh16"  # 3GPP TS 23.040 9.2.3.24.8, 16-bit reference
    SAR = "sar"  # sar_msg_ref_num, sar_total_segments, sar_segment_seqnum (SMPP 3.4 5.3.2.22-24)
    PAYLOAD = "payload"  # the whole text in message_payload; the carrier cuts it (SMPP 3.4 5.3.2.32)


class GsmCoding(StrEnum):
    """How a text of the GSM alphabet is put into octets for a carrier."""

    UNPACKED = "unpacked"  # one septet an octet, data_coding 0
    PACKED = "packed"  # eight septets in seven octets, data_coding 0
    LATIN1 = "latin1"  # ISO 8859-1, data_coding 3; a text that does not fit goes as UCS-2
    UCS2 = "ucs2"  # everything as UCS-2, data_coding 8


class ReceiptIds(StrEnum):
    """How a carrier spells a message's id in receipts, compared with its submit_sm_resp."""

    AUTO = "auto"
    SAME = "same"
    HEX_TO_DEC = "hex-to-dec"  # response in hexadecimal, receipt in decimal
    DEC_TO_HEX = "dec-to-hex"  # response in decimal, receipt in hexadecimal


class OnUnknown(StrEnum):
    """What to do with a submit whose response never came."""

    BY_TYPE = "by-type"  # resend a message of Type OTP, and leave all others
    WAIT = "wait"  # leave it unknown: a receipt, or the end of its validity, settles it
    RESEND = "resend"  # send it again once: it may arrive twice

    def of(self, message_type: str) -> "OnUnknown":
        """WAIT or RESEND for a message of this Type ("" for none). A late code is no code, and a second one does no harm."""
        if self is OnUnknown.BY_TYPE:
            return OnUnknown.RESEND if message_type == MessageType.OTP else OnUnknown.WAIT
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Type of number and numbering plan of an address (SMPP 3.4 sections 5.2.5 and 5.2.6)."""

    ton: int
    npi: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """One upstream SMSC. `pace` is in segments a second over all its binds, 0 for no limit; `window` is per bind."""

    id: CarrierId
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    service_type: str = ""
    bind: Binding = Binding.TRANSCEIVER
    binds: int = 1
    window: int = 10
    pace: float = 0.0
    sender: str = ""
    concatenation: Concatenation = Concatenation.UDH8
    gsm: GsmCoding = GsmCoding.UNPACKED
    receipt_ids: ReceiptIds = ReceiptIds.AUTO
    source_alphanumeric: Address = Address(ton=5, npi=0)
    source_short: Address = Address(ton=3, npi=0)
    source_number: Address = Address(ton=1, npi=1)
    destination: Address = Address(ton=1, npi=1)
    enquire_link: float = 30.0
    response_timeout: float = 30.0
    reconnect_first: float = 0.5
    reconnect_most: float = 30.0
    throttle_pause: float = 1.0
    throttle_grace: float = 60.0
    unbound_grace: float = 60.0
    query: bool = False
    receipt_overdue: float = 600.0
    tls: bool = False
    ca: str = ""
    server_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A rule: where all of its non-empty conditions match, its carriers are tried in order."""

    id: str
    carriers: tuple[CarrierId, ...]
    countries: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    accounts: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    senders: frozenset[str] = frozenset()
    on_unknown: OnUnknown = OnUnknown.BY_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredKey:
    """An AccessKey written in the configuration; `token` makes it a temporary (STS) credential."""

    id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredUser:
    """A RAM user written in the configuration: its keys and the names of its policies."""

    name: str
    keys: tuple[DeclaredKey, ...] = ()
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredAccount:
    """An account written in the configuration. `quota`: calls a second by operation; `policies`: documents by name."""

    id: AccountId
    sender: str = ""
    callback: str = ""
    quota: Mapping[str, int] = field(default_factory=dict)
    keys: tuple[DeclaredKey, ...] = ()
    users: tuple[DeclaredUser, ...] = ()
    policies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declared:
    """What the configuration declares, by name: it is changed there and nowhere else. Users and policies bear their account."""

    accounts: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    users: frozenset[tuple[str, str]] = frozenset()
    policies: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, accounts: Iterable[DeclaredAccount]) -> "Declared":
        """The names of all that these accounts have."""
        accounts = tuple(accounts)
        users = [(account.id, user) for account in accounts for user in account.users]
        keys = [key.id for account in accounts for key in account.keys]
        return cls(
            frozenset(account.id for account in accounts),
            frozenset(keys + [key.id for _, user in users for key in user.keys]),
            frozenset((account, user.name) for account, user in users),
            frozenset((account.id, name) for account in accounts for name in account.policies),
        )


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new AccessKey, with what is shown once: its secret, and the SecurityToken of a temporary one ("" for none)."""

    id: str
    account: AccountId
    user: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
