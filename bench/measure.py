"""One measurement: a number of messages through a running gateway, each followed to its submit_sm and to its pushed receipt."""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import process
from gateway import Sink
from load import ACCEPTED, Outcomes, percentiles
from machine import Stolen

_HERE = Path(__file__).parent
_STILL, _LONGEST = 12.0, 300.0
"""Seconds without any progress, and seconds at all, after which what is still missing is missing."""


class Target(Protocol):
    """A gateway that can be measured, ours or another."""

    @property
    def name(self) -> str:
        """Which gateway it is, of `load.YES`."""

    @property
    def port(self) -> int:
        """Where its API is."""

    @property
    def accounts(self) -> int:
        """How many accounts it has, that sign in turn."""

    @property
    def pids(self) -> list[int]:
        """Its processes."""

    def commits(self) -> int | None:
        """How many transactions it has committed; None where it has no store."""


def measure(
    gateways: Sequence[Target], sink: Sink, n: int, connections: int, rate: float = 0, loads: int = 1, beside: int | None = None
) -> dict[str, Any]:
    """Send n messages to the gateways, an equal share to each, in a closed loop or at `rate` a second, and wait for the last
    receipt; the figures, ready for JSON. Each gateway has so many `loads`, that share its connections; `beside` is the first
    process of a database server whose work is told apart."""
    n -= n % (len(gateways) * loads)
    first, before = sink.take(n), sink.ask("/stats")
    pids = [pid for gateway in gateways for pid in gateway.pids]
    committed = _commits(gateways)  # before and after what it costs to be asked is counted
    had, peak, stolen = _used(pids, beside), process.Peak(pids), Stolen()
    load, outcomes = send([gateway for gateway in gateways for _ in range(loads)], sink, first, n, connections, rate)
    _settle(sink, before, load["accepted"])
    seconds = (time.monotonic_ns() - load["began"]) / 1e9
    used = {name: value - had[name] for name, value in _used(pids, beside).items()}
    used["commits"] = float(_commits(gateways) - committed)
    sunk = sink.ask("/stats")["cpu_s"] - before["cpu_s"]
    seen, accepted = figures(outcomes, sink.ask(f"/dump?first={first}&n={n}"), load), max(1, load["accepted"])
    return seen | {
        "rate": rate, "connections": connections, "refused": load["refused"], "late_ms": load["late_ms"],
        **{f"{name}_s_per_1000": round(used[name] / accepted * 1000, 4) for name in used if name.endswith("cpu")},
        **{f"{name}_per_message": round(used[name] / accepted, 4) for name in used if not name.endswith("cpu")},
        "peak_mb": round(peak.stop() / 1e6, 1), "resident_mb": round(process.resident(pids) / 1e6, 1),
        "gateway_share": round(used["cpu"] / seconds, 3), "load_share": round(load["cpu_s"] / load["seconds"], 3),
        "sink_share": round(sunk / seconds, 3), "stolen_share": stolen.share(),
    }  # fmt: skip


def _commits(gateways: Sequence[Target]) -> int:
    return sum(gateway.commits() or 0 for gateway in gateways)


def _used(pids: list[int], beside: int | None) -> dict[str, float]:
    """What they have used so far: CPU seconds, bytes written to disks; and the CPU seconds of the server beside."""
    used = {"cpu": process.cpu_seconds(pids), "written": float(process.written(pids))}
    return used | ({"server_cpu": process.cpu_seconds(process.tree(beside))} if beside else {})


def send(
    jobs: Sequence[Target], sink: Sink, first: int, n: int, connections: int, rate: float = 0
) -> tuple[dict[str, Any], Outcomes]:
    """Send messages `first` and on, an equal share by a load of its own for each job, all at once from when all are ready; what
    the loads say together, and what became of each message."""
    share = n // len(jobs)
    with tempfile.TemporaryDirectory(prefix="globewire-bench-") as folder:
        files = [Path(folder, str(place)) for place in range(len(jobs))]
        load = _load(jobs, sink, first, share, connections // len(jobs), rate / len(jobs), files)
        outcomes = Outcomes.joined([Outcomes.read(file) for file in files])
    return load | {"answer_ms": percentiles(outcomes.milliseconds(), 50, 95, 99)}, outcomes


def _load(
    jobs: Sequence[Target], sink: Sink, first: int, share: int, connections: int, rate: float, outs: Sequence[Path]
) -> dict[str, Any]:
    with ExitStack() as stack:
        children = []
        for place, (gateway, out) in enumerate(zip(jobs, outs, strict=True)):
            command = [sys.executable, str(_HERE / "load.py"), "--port", str(gateway.port), "--first", str(first + place * share),
                       "--n", str(share), "--connections", str(connections), "--rate", str(rate), "--seconds", str(_LONGEST),
                       "--gateway", gateway.name, "--accounts", str(gateway.accounts), "--sink", str(sink.http),
                       "--wait", "--out", str(out)]  # fmt: skip
            children.append(stack.enter_context(process.running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)))
        for child in children:
            process.first_line(child)
        for child in children:
            process.tell(child, "begin")
        said = [json.loads(child.communicate(timeout=_LONGEST + 60)[0] or "null") for child in children]
    if not all(said):
        raise SystemExit("the load failed")
    seconds = max(load["seconds"] for load in said)
    accepted = sum(load["accepted"] for load in said)
    return {
        "accepted": accepted, "began": min(load["began"] for load in said), "seconds": seconds,
        "accepted_per_s": round(accepted / seconds, 1), "late_ms": said[0]["late_ms"],
        "refused": dict(sum((Counter(load["refused"]) for load in said), Counter())),
        "cpu_s": sum(load["cpu_s"] for load in said),
    }  # fmt: skip


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


def figures(outcomes: Outcomes, seen: dict[str, list[int]], load: dict[str, Any]) -> dict[str, Any]:
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
