"""One measurement: a number of messages through a running gateway, each followed to its submit_sm and to its pushed receipt."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import process
from gateway import Gateway, Sink
from load import ACCEPTED, Outcomes, percentiles

_HERE = Path(__file__).parent
_STILL, _LONGEST = 12.0, 300.0
"""Seconds without any progress, and seconds at all, after which what is still missing is missing."""


def measure(gateway: Gateway, sink: Sink, n: int, connections: int, rate: float = 0) -> dict[str, Any]:
    """Send n messages, in a closed loop or at `rate` a second, and wait for the last receipt; the figures, ready for JSON."""
    first, before = sink.take(n), sink.ask("/stats")
    pids = process.tree(gateway.pid)
    cpu, peak = process.cpu_seconds(pids), process.Peak(pids)
    with tempfile.NamedTemporaryFile(prefix="globewire-bench-") as out:
        load = _load(gateway, first, n, connections, rate, out.name)
        outcomes = Outcomes.read(Path(out.name))
    _settle(sink, before, load["accepted"])
    seconds = (time.monotonic_ns() - load["began"]) / 1e9
    cpu = process.cpu_seconds(process.tree(gateway.pid)) - cpu
    sunk = sink.ask("/stats")["cpu_s"] - before["cpu_s"]
    figures = _figures(outcomes, sink.ask(f"/dump?first={first}&n={n}"), load)
    return figures | {
        "rate": rate, "refused": load["refused"], "late_ms": load["late_ms"],
        "cpu_s_per_1000": round(cpu / max(1, load["accepted"]) * 1000, 4), "peak_mb": round(peak.stop() / 1e6, 1),
        "gateway_share": round(cpu / seconds, 3), "load_share": round(load["cpu_s"] / load["seconds"], 3),
        "sink_share": round(sunk / seconds, 3),
    }  # fmt: skip


def _load(gateway: Gateway, first: int, n: int, connections: int, rate: float, out: str) -> dict[str, Any]:
    command = [sys.executable, str(_HERE / "load.py"), "--port", str(gateway.port), "--first", str(first), "--n", str(n),
               "--connections", str(connections), "--rate", str(rate), "--seconds", str(_LONGEST), "--out", out]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=_LONGEST + 60, check=False)
    if done.returncode:
        raise SystemExit("the load failed")
    return dict(json.loads(done.stdout))


def _settle(sink: Sink, before: dict[str, Any], accepted: int) -> None:
    """Return when everything that was accepted has been submitted and its receipt pushed, or nothing moves any more."""
    began = moved = time.monotonic()
    last: list[int] = []
    while moved - began < _LONGEST:
        stats = sink.ask("/stats")
        now = [stats[name] - before[name] for name in ("submits", "receipts", "pushes")]
        if now[0] >= accepted and now[2] >= accepted:
            return
        if now != last:
            last, moved = now, time.monotonic()
        elif time.monotonic() - moved > _STILL:
            return
        time.sleep(0.05)


def _figures(outcomes: Outcomes, seen: dict[str, list[int]], load: dict[str, Any]) -> dict[str, Any]:
    """What a measurement came to. Rates are from the first request to the last submit_sm, and to the last receipt pushed."""
    accepted = [i for i, what in enumerate(outcomes.became) if what == ACCEPTED]
    submitted = [i for i in accepted if seen["submits"][i]]
    pushed = [i for i in accepted if seen["pushes"][i]]
    lag = sorted([(seen["submitted"][i] - outcomes.started[i]) / 1e6 for i in submitted])
    back = sorted([(seen["pushed"][i] - seen["submitted"][i]) / 1e6 for i in pushed if seen["submits"][i]])
    answer, to_submit, to_push = load["answer_ms"], percentiles(lag, 50, 95, 99), percentiles(back, 50, 95, 99)
    return {
        "n": len(outcomes.became), "accepted": len(accepted), "not_accepted": len(outcomes.became) - len(accepted),
        "accepted_per_s": load["accepted_per_s"],
        "submitted_per_s": _rate([seen["submitted"][i] for i in submitted], load["began"]),
        "whole_job_per_s": _rate([seen["pushed"][i] for i in pushed], load["began"]),
        "answer_p50": answer[0], "answer_p95": answer[1], "answer_p99": answer[2],
        "submit_p50": to_submit[0], "submit_p95": to_submit[1], "submit_p99": to_submit[2],
        "push_after_submit_p50": to_push[0], "push_after_submit_p95": to_push[1], "push_after_submit_p99": to_push[2],
        "missing": len(accepted) - len(submitted), "twice": sum(seen["submits"][i] > 1 for i in accepted),
        "receipts_missing": len(accepted) - len(pushed), "receipts_twice": sum(seen["pushes"][i] > 1 for i in accepted),
    }  # fmt: skip


def _rate(times: list[int], began: int) -> float:
    return round(len(times) / (max(times) - began) * 1e9, 1) if times else 0.0
