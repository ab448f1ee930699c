"""A store with many messages in it against an empty one: the same closed loop on both by turns, each by a gateway that was
just started."""

import time
from collections.abc import Iterator
from pathlib import Path

from filling import fill
from gateway import Gateway

from scenarios import Bench, Row

HELD = "held"


def held(bench: Bench) -> Iterator[Row]:
    """Fill once, then measure by turns; the full store keeps what each round adds."""
    with bench.place() as full:
        fill(full / "globewire.db", bench.held, time.time_ns() // 1_000_000, bench.say)
        for number, of in bench.by_turns("empty", "held"):
            with bench.place() as empty:
                row = once(bench, full if of == "held" else empty)
            bench.say(f"{of} store, round {number}: {row['whole_job_per_s']:,.0f} a second")
            yield {"scenario": HELD, "of": of, "round": number, "held": bench.held if of == "held" else 0, **row}


def once(bench: Bench, folder: Path) -> Row:
    """One closed loop on the store in a folder."""
    with bench.sink() as sink, Gateway.started(folder, sink, 1, bench.window) as gateway:
        bench.warm([gateway], sink)
        return bench.closed([gateway], sink)
