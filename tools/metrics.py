"""Write the table of docs/metrics.md from `globewire.meter.rows`; a test says that it is current.

Run it as `python tools/metrics.py` after a change to those rows. What stands between the markers is replaced, the rest is kept.
"""

import re
from pathlib import Path

from globewire.meter.rows import METRICS, Row

PAGE = Path(__file__).parent.parent / "docs" / "metrics.md"
BLOCK = re.compile(r"(<!-- made by tools/metrics.py -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def document() -> str:
    """The whole page, its table made anew."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{table()}\n\n{found[3]}", PAGE.read_text(encoding="utf-8"))


def table() -> str:
    """A row for each metric."""
    return "\n".join(["| metric | kind | labels | meaning |", "|---|---|---|---|", *map(_row, METRICS)])


def _row(row: Row) -> str:
    labels = ", ".join(f"`{label}`" for label in row.labels)
    return f"| `{row.name}` | {row.kind} | {labels} | {row.help} |"


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
