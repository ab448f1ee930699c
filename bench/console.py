"""What an open console costs the API: closed-loop rounds by turns without and with somebody who looks at the inbox.

The viewer is a process of its own that does what a page does: it holds the stream of events and fetches the page anew at each.
A browser would draw it on a machine of its own. Loopback only; it ends what it started, by pid.
"""

import argparse
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from gateway import Gateway, Sink
from measure import measure
from process import end_when_told, running

PAGES = ("/console/", "/console/messages", "/console/carriers/sink")
WARM_UP = 2000


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=15_000, help="messages in each round (15,000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each kind (3)")
    parser.add_argument("--viewers", type=int, default=1, help="pages that are open (1)")
    parser.add_argument("--look", type=int, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("--page", default=PAGES[0], help=f"the page, such as {', '.join(PAGES)}")
    asked = parser.parse_args()
    if asked.look:
        look(asked.look, asked.page)
    end_when_told()
    with (
        tempfile.TemporaryDirectory(prefix="globewire-bench-") as folder,
        Sink.started(1000) as sink,
        Gateway.started(Path(folder), sink, 1, 100) as gateway,
    ):
        measure([gateway], sink, WARM_UP, 32)
        pairs = [(closed(gateway, sink, asked.n), watched(gateway, sink, asked)) for _ in range(asked.rounds)]
    for name in ("accepted_per_s", "whole_job_per_s", "answer_p99"):
        ratios = [seen[name] / alone[name] for alone, seen in pairs]
        rows = ", ".join(f"{alone[name]:,.1f} and {seen[name]:,.1f}" for alone, seen in pairs)
        print(f"{name}: without and with: {rows}; ratio, median of {len(pairs)}: {median(ratios):.3f}")


def closed(gateway: Gateway, sink: Sink, n: int) -> dict[str, float]:
    """One round."""
    return measure([gateway], sink, n, 32)


def watched(gateway: Gateway, sink: Sink, asked: argparse.Namespace) -> dict[str, float]:
    """One round while pages are open."""
    with viewers(gateway.port, asked.page, asked.viewers):
        time.sleep(1.0)
        return closed(gateway, sink, asked.n)


@contextmanager
def viewers(port: int, page: str, count: int) -> Iterator[None]:
    """So many pages, open."""
    if not count:
        yield
        return
    with running([sys.executable, __file__, "--look", str(port), "--page", page]), viewers(port, page, count - 1):
        yield


def look(port: int, page: str) -> None:
    """Hold the stream, and fetch the page whenever it says so, until ended."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/console/events", timeout=60) as stream:
        for line in stream:
            if line.startswith(b"event: changed"):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=60) as answer:
                    answer.read()


if __name__ == "__main__":
    main()
