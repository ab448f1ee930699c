"""A backlog: the carrier is away while messages are accepted, and takes them at its own pace when it is back.

Memory is looked at after each twentieth that was accepted, and each second of the drain. The pace is one that the carrier's entry
in the configuration says, by default half of what this gateway does in a closed loop when nothing holds it back. A drain begins
with the first message that the carrier gets, for how soon a gateway tries a carrier again is a setting.
"""

import time
from collections.abc import Iterator
from typing import Any

import process
from gateway import Gateway, Sink
from load import Outcomes
from measure import figures, send

from scenarios import Bench, Row

AWAY = "away"
STEPS = 20
_PATIENCE = 120.0


def away(bench: Bench) -> Iterator[Row]:
    """Build the backlog, and drain it: one row."""
    pace = bench.pace or _half(bench)
    with bench.place() as folder, bench.sink() as sink, Gateway.started(folder, sink, 1, bench.window, pace=pace) as gateway:
        sink.ask("/set?away=1")
        _until(sink, "bound", 0)
        first, before = sink.take(bench.backlog), sink.ask("/stats")["pushes"]
        load, outcomes, building = _build(bench, gateway, sink, first)
        sink.ask("/set?away=0")
        back = time.monotonic()
        _until(sink, "bound", 1)
        returned = round(time.monotonic() - back, 1)
        draining = _drain(bench, gateway, sink, before + load["accepted"], pace)
        came = sink.ask(f"/dump?first={first}&n={bench.backlog}")
    drained = rate(came["submitted"])
    bench.say(f"drained at {drained:,.0f} a second, {pace:,} wanted")
    mark = {"scenario": AWAY, "of": "backlog", "round": 1, "pace": pace, "drained_per_s": drained, "bound_after_s": returned}
    yield {**figures(outcomes, came, load), **mark, "building": building, "draining": draining}


def _half(bench: Bench) -> int:
    """Half of what a gateway does by itself."""
    with bench.place() as folder, bench.sink() as sink, Gateway.started(folder, sink, 1, bench.window) as gateway:
        bench.warm([gateway], sink)
        return max(1, int(bench.closed([gateway], sink)["submitted_per_s"] / 2))


def _build(bench: Bench, gateway: Gateway, sink: Sink, first: int) -> tuple[dict[str, Any], Outcomes, list[tuple[int, float]]]:
    """Have the backlog accepted; what the loads say, what became of each, and how much memory there was with how many waiting."""
    parts, began, waiting = list[Outcomes](), 0, 0
    memory = [(0, _megabytes(gateway))]
    for step in range(STEPS):
        start, end = (first + bench.backlog * place // STEPS for place in (step, step + 1))
        load, outcomes = send([gateway], sink, start, end - start, bench.connections)
        began, waiting = began or load["began"], waiting + load["accepted"]
        parts.append(outcomes)
        memory.append((waiting, _megabytes(gateway)))
        bench.say(f"{waiting:,} wait, {memory[-1][1]} MB")
    joined = Outcomes.joined(parts)
    return load | {"accepted": waiting, "began": began}, joined, memory


def _drain(bench: Bench, gateway: Gateway, sink: Sink, pushes: int, pace: int) -> list[float]:
    """Wait until so many receipts were pushed in all, or three times what the pace takes is over; the memory meanwhile."""
    memory, end = [_megabytes(gateway)], time.monotonic() + 3 * bench.backlog / pace + _PATIENCE
    while (stats := sink.ask("/stats"))["pushes"] < pushes and time.monotonic() < end:
        time.sleep(1.0)
        memory.append(_megabytes(gateway))
        if len(memory) % 10 == 0:
            bench.say(f"{pushes - stats['pushes']:,} to go, {memory[-1]} MB")
    return memory


def rate(times: list[int]) -> float:
    """How many a second there were from the first to the last (ns; 0 for none)."""
    some = sorted(time for time in times if time)
    return round((len(some) - 1) / (some[-1] - some[0]) * 1e9, 1) if len(some) > 1 else 0.0


def _megabytes(gateway: Gateway) -> float:
    return round(process.resident(gateway.pids) / 1e6, 1)


def _until(sink: Sink, name: str, value: int) -> None:
    end = time.monotonic() + _PATIENCE
    while sink.ask("/stats")[name] != value:
        if time.monotonic() > end:
            raise SystemExit(f"the sink waited for {name} {value} in vain")
        time.sleep(0.05)
