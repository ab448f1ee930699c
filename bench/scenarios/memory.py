"""Resident memory of one gateway that does more and more, each message the whole job: after a hundred thousand, after a million."""

from collections import Counter
from collections.abc import Iterator

import process
from gateway import Gateway
from measure import measure

from scenarios import Bench, Row

MEMORY = "memory"
COUNTS = ("missing", "twice", "receipts_missing", "receipts_twice", "not_accepted")


def memory(bench: Bench) -> Iterator[Row]:
    """Closed loops one after another; a row at each size, with what was counted so far."""
    with bench.place() as folder, bench.sink() as sink, Gateway.started(folder, sink, 1, bench.window) as gateway:
        done, peak, counts = 0, 0.0, Counter[str]()
        for size in sorted(bench.sizes):
            while done < size:
                row = measure([gateway], sink, min(bench.n, size - done), bench.connections)
                done, peak = done + row["n"], max(peak, row["peak_mb"])
                counts.update({name: row[name] for name in COUNTS})
                bench.say(f"{done:,} messages: {row['resident_mb']} MB, at {row['whole_job_per_s']:,.0f} a second")
            resident = round(process.resident(gateway.pids) / 1e6, 1)
            counted = {name: counts[name] for name in COUNTS}
            yield {"scenario": MEMORY, "of": size, "round": 1, "n": done, "resident_mb": resident, "peak_mb": peak, **counted}
