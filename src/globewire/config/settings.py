"""What the configuration gives besides `plan`'s carriers, routes and accounts: one frozen dataclass for each section.

The defaults stand here and nowhere else.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network


class RefusalForm(StrEnum):
    """How a refusal by policy looks on the wire (contract section 5): form 2, or form 1."""

    BUSINESS = "business"
    GATEWAY = "gateway"


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
    """The API's listener. Limits are bytes, timeouts seconds; `certificate` is "" for plain HTTP."""

    listen: Listen = HERE
    certificate: str = ""
    certificate_key: str = ""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    require_tls: bool = False
    refusal_form: RefusalForm = RefusalForm.BUSINESS
    node: int = 0
    line_limit: int = 8 * 1024 * 1024
    header_limit: int = 64 * 1024
    body_limit: int = 8 * 1024 * 1024
    header_timeout: float = 10.0
    body_timeout: float = 30.0
    connections: int = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSettings:
    """Where messages are held, and for how long. `master_key` is 32 bytes, or none where `key_file` holds it."""

    url: str = "sqlite://globewire.db"
    keep_bodies_days: int = 30
    keep_messages_days: int = 90
    master_key: bytes = field(default=b"", repr=False)
    master_key_file: str = ""

    @property
    def path(self) -> str:
        """The database file: what follows `sqlite://`, so that three slashes begin an absolute path."""
        path = self.url.removeprefix("sqlite://")
        return "/" + path.lstrip("/") if path.startswith("/") else path

    @property
    def key_file(self) -> str:
        """The file of the master key, beside the database where nothing else is said."""
        return self.master_key_file or f"{self.path}.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSettings:
    """How messages are sent; seconds."""

    validity: int = 86_400
    grace: int = 3_600
    lease: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSettings:
    """How delivery receipts are pushed; seconds."""

    allow_private: bool = False
    delays: tuple[float, ...] = (60.0, 300.0)
    timeout: float = 10.0
    batch: int = 100
    connections: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """The carrier in a box. `enabled` is None only while reading. Seconds, and segments a second."""

    enabled: bool | None = None
    listen: Listen = ANYWHERE_HERE
    seed: int = 0
    latency: float = 0.0
    receipt_delay: float = 1.0
    throughput: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is logged, and how."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.CONSOLE
