"""Five times as much as can be sent, for a while: what is accepted, what is refused, and whether the memory stays flat.

The carrier takes a fixed pace, and `[send] backlog` says how much may wait for it. Messages are offered at a fixed rate (an open
loop: nobody waits for an answer before the next one is due). Each second a line: answers so far, the backlog as the sink sees it,
resident memory. At the end, once what was accepted has been sent and receipted, the memory's slope over the second half of the
load, and the exit code is 1 where a message is missing or came twice. Loopback only.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import process
from gateway import Gateway, Sink
from load import ACCEPTED, Outcomes

_HERE = Path(__file__).parent
_PATIENCE = 120.0


def main() -> None:
    """Offer, watch, wait for the end, and report."""
    asked = _arguments()
    process.end_when_told()
    rate = asked.pace * asked.times
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="globewire-pressure-", dir=asked.dir))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        sink = stack.enter_context(Sink.started(1000))
        gateway = stack.enter_context(Gateway.started(folder, sink, 1, 100, asked.hold, pace=asked.pace, backlog=asked.backlog))
        out = folder / "outcomes"
        first, before = sink.take(rate * asked.seconds), sink.ask("/stats")
        print(f"the carrier takes {asked.pace} a second, {rate} are offered, {asked.backlog} may wait", flush=True)
        memory, load = offer(gateway, sink, first, rate, asked, out)
        outcomes = Outcomes.read(out)
        accepted = [i for i, what in enumerate(outcomes.became) if what == ACCEPTED]
        settle(sink, before, len(accepted))
        seen = sink.ask(f"/dump?first={first}&n={rate * asked.seconds}")
    missing = sum(not seen["pushes"][i] for i in accepted)
    twice = sum(seen["submits"][i] > 1 for i in accepted)
    results = {
        "offered": load["n"], "accepted": load["accepted"], "refused": load["refused"], "lost": load["lost"],
        "answer_ms_p50_p95_p99": load["answer_ms"], "missing": missing, "twice": twice,
        "memory_mb": [round(octets / 1e6, 1) for _, octets in memory],
        "slope_kb_per_s": round(slope(memory[len(memory) // 2 :]) / 1e3, 1),
        "refused_in_all": sum(load["refused"].values()),
    }  # fmt: skip
    print(json.dumps(results))
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(bool(missing or twice))


def offer(
    gateway: Gateway, sink: Sink, first: int, rate: int, asked: argparse.Namespace, out: Path
) -> tuple[list[tuple[float, int]], dict[str, Any]]:
    """Run the load; the memory each second, and what the load says."""
    command = [sys.executable, str(_HERE / "load.py"), "--port", str(gateway.port), "--first", str(first),
               "--n", str(rate * asked.seconds), "--connections", str(asked.connections), "--rate", str(rate),
               "--seconds", str(asked.seconds * 2), "--out", str(out)]  # fmt: skip
    memory: list[tuple[float, int]] = []
    with process.running(command, stdout=subprocess.PIPE) as child:
        began = time.monotonic()
        while child.poll() is None:
            stats = sink.ask("/stats")
            memory.append((time.monotonic() - began, process.resident(process.tree(gateway.pid))))
            print(f"{memory[-1][0]:6.1f} s  {stats['submits']:8,} submitted  {memory[-1][1] / 1e6:7.1f} MB", flush=True)
            time.sleep(1.0)
        assert child.stdout is not None
        return memory, json.loads(child.stdout.read())


def settle(sink: Sink, before: dict[str, Any], accepted: int) -> None:
    """Return when all that was accepted has been sent and its receipts pushed, or two minutes are over."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        stats = sink.ask("/stats")
        if min(stats[name] - before[name] for name in ("submits", "pushes")) >= accepted:
            return
        time.sleep(0.2)


def slope(samples: list[tuple[float, int]]) -> float:
    """Octets a second, by least squares."""
    if len(samples) < 2:
        return 0.0
    middle = sum(at for at, _ in samples) / len(samples), sum(octets for _, octets in samples) / len(samples)
    spread = sum((at - middle[0]) ** 2 for at, _ in samples)
    return sum((at - middle[0]) * (octets - middle[1]) for at, octets in samples) / spread


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pace", type=int, default=300, help="segments a second that the carrier takes (300)")
    parser.add_argument("--times", type=int, default=5, help="so many times that is offered (5)")
    parser.add_argument("--seconds", type=int, default=40, help="for so long (40)")
    parser.add_argument("--backlog", type=int, default=2_000, help="messages that may wait to be sent (2,000)")
    parser.add_argument("--connections", type=int, default=64, help="HTTP connections (64)")
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()), help="where the store is to lie")
    parser.add_argument("--hold", default="", help="a PostgreSQL database, migrated and empty, instead of a file")
    parser.add_argument("--json", type=Path, help="write the results there, too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
