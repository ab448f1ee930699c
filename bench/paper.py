"""On paper: what so many messages a second need, from what one message was measured to cost. The formulas stand in the table.

It is arithmetic, and no measurement: it takes for granted that a message costs what it cost when a gateway was kept full, with one
segment and one receipt, and that processes and shards do not get in each other's way.
"""

from dataclasses import dataclass
from math import ceil
from statistics import median

from figures import Rows, number, pick, told

RATES = (10_000, 100_000)
BUSY = 0.7
"""The share of a core that is planned with; the rest is for peaks."""
PACE = 100
"""Segments a second that carriers usually take by one bind."""
PRIMARY = 16
"""Cores of one database server; accounts are shared out over as many servers as that takes."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What one message costs on PostgreSQL: CPU seconds for 1,000 of the gateway and of the server, commits, bytes of the server's
    log; and how long the disk takes to flush, in ms."""

    gateway: float
    server: float
    commits: float
    logged: float
    flush: float


def costs(rows: Rows, flush: float | None) -> Costs | None:
    """The medians of one process on PostgreSQL; None where that was not measured."""
    some = pick(rows, "engines", "postgres-1")
    if not some or flush is None:
        return None
    names = ("cpu_s_per_1000", "server_cpu_s_per_1000", "commits_per_message", "server_logged_per_message")
    gateway, server, commits, logged = (median(row[name] for row in some) for name in names)
    return Costs(gateway, server, commits, logged, flush)


def needs(cost: Costs, rate: int) -> dict[str, float]:
    """What a rate needs, by the name of each thing."""
    cores, base = rate * cost.gateway / 1000 / BUSY, rate * cost.server / 1000 / BUSY
    return {
        "cores": cores, "processes": ceil(cores), "database": base, "primaries": ceil(base / PRIMARY),
        "commits": rate * cost.commits, "flushing": rate * cost.commits * cost.flush / 1000,
        "log": rate * cost.logged / 1e6, "binds": ceil(rate / PACE),
    }  # fmt: skip


LINES = (
    ("cores", "cores of the gateway", f"R × CPU s for 1,000 ÷ 1,000 ÷ {BUSY}"),
    ("processes", "processes, one for each core", "those, rounded up"),
    ("database", "cores of PostgreSQL", f"R × the server's CPU s for 1,000 ÷ 1,000 ÷ {BUSY}"),
    ("primaries", f"PostgreSQL servers of {PRIMARY} cores, accounts shared out", f"those ÷ {PRIMARY}, rounded up"),
    ("commits", "commits a second, at most as many flushes", "R × commits for a message"),
    ("flushing", "disks that do nothing but flush, where no flush serves two commits", "those × seconds of a flush"),
    ("log", "MB a second to the database's log", "R × bytes of log for a message ÷ 1,000,000"),
    ("binds", f"binds, at {PACE} segments a second each", f"R ÷ {PACE}, rounded up"),
)


def table(rows: Rows, flush: float | None) -> str:
    """The costs and what each rate needs, in Markdown."""
    cost = costs(rows, flush)
    if cost is None:
        return "Not measured."
    said = (
        f"Measured on PostgreSQL, one process kept full: for 1,000 messages {number(cost.gateway)} CPU seconds of the gateway and "
        f"{number(cost.server)} of the server; for one message {number(cost.commits)} commits and {number(cost.logged)} bytes of "
        f"the server's log; a flush takes {number(cost.flush)} ms (p50). R is messages a second."
    )
    columns = [needs(cost, rate) for rate in RATES]
    lines = ["| needed | formula | " + " | ".join(f"{rate:,} a second" for rate in RATES) + " |", "|---|---|" + "---|" * len(RATES)]
    for key, name, formula in LINES:
        lines.append(f"| {name} | {formula} | " + " | ".join(number(column[key]) for column in columns) + " |")
    return "\n\n".join([said, "\n".join(lines), _alone(rows)])


def _alone(rows: Rows) -> str:
    """How far one process on SQLite goes, in a sentence."""
    some = pick(rows, "engines", "sqlite")
    seen = [told(some, name) for name in ("whole_job_per_s", "cpu_s_per_1000", "commits_per_message", "written_per_message")]
    words = "One process on SQLite did {} a second: {} CPU seconds for 1,000, {} commits and {} bytes written a message."
    return words.format(*seen)
