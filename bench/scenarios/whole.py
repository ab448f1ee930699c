"""The whole job: signed, kept, sent, receipted and pushed, beside Kannel, and the answer's time at half of each one's own rate.

By our own load and sink, and, where the neutral harness is given, by its: those are C programs, so they take less from the cores
that they share with the gateway, which matters most for the faster one. Where there are rows of the harness, they count.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from gateway import Gateway, Sink
from kannel import Kannel, programs
from measure import Target, measure
from neutral import compared

from scenarios import Bench, Row

WHOLE = "whole"


def whole(bench: Bench) -> Iterator[Row]:
    """A closed loop and an open one, of each gateway by turns."""
    names = ("globewire", "kannel") if len(programs()) == 2 else ("globewire",)
    if len(names) == 1:
        bench.say("Kannel is not installed (Debian's package kannel): its columns are left out")
    for number, name in bench.by_turns(*names):
        with bench.place() as folder, bench.sink() as sink, _started(name, folder, sink, bench) as target:
            bench.warm([target], sink)
            mark = {"scenario": WHOLE, "of": name, "round": number, "source": "own"}
            closed = bench.closed([target], sink)
            bench.say(f"{name}, round {number}: {closed['whole_job_per_s']:,.0f} a second")
            yield {**mark, "loop": "closed", **closed}
            rate = max(1.0, min(closed["accepted_per_s"], closed["whole_job_per_s"]) / 2)
            paced = measure([target], sink, max(10, int(rate * bench.seconds)), bench.connections, rate)
            bench.say(f"{name}, round {number}: p99 of {paced['answer_p99']} ms at {rate:,.0f} a second")
            yield {**mark, "loop": "open", **paced}
    if bench.harness:
        turns = bench.by_turns(*names)
        for row in compared(bench.harness, turns, bench.n, bench.seconds, bench.connections, bench.receipt_after, bench.say):
            yield {"scenario": WHOLE, "source": "harness", **row}


def _started(name: str, folder: Path, sink: Sink, bench: Bench) -> AbstractContextManager[Target]:
    if name == "kannel":
        return Kannel.started(folder, sink)
    return Gateway.started(folder, sink, 1, bench.window)
