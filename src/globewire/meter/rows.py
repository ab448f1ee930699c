"""Every metric that a gateway exposes, as a row: name, kind, labels, what it says. docs/metrics.md is made from them.

Counters and histograms count what this process did since it started. Gauges say what is so at the moment of the scrape; those
that are read from the store say the same in every process that shares it: take the maximum over processes, not the sum.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of metrics that Prometheus knows and we use."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Row:
    """One metric. `bounds` are a histogram's upper bounds, in the unit that the name ends in."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    bounds: tuple[float, ...] = ()


QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds in seconds for what happens while somebody waits."""
SLOW = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
"""Bounds in seconds for what happens in its own time."""
SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)

# --- accept ------------------------------------------------------------------------------------------------------------

CALLS = Row(
    "globewire_calls_total",
    Kind.COUNTER,
    ("operation", "code"),
    "Calls of the API that were answered, by operation (empty where none could be read) and by the code in the reply. OK is "
    "accepted; Throttling.User is over the quota; ServiceUnavailable is a store that cannot write, or too much that waits.",
)
CALL_SECONDS = Row(
    "globewire_call_duration_seconds",
    Kind.HISTOGRAM,
    ("operation",),
    "Time from a call that was read whole to its reply, the commit included.",
    QUICK,
)
NUMBERS_REFUSED = Row(
    "globewire_batch_numbers_refused_total",
    Kind.COUNTER,
    ("code",),
    "Numbers that were left out of a batch that was accepted, by the code that each had got by itself.",
)
SEGMENTS = Row("globewire_segments_total", Kind.COUNTER, ("encoding",), "Segments of accepted messages, by encoding.")
CONNECTIONS = Row("globewire_api_connections", Kind.GAUGE, (), "Connections to the API that are open.")

# --- hold --------------------------------------------------------------------------------------------------------------

MESSAGES = Row(
    "globewire_messages_total",
    Kind.COUNTER,
    ("state",),
    "Messages that came into a state, counted by the commit that wrote it. A message counts once for each state it passes.",
)
COMMITS = Row(
    "globewire_commit_requests",
    Kind.HISTOGRAM,
    ("line",),
    "Requests of all stages that one commit of the store served together. SQLite has one line, `all`; PostgreSQL has four.",
    SIZES,
)
COMMIT_SECONDS = Row(
    "globewire_commit_duration_seconds",
    Kind.HISTOGRAM,
    ("line",),
    "Time of one transaction of the store, from its begin until it is flushed.",
    QUICK,
)
COMMITS_FAILED = Row(
    "globewire_commits_failed_total",
    Kind.COUNTER,
    ("line",),
    "Transactions that could not be committed. Those that served several requests are tried again in pieces.",
)

# --- send --------------------------------------------------------------------------------------------------------------

SUBMITS = Row(
    "globewire_submits_total",
    Kind.COUNTER,
    ("carrier", "answer"),
    "Segments that were submitted to a carrier, by its answer: taken, throttled (too fast or too much: it comes again), temporary "
    "(not now), permanent (no), or none, which leaves the message unknown.",
)
SUBMIT_DELAY = Row(
    "globewire_submit_delay_seconds",
    Kind.HISTOGRAM,
    ("carrier",),
    "Time from a message's acceptance until a carrier had taken all of its parts.",
    SLOW,
)

QUERIES = Row(
    "globewire_queries_total",
    Kind.COUNTER,
    ("carrier", "outcome"),
    "Questions to a carrier (query_sm) by what came of them: final (settled as a receipt would be), under_way, throttled, refused, "
    "unsupported (it is asked no more) or unanswered.",
)

# --- settle ------------------------------------------------------------------------------------------------------------

RECEIPTS = Row(
    "globewire_receipts_total",
    Kind.COUNTER,
    ("carrier", "outcome"),
    "Receipts that were settled. delivered, failed and expired ended a part; interim ended nothing yet; late came after the end; "
    "orphaned matched no part for about a quarter of an hour.",
)
RECEIPT_DELAY = Row(
    "globewire_receipt_delay_seconds",
    Kind.HISTOGRAM,
    ("carrier",),
    "Time from a carrier's yes to a part until the receipt that ended it was heard.",
    SLOW,
)

# --- tell --------------------------------------------------------------------------------------------------------------

PUSHES = Row(
    "globewire_callback_pushes_total",
    Kind.COUNTER,
    ("outcome",),
    "Pushes to customers' endpoints: acknowledged, again (refused, to be tried later) or buried (refused for the last time).",
)
REPORTS = Row("globewire_callback_reports_total", Kind.COUNTER, ("outcome",), "Delivery reports in those pushes.")
PUSH_SECONDS = Row(
    "globewire_callback_duration_seconds", Kind.HISTOGRAM, ("outcome",), "Time of one push, from its begin to its answer.", QUICK
)

# --- what is read at the scrape ----------------------------------------------------------------------------------------

OPEN = Row(
    "globewire_messages_open",
    Kind.GAUGE,
    ("state",),
    "Messages in the store that have not come to their end, by state. What has ended is not counted: it is in "
    "globewire_messages_total.",
)
WAITING = Row(
    "globewire_lane_jobs",
    Kind.GAUGE,
    ("lane", "of"),
    "Jobs in a lane, those in hand included: send has messages by carrier, settle receipts (those that wait for their part too), "
    "tell and dead reports by account, while it has any. dead ones were given up and wait for `globewire callback replay`.",
)
OLDEST = Row(
    "globewire_lane_oldest_seconds",
    Kind.GAUGE,
    ("lane", "of"),
    "Age of the oldest job in a lane: since its message was accepted (send), its receipt was heard (settle), or its message came "
    "to its end (tell, dead).",
)
BOUND = Row("globewire_carrier_bound", Kind.GAUGE, ("carrier",), "Binds of a carrier that stand, as last said.")
BINDS = Row("globewire_carrier_binds", Kind.GAUGE, ("carrier",), "Binds of a carrier that there should be.")
OVERDUE = Row(
    "globewire_carrier_receipts_overdue",
    Kind.GAUGE,
    ("carrier",),
    "Parts that a carrier took and has sent no receipt of within its receipt_overdue, as last said.",
)
STAGE = Row(
    "globewire_stage_running", Kind.GAUGE, ("stage",), "1 for each stage that this process runs, 0 once it stops or failed."
)
SCRAPE_ERRORS = Row(
    "globewire_scrape_errors",
    Kind.GAUGE,
    ("what",),
    "1 where this scrape could not read something of the store in time, so that its metrics are missing: work "
    "(globewire_messages_open and globewire_lane_*) or carriers (globewire_carrier_*).",
)
BUILD = Row("globewire_build_info", Kind.GAUGE, ("version",), "1, with the version that runs.")

METRICS: tuple[Row, ...] = tuple(row for row in list(globals().values()) if isinstance(row, Row))
"""All of them, in the order above."""
