"""The plots of the rate: against connections, binds, messages held and processes, from the rows of `scenarios.sweeps`."""

from charts import chart
from figures import Rows, middle, pick

PLOTS = {
    "connections": "HTTP connections",
    "binds": "binds to one carrier",
    "held": "messages held in SQLite",
    "processes": "processes on one PostgreSQL server, on the same cores",
}
LINES = {"accepted": "accepted_per_s", "the whole job": "whole_job_per_s"}


def plots(rows: Rows) -> str:
    """A chart for each thing that was varied."""
    return "\n\n".join(filter(None, [_plot(rows, of, across) for of, across in PLOTS.items()])) or "Not measured."


def _plot(rows: Rows, of: str, across: str) -> str:
    some = pick(rows, "sweeps", of)
    places = sorted({int(row["x"]) for row in some})
    if not places:
        return ""
    at = {place: [row for row in some if row["x"] == place] for place in places}
    lines = {name: [middle(at[place], key) or 0.0 for place in places] for name, key in LINES.items()}
    return chart(f"Messages a second by {across}", across, [f"{place:,}" for place in places], "messages a second", lines)
