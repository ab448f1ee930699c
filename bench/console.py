"""The console beside many messages: how long its pages take, and what an open one costs the API.

With `--held` it first fills the store, and asks for pages over HTTP, each several times about something else. Then come closed-loop
rounds by turns without and with somebody who looks at the inbox: a process of its own that does what a page does, holding the
stream of events and fetching the page anew at each; a browser would draw it on a machine of its own. Loopback only; it ends what
it started, by pid.
"""

import argparse
import re
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from gateway import Gateway, Sink
from load import percentiles
from looking import fill_file, submission
from measure import measure
from process import end_when_told, running

PAGES = ("/console/", "/console/messages", "/console/carriers/sink")
WARM_UP = 2000
DAYS = 30.0


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=15_000, help="messages in each round (15,000)")
    parser.add_argument("--rounds", type=int, default=4, help="rounds of each kind (4)")
    parser.add_argument("--viewers", type=int, default=1, help="pages that are open (1)")
    parser.add_argument("--held", type=int, default=0, help="messages held before, spread over 30 days (none)")
    parser.add_argument("--look", type=int, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("--page", default=PAGES[0], help=f"the page, such as {', '.join(PAGES)}")
    asked = parser.parse_args()
    if asked.look:
        look(asked.look, asked.page)
    end_when_told()
    now = time.time_ns() // 1_000_000
    with (
        tempfile.TemporaryDirectory(prefix="globewire-bench-") as folder,
        Sink.started(1000) as sink,
        filled(Path(folder), asked.held, now),
        Gateway.started(Path(folder), sink, 1, 100) as gateway,
    ):
        if asked.held:
            time_pages(gateway, asked.held, now)
        measure([gateway], sink, WARM_UP, 32)
        pairs = [pair(gateway, sink, asked, watched_first=bool(number % 2)) for number in range(asked.rounds)]
    for name in ("accepted_per_s", "whole_job_per_s", "answer_p99"):
        ratios = [seen[name] / alone[name] for alone, seen in pairs]
        rows = ", ".join(f"{alone[name]:,.1f} and {seen[name]:,.1f}" for alone, seen in pairs)
        print(f"{name}: without and with: {rows}; ratio, median of {len(pairs)}: {median(ratios):.3f}")


@contextmanager
def filled(folder: Path, count: int, now: int) -> Iterator[None]:
    """Fill the store of the gateway that is to run in `folder`."""
    if count:
        fill_file(folder / "globewire.db", count, DAYS, now)
    yield


def time_pages(gateway: Gateway, count: int, now: int) -> None:
    """Ask for each kind of page several times; print how long it took until all of it was there."""
    some = [submission(n, now).message for n in range(count // 20 + 1, count, count // 10)]
    first = fetch(gateway.port, "/console/messages")
    ids = re.findall(r'href="/console/messages/(\d{18})"', first)
    kinds = {
        "the newest messages": ["/console/messages"] * len(some),
        "older ones": [f"/console/messages?{urlencode({'before': ids[-1]})}"] * len(some),
        "a number": [f"/console/messages?number={m.to}" for m in some],
        "a number's last four digits": [f"/console/messages?number={m.to[-4:]}" for m in some],
        "a TaskId": [f"/console/messages?task={m.task_id or m.id}" for m in some],
        "not delivered, last week": ["/console/messages?state=lost&span=7d"] * len(some),
        "a carrier that nothing went by": ["/console/messages?carrier=none"] * len(some),
        "a text that one has": [f"/console/messages?{urlencode({'text': m.text[13:21]})}" for m in some],
        "one message": [f"/console/messages/{id}" for id in ids[: len(some)]],
        "the inbox, one phone": [f"/console/inbox/{m.to}" for m in some],
    }
    print(f"{'':34}{'p50 ms':>8}{'p95 ms':>8}")
    for kind, paths in kinds.items():
        took = []
        for path in paths * 3:
            began = time.perf_counter()
            fetch(gateway.port, path)
            took.append((time.perf_counter() - began) * 1000)
        p50, p95 = percentiles(sorted(took), 50, 95)
        print(f"{kind:34}{p50:8.1f}{p95:8.1f}")


def fetch(port: int, path: str) -> str:
    """A page, whole."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return str(answer.read().decode())


def closed(gateway: Gateway, sink: Sink, n: int) -> dict[str, float]:
    """One round."""
    return measure([gateway], sink, n, 32)


def pair(
    gateway: Gateway, sink: Sink, asked: argparse.Namespace, *, watched_first: bool
) -> tuple[dict[str, float], dict[str, float]]:
    """A round without and one with, each first by turns: a gateway that has run for longer is faster."""
    if watched_first:
        seen = watched(gateway, sink, asked)
        return closed(gateway, sink, asked.n), seen
    return closed(gateway, sink, asked.n), watched(gateway, sink, asked)


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
                fetch(port, page)


if __name__ == "__main__":
    main()
