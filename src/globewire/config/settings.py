"""What the configuration gives besides `plan`'s carriers, routes and accounts: a frozen dataclass for each section.

The defaults stand in the dataclasses and nowhere else. Nothing of a stage is imported here: `gateway` hands the values on.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from globewire.verdict.admit import RefusalForm
from globewire.verdict.script import Behaviour, IdForm, ReceiptForm


class LogLevel(StrEnum):
    """From which weight on events are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How events are written: for eyes, or one JSON object a line."""

    CONSOLE = "console"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen; port 0 lets the system choose one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


HERE = Listen("127.0.0.1", 8018)
ANYWHERE_HERE = Listen("127.0.0.1", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API's listener. Limits are bytes, timeouts seconds; `certificate` is "" for plain HTTP.

    `hints` and `exchanges` are None only while reading.
    """

    listen: Listen = HERE
    certificate: str = ""
    certificate_key: str = ""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    require_tls: bool = False
    refusal_form: RefusalForm = RefusalForm.BUSINESS
    node: int = 0
    line_limit: int = 24 * 1024 * 1024
    header_limit: int = 64 * 1024
    body_limit: int = 8 * 1024 * 1024
    header_timeout: float = 10.0
    body_timeout: float = 30.0
    connections: int = 4096
    hints: bool | None = None
    exchanges: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """The pages at the API's address. `enabled` is None where nothing is said; `password_hash` is argon2's, "" for no sign-in."""

    enabled: bool | None = None
    password_hash: str = field(default="", repr=False)
    unprotected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """Where metrics are served: at an address of their own, and at the API's; `at_api` is None where nothing is said."""

    listen: Listen | None = None
    at_api: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSettings:
    """Where messages are held, and for how long. `url` may have a password in it. `master_key` is 32 bytes, or none where
    `key_file` holds it."""

    url: str = field(default="sqlite://globewire.db", repr=False)
    keep_bodies_days: int = 30
    keep_messages_days: int = 90
    master_key: bytes = field(default=b"", repr=False)
    master_key_file: str = ""

    @property
    def shared(self) -> bool:
        """Whether it is a PostgreSQL database, which several processes may share."""
        return self.url.startswith(("postgresql://", "postgres://"))

    @property
    def place(self) -> str:
        """What to call it before people: the file, or the hosts and the database, without user and password."""
        return self.url.partition("://")[2].rpartition("@")[2].partition("?")[0] if self.shared else self.path

    @property
    def path(self) -> str:
        """The database file: what follows `sqlite://`, so that three slashes begin an absolute path."""
        path = self.url.removeprefix("sqlite://")
        return "/" + path.lstrip("/") if path.startswith("/") else path

    @property
    def key_file(self) -> str:
        """The file of the master key: beside a database file, or here, where nothing else is said."""
        return self.master_key_file or ("globewire.key" if self.shared else f"{self.path}.key")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSettings:
    """How long messages are tried, in seconds, and how many may wait."""

    validity: int = 86_400
    grace: int = 3_600
    backlog: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSettings:
    """How delivery receipts are pushed; seconds. `connections` counts all endpoints' together."""

    allow_private: bool = False
    delays: tuple[int, ...] = (60, 300)
    timeout: float = 10.0
    batch: int = 100
    connections: int = 32


_PLAIN = Behaviour()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """The carrier in a box: where it listens, and how it behaves. `enabled` is None only while reading."""

    enabled: bool | None = None
    listen: Listen = ANYWHERE_HERE
    seed: int = _PLAIN.seed
    latency: tuple[float, float] = _PLAIN.latency
    receipt_delay: tuple[float, float] = _PLAIN.receipt_delay
    late: float = _PLAIN.late
    throughput: float = _PLAIN.throughput
    window: int = _PLAIN.window
    errors: tuple[tuple[float, int], ...] = _PLAIN.errors
    receipts: tuple[tuple[float, str], ...] = _PLAIN.receipts
    receipt_form: ReceiptForm = _PLAIN.receipt_form
    id_form: IdForm = _PLAIN.id_form
    magic: bool = _PLAIN.magic

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves. It lets any system_id in, as it is meant for loopback."""
        return Behaviour(
            seed=self.seed,
            latency=self.latency,
            receipt_delay=self.receipt_delay,
            late=self.late,
            throughput=self.throughput,
            window=self.window,
            errors=self.errors,
            receipts=self.receipts,
            receipt_form=self.receipt_form,
            id_form=self.id_form,
            magic=self.magic,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is logged, and how."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.CONSOLE
