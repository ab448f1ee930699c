"""Side by side with Kannel, and with itself under all that makes a gateway slow: measured, judged, and written into the page.

  measure   runs scenarios and keeps their rows as JSON; prints the report; exit code 1 where a message is missing or came twice
  report    the report of rows that were kept, several files together: the later file's scenarios take the earlier's place
  budget    what each piece of a message cost before and after, of two files of bench/parts.py --json

With --page, report and budget replace what stands between their markers in docs/benchmarks.md. All traffic is loopback; every
measurement is bounded in count and time, and what was started is ended, by pid.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import budget
import figures
import paper
from machine import flush_times, machine
from plots import plots
from process import end_when_told
from scenarios import Bench, Row
from scenarios.away import away
from scenarios.batch import batch
from scenarios.engines import engines
from scenarios.held import held
from scenarios.many import many
from scenarios.memory import memory
from scenarios.sweeps import sweeps
from scenarios.whole import whole

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
BLOCK = re.compile(r"(<!-- made by bench/compare: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

SCENARIOS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "whole": whole, "held": held, "many": many, "batch": batch,
    "engines": engines, "memory": memory, "away": away, "sweeps": sweeps,
}  # fmt: skip
Results = dict[str, Any]


def main() -> None:
    """Do as the arguments say."""
    asked = _arguments()
    end_when_told()
    match asked.what:
        case "measure":
            results = measured(asked)
            print("\n\n".join(f"**{name}**\n\n{text}" for name, text in blocks(results).items()))
            sys.exit(bool(figures.incomplete(results["rows"])))
        case "report":
            made = blocks(together([json.loads(file.read_text()) for file in asked.results]))
        case _:
            made = {"budget": budget.table(*[json.loads(file.read_text()) for file in (asked.before, asked.after)])}
    if asked.page:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    else:
        print("\n\n".join(made.values()))


def measured(asked: argparse.Namespace) -> Results:
    """Run the scenarios; the rows are kept in the file as they come, so that a run that is broken off has them."""
    folder = Path(tempfile.mkdtemp(prefix="globewire-compare-", dir=asked.dir))
    bench = Bench(folder=folder, **{name: value for name, value in vars(asked).items() if name in SIZES})
    facts = {"machine": machine(folder), "flush_ms": flush_times(folder)}
    sizes = {name: vars(asked)[name] for name in SIZES if name != "harness"}
    results: Results = {**facts, "asked": sizes, "took_s": {}, "rows": []}
    asked.json.parent.mkdir(exist_ok=True)
    try:
        for name in asked.only:
            began = time.monotonic()
            for row in SCENARIOS[name](bench):
                results["rows"].append(row)
                results["took_s"][name] = round(time.monotonic() - began)
                asked.json.write_text(json.dumps(results, indent=1) + "\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return results


def together(several: Sequence[Results]) -> Results:
    """The last file's machine, and of each scenario the rows of the last file that has it."""
    rows: dict[str, list[Row]] = {}
    for results in several:
        rows |= {name: figures.pick(results["rows"], name) for name in dict.fromkeys(row["scenario"] for row in results["rows"])}
    return {**several[-1], "rows": [row for some in rows.values() for row in some]}


def blocks(results: Results) -> dict[str, str]:
    """What is made of results, by the name of its place in the page."""
    rows, flush = results["rows"], results["flush_ms"]
    return {
        "machine": environment(results["machine"], flush),
        "table": figures.table(rows),
        "beside": figures.beside(rows),
        "completeness": figures.completeness(rows),
        "plots": plots(rows),
        "paper": paper.table(rows, flush[0]),
    }


def environment(facts: Mapping[str, Any], flush: Sequence[float | None]) -> str:
    """What the figures depend on, in a sentence."""
    return (
        f"{facts['cores']} cores of {facts['processor']}, Linux {facts['kernel']}, Python {facts['python']}; the store on "
        f"{facts['file_system']}, where a flush of 4 KiB takes {flush[0]} ms (p50) and {flush[2]} ms (p99); load average before: "
        f"{facts['load_before']}; {facts['at']}."
    )


def page(text: str, made: Mapping[str, str]) -> str:
    """The page with what was made between its markers; markers of others stay as they are."""

    def fill(found: re.Match[str]) -> str:
        return f"{found[1]}\n{made[found[2]]}\n\n{found[4]}" if found[2] in made else found[0]

    return BLOCK.sub(fill, text)


SIZES = {
    "rounds": (3, "rounds of each measurement (3)"),
    "n": (60_000, "messages in each closed loop (60,000)"),
    "seconds": (15.0, "length of each open loop (15)"),
    "connections": (32, "HTTP connections (32)"),
    "window": (100, "unanswered submits of one bind (100)"),
    "receipt_after": (1_000, "ms from a submit to its receipt (1,000)"),
    "held": (1_000_000, "messages in the store that is not empty (1,000,000)"),
    "accounts": (10_000, "accounts where there are many (10,000)"),
    "carriers": (50, "carriers where there are many (50)"),
    "calls": (100, "batches of 1,000 numbers (100)"),
    "sizes": ("100000,1000000", "after how many messages memory is read (100000,1000000)"),
    "backlog": (200_000, "messages that wait for the carrier (200,000)"),
    "pace": (0, "segments a second that it then takes (half of what this gateway does)"),
    "harness": ("", "the neutral harness' folder: its load and SMSC then count for the whole job"),
}
"""What can be chosen of a `Bench`, with the default and what it means."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(dest="what", required=True)
    measure = what.add_parser("measure", help="run scenarios")
    measure.add_argument("--only", type=_names, default=tuple(SCENARIOS), help=f"of: {','.join(SCENARIOS)}")
    kinds: dict[str, Callable[[str], object]] = {"sizes": _sizes, "harness": _folder}
    for name, (default, meaning) in SIZES.items():
        kind = kinds.get(name, type(default))
        measure.add_argument(f"--{name.replace('_', '-')}", type=kind, default=default, help=meaning)
    measure.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()), help="where stores lie: its disk counts")
    measure.add_argument("--json", type=Path, default=ROOT / "var" / "compare.json", help="where the rows go (var/compare.json)")
    report = what.add_parser("report", help="print what was kept, or put it into the page")
    report.add_argument("results", type=Path, nargs="+")
    both = what.add_parser("budget", help="two budgets side by side")
    both.add_argument("before", type=Path)
    both.add_argument("after", type=Path)
    for each in (report, both):
        each.add_argument("--page", action="store_true", help="put it into docs/benchmarks.md")
    return parser.parse_args()


def _names(words: str) -> tuple[str, ...]:
    if unknown := set(words.split(",")) - set(SCENARIOS):
        raise argparse.ArgumentTypeError(f"no such scenario: {', '.join(sorted(unknown))}")
    return tuple(words.split(","))


def _sizes(words: str) -> tuple[int, ...]:
    return tuple(int(word) for word in words.split(","))


def _folder(words: str) -> Path | None:
    return Path(words).resolve() if words else None


if __name__ == "__main__":
    main()
