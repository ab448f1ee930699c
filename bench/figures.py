"""The table of what is to be reached, drawn from the rows of scenarios: a figure, its bar, what is beyond it, what was measured.

Nothing here measures, and nothing is made up: a figure without rows is "not measured".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Row = Mapping[str, Any]
Rows = Sequence[Row]

FLAT = 1.1
"""The most by which memory that is called flat may grow: what the issue allows between 100,000 messages and 1,000,000."""
AT_PACE = 0.95
"""The least share of a carrier's pace that is called at the pace."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured: the value that is held against the bar, None where nothing compares, and how it is told."""

    value: float | None
    told: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table. `more`: the bar is the least, else it is the most. `told` says the bar, {} its number; there may be
    nothing beyond."""

    name: str
    told: str
    bar: float
    beyond: float | None
    more: bool
    read: Callable[[Rows], Reading | None]

    def verdict(self, value: float | None) -> str:
        """How the value stands to the bar."""
        if value is None:
            return ""

        def reached(mark: float) -> bool:
            return value >= mark if self.more else value <= mark

        if self.beyond is not None and reached(self.beyond):
            return "beyond"
        return "pass" if reached(self.bar) else "**fail**"


# --- the rows that a figure is of ---------------------------------------------------------------------------------------


def pick(rows: Rows, scenario: str, of: str | int | None = None, **labels: object) -> list[Row]:
    """The rows of a scenario with these labels."""
    wanted = {"scenario": scenario, **({} if of is None else {"of": of}), **labels}
    return [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]


def whole_job(rows: Rows, of: str, loop: str = "closed") -> list[Row]:
    """Loops of a gateway: by the neutral harness where there are any, else by our own load."""
    return pick(rows, "whole", of, loop=loop, source="harness") or pick(rows, "whole", of, loop=loop, source="own")


def middle(rows: Rows, name: str) -> float | None:
    """The median over the rows; None where there are none."""
    values = [row[name] for row in rows if row.get(name) is not None]
    return median(values) if values else None


def spread(values: Sequence[float]) -> str:
    """Median (least–most); one value by itself; a dash for none."""
    if not values:
        return "-"
    if len(values) == 1:
        return number(values[0])
    return f"{number(median(values))} ({number(min(values))}–{number(max(values))})"


def told(rows: Rows, name: str) -> str:
    """A value over the rows, as `spread`."""
    return spread([row[name] for row in rows if row.get(name) is not None])


def number(value: float) -> str:
    """Three digits that count, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 99.95 or value == int(value) else f"{value:#.3g}"


def against(ours: Rows, theirs: Rows, name: str) -> Reading | None:
    """The ratio of the medians."""
    one, other = middle(ours, name), middle(theirs, name)
    if one is None or not other:
        return None
    return Reading(one / other, f"{told(ours, name)} against {told(theirs, name)}")


def by_rounds(ours: Rows, theirs: Rows, name: str) -> Reading | None:
    """The median of the ratios within each round, for what was measured by turns."""
    others = {row["round"]: row[name] for row in theirs}
    ratios = [row[name] / others[row["round"]] for row in ours if others.get(row["round"])]
    if not ratios:
        return None
    return Reading(median(ratios), f"{told(ours, name)} against {told(theirs, name)}; ratios {spread(ratios)}")


# --- the table's lines --------------------------------------------------------------------------------------------------


def _rate(rows: Rows) -> Reading | None:
    return _beside_kannel(rows, "whole_job_per_s")


def _cpu(rows: Rows) -> Reading | None:
    return _beside_kannel(rows, "cpu_s_per_1000")


def _beside_kannel(rows: Rows, name: str) -> Reading | None:
    ours, theirs = whole_job(rows, "globewire"), whole_job(rows, "kannel")
    if ours and not theirs:
        return Reading(None, f"{told(ours, name)}, no Kannel beside it")
    return against(ours, theirs, name)


def _answer(rows: Rows) -> Reading | None:
    ours, theirs = (whole_job(rows, of, "open") for of in ("globewire", "kannel"))
    value = middle(ours, "answer_p99")
    if value is None:
        return None
    beside = f"; Kannel {told(theirs, 'answer_p99')} at {told(theirs, 'rate')}/s" if theirs else ""
    own = pick(rows, "whole", "globewire", loop="open", source="own")
    if own:
        also = f"; by our own load {told(own, 'answer_p99')} at {told(own, 'rate')}/s" if own != ours else ""
        beside += f"{also}, that load itself late by {spread([row['late_ms'][1] for row in own])} ms"
    taken = f", the host taking {told(ours, 'stolen_share')} of the processors" if "stolen_share" in ours[0] else ""
    return Reading(value, f"{told(ours, 'answer_p99')} ms at {told(ours, 'rate')}/s{taken}{beside}")


def _held(rows: Rows) -> Reading | None:
    return by_rounds(pick(rows, "held", "held"), pick(rows, "held", "empty"), "whole_job_per_s")


def _many(rows: Rows) -> Reading | None:
    many, one, late = pick(rows, "many", "many"), pick(rows, "many", "one"), "push_after_submit_p95"
    reading = by_rounds(many, one, "whole_job_per_s")
    if reading is None or middle(many, late) is None:
        return reading
    reports = f"submit to pushed report, p95, {told(many, late)} against {told(one, late)} ms"
    return Reading(reading.value, f"{reading.told}; {reports}")


def _batch(rows: Rows) -> Reading | None:
    some = pick(rows, "batch", "batch")
    value = middle(some, "kept_per_s")
    return None if value is None else Reading(value, f"{told(some, 'kept_per_s')} a second")


def _postgres(rows: Rows) -> Reading | None:
    return by_rounds(pick(rows, "engines", "postgres-1"), pick(rows, "engines", "sqlite"), "whole_job_per_s")


def _two(rows: Rows) -> Reading | None:
    return by_rounds(pick(rows, "engines", "postgres-2"), pick(rows, "engines", "postgres-1"), "whole_job_per_s")


def _memory(rows: Rows) -> Reading | None:
    some = sorted(pick(rows, "memory"), key=lambda row: row["n"])
    if not some:
        return None
    return Reading(some[0]["resident_mb"], f"{some[0]['resident_mb']:,} MB after {some[0]['n']:,}, {some[0]['peak_mb']:,} at most")


def _growth(rows: Rows) -> Reading | None:
    some = sorted(pick(rows, "memory"), key=lambda row: row["n"])
    if len(some) < 2:
        return None
    return Reading(some[-1]["resident_mb"] / some[0]["resident_mb"], f"{some[-1]['resident_mb']:,} MB after {some[-1]['n']:,}")


def _waiting(rows: Rows) -> Reading | None:
    some = pick(rows, "away")
    if not some:
        return None
    building = some[0]["building"]
    (few, before), (many, after) = building[len(building) // 4], building[-1]
    words = f"{before:,} MB with {few:,} waiting, {after:,} with {many:,}; {max(some[0]['draining']):,} in the drain"
    return Reading(after / before, words)


def _drain(rows: Rows) -> Reading | None:
    some = pick(rows, "away")
    if not some:
        return None
    shares = [row["drained_per_s"] / row["pace"] for row in some]
    return Reading(median(shares), f"{told(some, 'drained_per_s')} a second at a pace of {told(some, 'pace')}")


FIGURES = (
    Figure("whole job, messages receipted a second, one bind, SQLite `synchronous=FULL`", "{} of Kannel's", 0.6, 1.0, True, _rate),
    Figure("CPU seconds for 1,000, whole job", "{} times Kannel's", 1.5, 1.0, False, _cpu),
    Figure("p99 of the HTTP answer at half of its own rate", "{} ms", 15.0, 8.0, False, _answer),
    Figure("rate with many messages held, against an empty store", "{}", 0.85, 0.95, True, _held),
    Figure("rate with many accounts and carriers, against one of each", "{}", 0.9, 1.0, True, _many),
    Figure("Batch of 1,000 numbers a call: messages accepted a second, kept", "{}", 15_000.0, 25_000.0, True, _batch),
    Figure("PostgreSQL, one process, against SQLite", "{}", 0.7, 0.9, True, _postgres),
    Figure("PostgreSQL, two processes against one, on the same cores", "{}", 1.0, 1.4, True, _two),
    Figure("resident memory after the first messages", "{} MB", 200.0, 120.0, False, _memory),
    Figure("resident memory after the last messages, against that", "{} times", 1.1, None, False, _growth),
    Figure("memory while a backlog builds, the carrier away", "{} times from a quarter of it to all", FLAT, None, False, _waiting),
    Figure("that backlog's drain, against the carrier's pace", "{}", AT_PACE, None, True, _drain),
)


def table(rows: Rows) -> str:
    """The table of all figures, in Markdown."""
    lines = ["| figure | bar | beyond | measured, median (least–most) | held against the bar | |", "|---|---|---|---|---|---|"]
    for figure in FIGURES:
        reading = figure.read(rows)
        bar, beyond = figure.told.format(f"{figure.bar:,g}"), "" if figure.beyond is None else f"{figure.beyond:,g}"
        seen = ("not measured", "", "")
        if reading:
            seen = (reading.told, "" if reading.value is None else number(reading.value), figure.verdict(reading.value))
        lines.append("| " + " | ".join((figure.name, bar, beyond, *seen)) + " |")
    return "\n".join(lines)


# --- beside the table ---------------------------------------------------------------------------------------------------

BESIDE = (
    ("accepted, a second", "accepted_per_s"),
    ("receipted and called back, a second", "whole_job_per_s"),
    ("CPU seconds for 1,000", "cpu_s_per_1000"),
    ("peak memory, MB", "peak_mb"),
    ("closed loop, request to answer, p99 ms", "answer_p99"),
    ("missing", "missing"),
    ("twice", "twice"),
    ("taken by the host for others, of all processors' time", "stolen_share"),
    ("busy, of one core: load", "load_share"),
    ("busy, of one core: sink", "sink_share"),
)


def beside(rows: Rows) -> str:
    """The whole job's figures, each gateway's by each load and sink."""
    heads = [
        (f"{name}, {words}", some)
        for source, words in (("harness", "the neutral harness"), ("own", "our load and sink"))
        for of, name in (("globewire", "Globewire"), ("kannel", "Kannel"))
        if (some := pick(rows, "whole", of, loop="closed", source=source))
    ]
    if not heads:
        return "Not measured."
    lines = ["| | " + " | ".join(head for head, _ in heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for name, key in BESIDE:
        lines.append(f"| {name} | " + " | ".join(told(some, key) for _, some in heads) + " |")
    return "\n".join(lines)


LOST = ("missing", "twice", "receipts_missing", "receipts_twice")
"""What must be 0 in each row of ours: messages that never came or came twice, and their receipts."""


def incomplete(rows: Rows) -> list[Row]:
    """The rows of ours in which something is missing or came twice."""
    return [row for row in rows if row.get("of") != "kannel" and any(row.get(name) for name in LOST)]


def completeness(rows: Rows) -> str:
    """Of each scenario, how many messages there were and what became of them, all rounds together."""
    lines = ["| scenario | messages | not accepted | missing | twice | receipts missing | twice |", "|---|---|---|---|---|---|---|"]
    for scenario in dict.fromkeys(row["scenario"] for row in rows):
        some = [row for row in pick(rows, scenario) if row["of"] != "kannel"]
        if scenario == "memory":
            some = [max(some, key=lambda row: int(row["n"]))]  # its rows count on
        sums = [sum(row.get(name) or 0 for row in some) for name in ("n", "not_accepted", *LOST)]
        lines.append(f"| {scenario} | " + " | ".join(f"{total:,}" for total in sums) + " |")
    return "\n".join(lines)
