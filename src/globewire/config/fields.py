"""Every key of the configuration: its kind, a line of help with the unit, and the dataclass that it fills.

The defaults stand in the dataclasses, here and in `plan`. What lies between sections is checked where they come together,
in the package itself. docs/configuration.md is made from these tables by tools/configuration.py.
"""

from globewire.config.kinds import (
    CALLBACK,
    COUNTRY,
    DAY,
    HOLD_URL,
    KEY_NAME,
    LISTEN,
    MASTER_KEY,
    MESSAGE_TYPE,
    NAME,
    NETWORK,
    PASSWORD_HASH,
    PATH,
    POLICY,
    PREFIX,
    READABLE,
    SECONDS,
    SENDER,
    SOME_SECONDS,
    by_name,
    latin,
    receipt_words,
    span,
    statuses,
)
from globewire.config.plain import any_of, choice, flag, many, number, secret, table, tables, text, whole
from globewire.config.reader import Field, Place, Section
from globewire.config.settings import (
    Api,
    CallbackSettings,
    ConsoleSettings,
    HoldSettings,
    LogFormat,
    LogLevel,
    LogSettings,
    MetricsSettings,
    SendSettings,
    SimulatorSettings,
)
from globewire.plan import (
    Address,
    Binding,
    Carrier,
    Concatenation,
    DeclaredAccount,
    DeclaredKey,
    DeclaredUser,
    GsmCoding,
    OnUnknown,
    ReceiptIds,
    Route,
)
from globewire.verdict import policy
from globewire.verdict.admit import RefusalForm
from globewire.verdict.script import IdForm, ReceiptForm
from globewire.wire.operation import OPERATIONS

KIBI, MEBI = 1024, 1024 * 1024
HOUR = 3_600


# ---------------------------------------------------------------------------------------------------------


def _check_api(api: Api, place: Place) -> None:
    if not place.sound("certificate", "certificate_key"):
        return
    if api.certificate and not api.certificate_key:
        place.wrong("certificate stands without certificate_key; give both, or neither")
    if api.certificate_key and not api.certificate:
        place.wrong("certificate_key stands without certificate; give both, or neither")
    if api.require_tls and not api.certificate and not api.trusted_proxies and place.sound("trusted_proxies"):
        place.doubtful("require_tls refuses every call, as there is neither a certificate nor a trusted proxy")


API = Section(
    Api,
    "Where the API listens, and how much it takes.",
    (
        Field("listen", LISTEN, "Where to listen, as host:port; port 0 lets the system choose."),
        Field("certificate", READABLE, "Path of the TLS certificate chain (PEM). Empty: plain HTTP."),
        Field("certificate_key", READABLE, "Path of the certificate's private key (PEM)."),
        Field(
            "trusted_proxies",
            many(NETWORK, "a list of addresses or ranges (CIDR)", empty=True),
            "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
        ),
        Field("require_tls", flag(), "Refuse calls that did not come by TLS."),
        Field(
            "refusal_form",
            choice(RefusalForm),
            "How a refusal by policy is answered: HTTP 200 with `RAM_PERMISSION_DENY`, or HTTP 403 with `NoPermission`.",
        ),
        Field("node", whole(0, 99), "Two digits within each message id; give each process that shares a database its own."),
        Field("line_limit", whole(KIBI, 64 * MEBI), "Longest request line, in bytes."),
        Field("header_limit", whole(KIBI, 16 * MEBI), "Most headers of one request, in bytes."),
        Field("body_limit", whole(KIBI, 64 * MEBI), "Longest request body, in bytes."),
        Field("header_timeout", SOME_SECONDS, "Seconds that a request's line and headers may take to arrive."),
        Field("body_timeout", SOME_SECONDS, "Seconds that a request's body may take to arrive."),
        Field("connections", whole(1, 1_000_000), "Most open connections."),
        Field(
            "hints",
            flag(),
            "Whether a refused caller is told in the header `x-globewire-hint` which step of its signature differs.",
            default="only where no other machine may reach the API",
        ),
        Field(
            "exchanges",
            whole(0, 100_000),
            "How many requests and replies are kept in memory to be looked at, at most about 32 MiB of them.",
            default="1000 in an emulator, else 100",
        ),
    ),
    _check_api,
)


CONSOLE = Section(
    ConsoleSettings,
    "The console: pages under `/console` at the API's address.",
    (
        Field("enabled", flag(), "Whether to serve it.", default="only in an emulator, or where it has a password"),
        Field(
            "password_hash",
            PASSWORD_HASH,
            "What `globewire console password` prints: the console's password as an argon2 hash.",
            default="none: nobody signs in",
        ),
        Field("unprotected", flag(), "Serve it to other machines though there is no password, or no TLS."),
    ),
)


METRICS = Section(
    MetricsSettings,
    "Metrics for Prometheus, at `/metrics`. Nobody signs in for them, and they name accounts and carriers.",
    (
        Field("listen", LISTEN, "An address of their own, as host:port; `/healthz` and `/readyz` are there too.", default="none"),
        Field(
            "at_api",
            flag(),
            "Whether to serve them at the API's address. `/healthz` and `/readyz` are there in any case.",
            default="only where the API listens on loopback",
        ),
    ),
)


def _check_hold(hold: HoldSettings, place: Place) -> None:
    if place.sound("keep_bodies_days", "keep_messages_days") and hold.keep_bodies_days > hold.keep_messages_days:
        place.doubtful("keep_bodies_days is more than keep_messages_days; a text goes with its message")


HOLD = Section(
    HoldSettings,
    "Where messages are held, and for how long.",
    (
        Field(
            "url",
            HOLD_URL,
            "The database. What follows `sqlite://` is a file's path: `sqlite:///var/lib/globewire/globewire.db` is absolute, "
            "`sqlite://globewire.db` lies in the working directory. `postgresql://user@host:5432/database` may name several "
            "hosts, with commas between; several processes may share it (docs/postgresql.md).",
        ),
        Field("keep_bodies_days", whole(0, 36_500), "Days after which the texts of messages are blanked."),
        Field("keep_messages_days", whole(1, 36_500), "Days after which messages are deleted."),
        Field(
            "master_key",
            MASTER_KEY,
            "The key under which AccessKey secrets are sealed. Better left to the environment or to the file.",
            default="read from `master_key_file`",
            variable="GLOBEWIRE_MASTER_KEY",
        ),
        Field("master_key_file", PATH, "Path of the file that holds the master key.", default="the database's path + `.key`"),
    ),
    _check_hold,
)

SEND = Section(
    SendSettings,
    "How long messages are tried, and how many may wait.",
    (
        Field("validity", whole(1, 30 * DAY), "Seconds that a message is valid, where the call gives no ValidityPeriod."),
        Field("grace", whole(0, 30 * DAY), "Seconds for which a message past its validity still waits for a receipt."),
        Field(
            "backlog",
            whole(0, 1_000_000_000),
            "Messages that may wait to be sent; past it the API answers ServiceUnavailable. 0 is no limit.",
        ),
    ),
)

CALLBACKS = Section(
    CallbackSettings,
    "How delivery receipts are pushed to accounts' callback addresses.",
    (
        Field("allow_private", flag(), "Allow callback addresses on loopback and private networks."),
        Field(
            "delays",
            many(whole(0, DAY, "a time in whole seconds"), "a list of seconds", empty=True, twice=True),
            "Seconds to wait after each refused push before the next; after the last, the receipts wait until revived.",
        ),
        Field("timeout", SOME_SECONDS, "Seconds that one push may take."),
        Field("batch", whole(1, 1_000), "Most receipts in one push."),
        Field("connections", whole(1, 10_000), "Most pushes at a time, to all endpoints together."),
    ),
)

KEY = Section(
    DeclaredKey,
    "An AccessKey.",
    (
        Field("id", KEY_NAME, "The AccessKey ID."),
        Field("secret", secret(), "The AccessKey secret."),
        Field("token", secret(), "Makes it a temporary (STS) credential: the SecurityToken that must come along.", default="none"),
    ),
)


_POLICIES = f"Policies: the account's own, or {' or '.join(f'`{name}`' for name in policy.SYSTEM_POLICIES)}."


def _check_user(user: DeclaredUser, place: Place) -> None:
    if not user.policies and place.sound("policies"):
        place.doubtful("this user has no policies, so everything is refused; give policies = [...]")


USER = Section(
    DeclaredUser,
    "A RAM user of the account.",
    (
        Field("name", NAME, "The user's name."),
        Field("policies", many(text("a policy's name", 128), "a list of policies' names", empty=True), _POLICIES),
        Field("key", tables(KEY, "account.user.key"), "The user's AccessKeys.", "keys"),
    ),
    _check_user,
)

ACCOUNT = Section(
    DeclaredAccount,
    "An account that may call the API. Accounts, keys and users can also be made at run time.",
    (
        Field("id", NAME, "The account's id."),
        Field("sender", SENDER, "Sender ID for calls that give no From.", default="the carrier's"),
        Field("callback", CALLBACK, "Where delivery receipts are pushed.", default="none"),
        Field(
            "quota",
            by_name("a table such as { SendMessageToGlobe = 100 }", whole(1, 10_000_000), tuple(OPERATIONS)),
            "Calls a second by operation: " + ", ".join(OPERATIONS) + ".",
            default="the documented limits",
        ),
        Field("key", tables(KEY, "account.key"), "The account's own AccessKeys.", "keys"),
        Field("user", tables(USER, "account.user"), "RAM users.", "users"),
        Field(
            "policy",
            by_name("a table of policy documents by name", POLICY),
            "Policies of the account, by name: each a JSON document as text, or the same as a table.",
            "policies",
            default="none",
        ),
    ),
)

ADDRESS = Section(
    Address,
    "Type of number and numbering plan.",
    (
        Field("ton", whole(0, 255), "Type of number (SMPP 3.4 section 5.2.5)."),
        Field("npi", whole(0, 255), "Numbering plan (SMPP 3.4 section 5.2.6)."),
    ),
)
ADDRESS_KIND = table(ADDRESS, "{ ton = 1, npi = 1 }", Address(ton=0, npi=0))


def _check_carrier(carrier: Carrier, place: Place) -> None:
    if place.sound("reconnect_first", "reconnect_most") and carrier.reconnect_first > carrier.reconnect_most:
        place.wrong("reconnect_first is longer than reconnect_most; give the shorter pause first")
    if (carrier.ca or carrier.server_name) and not carrier.tls and place.sound("tls"):
        place.doubtful("ca and server_name do nothing without tls = true")


CARRIER = Section(
    Carrier,
    "A carrier (SMSC) to deliver by, over SMPP 3.4.",
    (
        Field("id", NAME, "The carrier's id, for routes and for the console."),
        Field("host", text("a host name or an address"), "Host name or address."),
        Field("port", whole(1, 65535, "a port"), "TCP port."),
        Field("system_id", latin(15, "a login of at most 15 characters", empty=False), "Login, at most 15 characters."),
        Field("password", secret(8), "Password, at most 8 characters (SMPP 3.4 section 5.2.2)."),
        Field("system_type", latin(12), "System type, where the carrier asks for one."),
        Field("service_type", latin(5), "Service type of submitted messages."),
        Field("bind", choice(Binding), "One transceiver, or a transmitter with a receiver beside it."),
        Field("binds", whole(1, 256), "How many binds to keep."),
        Field("window", whole(1, 10_000), "Most submits of one bind that wait for an answer."),
        Field("pace", number(0, 1_000_000, "a pace"), "Most segments a second over all binds; 0 for no limit."),
        Field("sender", latin(20), "Sender for messages that have none."),
        Field("concatenation", choice(Concatenation), "How the parts of a long text are tied together."),
        Field("gsm", choice(GsmCoding), "How text of the GSM alphabet is put into octets."),
        Field("receipt_ids", choice(ReceiptIds), "How receipts spell a message's id, compared with the answer to its submit."),
        Field("source_alphanumeric", ADDRESS_KIND, "TON and NPI of senders with letters."),
        Field("source_short", ADDRESS_KIND, "TON and NPI of short codes."),
        Field("source_number", ADDRESS_KIND, "TON and NPI of senders that are numbers."),
        Field("destination", ADDRESS_KIND, "TON and NPI of destinations."),
        Field("enquire_link", SOME_SECONDS, "Seconds of silence after which an enquire_link is sent."),
        Field("response_timeout", SOME_SECONDS, "Seconds to wait for an answer to a submit."),
        Field("reconnect_first", SOME_SECONDS, "Seconds to wait before the first reconnect; each further wait is longer."),
        Field("reconnect_most", SOME_SECONDS, "Longest wait between reconnects, in seconds."),
        Field("throttle_pause", SOME_SECONDS, "Seconds to hold back after the carrier says that it is too much."),
        Field("throttle_grace", SECONDS, "Seconds of throttling after which other carriers are tried."),
        Field("unbound_grace", SECONDS, "Seconds without a bind after which other carriers are tried."),
        Field(
            "query",
            flag(),
            "Ask the carrier (query_sm) about what it took and has sent no receipt of. Many carriers do not answer that.",
        ),
        Field(
            "receipt_overdue",
            SOME_SECONDS,
            "Seconds after which a receipt that has not come counts as overdue, and, with `query`, is asked about; the next "
            "question about it waits twice as long, and so on.",
        ),
        Field("tls", flag(), "Connect by TLS."),
        Field("ca", READABLE, "Path of the certificates to trust (PEM).", default="the system's"),
        Field("server_name", text("a host name", empty=True), "Name to expect in the carrier's certificate.", default="the host"),
    ),
    _check_carrier,
)

ROUTE = Section(
    Route,
    "A rule, read from the top: the first whose conditions all match gives the carriers, tried in their order.",
    (
        Field("id", NAME, "The route's id.", default="`route-1`, `route-2` ... by position"),
        Field("carriers", many(text("a carrier's id", 64), "a list of carriers' ids"), "Carriers to try, in order."),
        Field("countries", any_of(COUNTRY, "a list of ISO 3166 codes"), "Destination countries.", default="all"),
        Field("prefixes", many(PREFIX, "a list of digits"), "How the number begins.", default="all"),
        Field("accounts", any_of(NAME, "a list of accounts' ids"), "Accounts.", default="all"),
        Field(
            "types",
            any_of(MESSAGE_TYPE, "a list of OTP, NOTIFY, MKT, GENERAL"),
            "Types of message.",
            default="all",
        ),
        Field("channels", any_of(text(), "a list of texts"), "ChannelIds of calls.", default="all"),
        Field("senders", any_of(text(), "a list of texts"), "Sender IDs.", default="all"),
        Field(
            "on_unknown",
            choice(OnUnknown),
            "What to do with a submit whose answer never came: wait, or send it once more; `by-type` resends OTP messages only.",
        ),
    ),
)

SIMULATOR = Section(
    SimulatorSettings,
    "The carrier in a box, reached over real SMPP: for laptops and tests.",
    (
        Field("enabled", flag(), "Whether to run it.", default="only where no carrier is configured"),
        Field("listen", LISTEN, "Where it listens for SMPP, as host:port; port 0 lets the system choose."),
        Field("seed", whole(0, 2**63 - 1), "Where its chances begin: the same seed gives the same outcomes."),
        Field("latency", span(HOUR), "Seconds from a submit to its answer."),
        Field("receipt_delay", span(DAY), "Seconds from the answer to the receipt."),
        Field("late", SECONDS, "The same for numbers that end in 9007."),
        Field("throughput", number(0, 1_000_000, "a pace"), "Segments a second before it throttles; 0 for no limit."),
        Field("window", whole(0, 10_000), "Unanswered submits of one bind before it throttles; 0 for no limit."),
        Field("errors", statuses(), "Shares (0 to 1) of submits that are refused, by status.", default="none"),
        Field("receipts", receipt_words(), "Weights of the words that receipts carry.", default="`{ DELIVRD = 1 }`"),
        Field("receipt_form", choice(ReceiptForm), "Receipts as text, as optional parameters (tlv), or as both."),
        Field("id_form", choice(IdForm), "How ids are spelt; hex-decimal is hexadecimal in answers and decimal in receipts."),
        Field("magic", flag(), "Whether numbers that end in 9001 to 9012 have outcomes of their own (docs/simulator.md)."),
    ),
)

LOG = Section(
    LogSettings,
    "What is logged. Texts, full numbers and secrets never are.",
    (
        Field("level", choice(LogLevel), "From which weight on."),
        Field("format", choice(LogFormat), "For eyes, or one JSON object a line."),
    ),
)

ROOT_FIELDS = (
    Field("api", table(API, "[api]", Api()), API.help),
    Field("console", table(CONSOLE, "[console]", ConsoleSettings()), CONSOLE.help),
    Field("metrics", table(METRICS, "[metrics]", MetricsSettings()), METRICS.help),
    Field("hold", table(HOLD, "[hold]", HoldSettings()), HOLD.help),
    Field("send", table(SEND, "[send]", SendSettings()), SEND.help),
    Field("callbacks", table(CALLBACKS, "[callbacks]", CallbackSettings()), CALLBACKS.help),
    Field("account", tables(ACCOUNT, "account"), ACCOUNT.help, "accounts"),
    Field("carrier", tables(CARRIER, "carrier"), CARRIER.help, "carriers"),
    Field("route", tables(ROUTE, "route"), ROUTE.help, "routes"),
    Field("simulator", table(SIMULATOR, "[simulator]", SimulatorSettings()), SIMULATOR.help),
    Field("log", table(LOG, "[log]", LogSettings()), LOG.help),
)
