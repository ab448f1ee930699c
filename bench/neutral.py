"""The neutral harness, where one has it: a load and an SMSC in C that are not ours, and its own script that drives gateways.

A folder with build.sh, harness.py and peers/, as bench/peer is made for. It is built into a folder of our own, and its functions
start and measure the gateways; here it is only said which, how often and when. What they return is read as rows like ours.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from machine import Stolen

_PEER = Path(__file__).parent / "peer"
WARM_UP = 500


def compared(
    folder: Path,
    turns: Iterator[tuple[int, str]],
    n: int,
    seconds: float,
    connections: int,
    receipt_after: int,
    say: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    """A closed loop with receipts for each turn, a round's number and a gateway's name, then an open one of so many seconds at half
    of its rate; SystemExit where the harness fails."""
    with _loaded(folder) as harness:
        sink = harness.Sink()
        try:
            sink.set(d=receipt_after, W=100, q=1)
            for number, name in turns:
                with _started(harness, sink, name, connections) as gateway:
                    closed = _measured(harness, gateway, n, connections)
                    say(f"the harness, {name}, round {number}: {closed['whole_job_per_s']:,.0f} a second")
                    yield {"of": name, "round": number, "loop": "closed", **closed}
                    rate = max(1.0, min(closed["accepted_per_s"], closed["whole_job_per_s"]) / 2)
                    paced = _measured(harness, gateway, max(10, int(rate * seconds)), connections, rate)
                    say(f"the harness, {name}, round {number}: p99 of {paced['answer_p99']} ms at {rate:,.0f} a second")
                    yield {"of": name, "round": number, "loop": "open", "rate": round(rate), **paced}
        finally:
            sink.stop()


def _measured(harness: Any, gateway: Any, n: int, connections: int, rate: float | None = None) -> dict[str, Any]:
    stolen = Stolen()
    return read(harness.measure(gateway, n, rate=rate, dlr=True, conns=connections)) | {"stolen_share": stolen.share()}


@contextmanager
def _started(harness: Any, sink: Any, name: str, connections: int) -> Iterator[Any]:
    """The gateway, running and warm. Nothing moves any more, so that receipts of earlier messages are not counted with those of
    what is measured."""
    gateway = harness.Gateway(name, sink)
    try:
        gateway.start()
        harness.measure(gateway, WARM_UP, dlr=True, conns=connections)
        harness.settle(sink, lambda stats: False, 2.0, 30.0)
        yield gateway
    finally:
        gateway.stop()


@contextmanager
def _loaded(folder: Path) -> Iterator[Any]:
    """The harness' module, built; what it writes is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="globewire-harness-") as work:
        os.environ |= {"BENCH_WORK": work, "BENCH_BIN": f"{work}/bin", "BENCH_PEERS": str(_PEER)}
        subprocess.run([str(folder / "build.sh")], check=True)
        spec = spec_from_file_location("harness", folder / "harness.py")
        assert spec and spec.loader
        harness = module_from_spec(spec)
        spec.loader.exec_module(harness)
        yield harness


def read(seen: dict[str, Any]) -> dict[str, Any]:
    """What the harness measured, by our names."""
    return {
        "n": seen["n"], "accepted": seen["accepted"], "not_accepted": seen["n"] - seen["accepted"],
        "accepted_per_s": seen["accepted_per_s"], "whole_job_per_s": seen["receipted_per_s"] or 0.0,
        "cpu_s_per_1000": seen["cpu_per_1000"], "peak_mb": seen["peak_rss_mb"], "answer_p99": seen["http_ms"][2],
        "missing": seen["missing"], "twice": seen["twice"], "receipts_missing": seen["accepted"] - seen["receipts"],
        "receipts_twice": seen["receipts_twice"], "load_share": seen["load_share"],
        "sink_share": round(seen["sink_cpu"] / seen["wall"], 3),
    }  # fmt: skip
