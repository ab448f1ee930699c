"""BatchSendMessageToGlobe with 1,000 numbers a call: bench/batch.py, once for each round."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import process

from scenarios import Bench, Row

BATCH = "batch"
_SCRIPT = Path(__file__).parents[1] / "batch.py"
_PATIENCE = 600.0


def batch(bench: Bench) -> Iterator[Row]:
    """A row for each round; messages kept are those that were accepted and then came to the carrier."""
    for number in range(1, bench.rounds + 1):
        command = [sys.executable, str(_SCRIPT), "--calls", str(bench.calls), "--dir", str(bench.folder)]
        with process.running(command, stdout=subprocess.PIPE) as child:
            said = child.communicate(timeout=_PATIENCE)[0]
        if not said:
            raise SystemExit("the batches failed")
        seen = {name: value for name, value in json.loads(said).items() if name != "machine"}
        n = seen["calls"] * seen["numbers_a_call"]
        bench.say(f"batches, round {number}: {seen['accepted_per_s']:,.0f} messages a second")
        kept = {"n": n, "not_accepted": n - seen["accepted"], "kept_per_s": seen["accepted_per_s"]}
        yield {"scenario": BATCH, "of": "batch", "round": number, **seen, **kept}
