"""Batches: BatchSendMessageToGlobe with 1,000 numbers a call, signed, over HTTP, kept on disk; how many messages a second that is.

The carrier is away meanwhile, so that only acceptance counts. Then it comes back, and every message that was accepted must be
submitted to it, once. It prints one JSON object; the exit code is 1 where a message is missing or came twice.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import process
import traffic
import uvloop
from gateway import Gateway, Sink
from load import ACCEPTED, Load, percentiles
from machine import machine

_STILL = 30.0
"""Seconds without any progress after which what is still missing is missing."""


def main() -> None:
    """Measure as the arguments say."""
    asked = _arguments()
    process.end_when_told()
    with tempfile.TemporaryDirectory(prefix="globewire-bench-", dir=asked.dir) as folder:
        results = {"machine": machine(asked.dir), **_measure(Path(folder) / "gateway", asked)}
    print(json.dumps(results, indent=2))
    sys.exit(bool(results["missing"] or results["twice"]))


def _measure(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    with Sink.started(0) as sink, Gateway.started(folder, sink, 1, 100, backlog=0) as gateway:
        sink.ask("/set?delay=-1")  # no receipts: they are no part of this
        uvloop.run(_load(gateway, sink.take(asked.warm * asked.each), asked.warm, asked))
        _drain(sink, sink.ask("/stats")["submits"], asked.warm * asked.each)
        sink.ask("/set?away=1")
        while sink.ask("/stats")["bound"]:
            time.sleep(0.05)
        n, before = asked.calls * asked.each, sink.ask("/stats")["submits"]
        first, cpu, disk, peak = sink.take(n), _cpu(gateway), process.written(gateway.pids), process.Peak(gateway.pids)
        load = uvloop.run(_load(gateway, first, asked.calls, asked))
        accepted = load.outcomes.became.count(ACCEPTED) * asked.each
        seconds, cpu = (load.ended - load.began) / 1e9, _cpu(gateway) - cpu
        disk = process.written(gateway.pids) - disk
        sink.ask("/set?away=0")
        _drain(sink, before, accepted)
        submits: list[int] = sink.ask(f"/dump?first={first}&n={n}")["submits"]
    return {
        "calls": asked.calls, "numbers_a_call": asked.each, "connections": asked.connections, "refused": dict(load.refused),
        "accepted": accepted, "accepted_per_s": round(accepted / seconds, 1), "cpu_us_per_message": round(cpu / accepted * 1e6, 1),
        "written_per_message": round(disk / accepted), "answer_ms": percentiles(load.outcomes.milliseconds(), 50, 95, 99),
        "peak_mb": round(peak.stop() / 1e6, 1), "missing": accepted - sum(map(bool, submits)),
        "twice": sum(count > 1 for count in submits),
    }  # fmt: skip


async def _load(gateway: Gateway, first: int, calls: int, asked: argparse.Namespace) -> Load:
    """Have so many batches accepted, each connection sending the next when it has its answer."""
    requests = list(traffic.batches(first, calls, asked.each, gateway.port, time.time_ns() // 1_000_000))
    load = Load(gateway.port, requests, asked.connections, 0)
    await load.connect()
    await load.run(asked.seconds)
    return load


def _drain(sink: Sink, before: int, count: int) -> None:
    """Wait until `count` submits more came, or none for a while."""
    last, end = before, time.monotonic() + _STILL
    while (now := sink.ask("/stats")["submits"]) < before + count and time.monotonic() < end:
        if now > last:
            last, end = now, time.monotonic() + _STILL
        time.sleep(0.1)


def _cpu(gateway: Gateway) -> float:
    return process.cpu_seconds(gateway.pids)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100, help="batches (100)")
    parser.add_argument("--each", type=int, default=1000, help="numbers in each (1,000)")
    parser.add_argument("--warm", type=int, default=3, help="batches before them that are not counted (3)")
    parser.add_argument("--connections", type=int, default=4, help="HTTP connections (4)")
    parser.add_argument("--seconds", type=float, default=120, help="longest time for the answers (120)")
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()), help="where the store is to lie: its disk counts")
    return parser.parse_args()


if __name__ == "__main__":
    main()
