"""What issue by issue is measured: a module for each family of scenarios. A scenario yields rows, one for each measurement.

A row is what `measure.measure` gives, with the `scenario`, what it is a measurement `of`, and its `round`. Nothing is judged here:
`report` reads the rows.
"""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from gateway import Sink
from measure import Target, measure

Row = dict[str, Any]

WARM_UP = 2_000
"""Messages before each measurement that are not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """How to measure: the folder whose disk counts, and the sizes. `harness` is the neutral harness' folder, if there is one."""

    folder: Path
    rounds: int = 3
    n: int = 60_000
    seconds: float = 15.0
    connections: int = 32
    window: int = 100
    receipt_after: int = 1_000
    held: int = 1_000_000
    accounts: int = 10_000
    carriers: int = 50
    calls: int = 100
    sizes: tuple[int, ...] = (100_000, 1_000_000)
    backlog: int = 200_000
    pace: int = 0
    harness: Path | None = None
    began: float = field(default_factory=time.monotonic)
    _folders: Iterator[int] = field(default_factory=count, repr=False)

    def say(self, words: str) -> None:
        """Tell whoever waits how far it is."""
        print(f"{time.monotonic() - self.began:7.1f} s  {words}", file=sys.stderr, flush=True)

    @contextmanager
    def sink(self) -> Iterator[Sink]:
        """A new sink, until the block ends."""
        with Sink.started(self.receipt_after) as sink:
            yield sink

    @contextmanager
    def place(self) -> Iterator[Path]:
        """A new folder, until the block ends."""
        folder = self.folder / f"place-{next(self._folders)}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def by_turns(self, *names: str) -> Iterator[tuple[int, str]]:
        """Each round's number with each name; every second round the other way about, so that none is always the first."""
        for number in range(1, self.rounds + 1):
            for name in names if number % 2 else reversed(names):
                yield number, name

    def warm(self, targets: list[Target], sink: Sink) -> None:
        """Some messages that are not counted."""
        measure(targets, sink, min(WARM_UP, self.n), self.connections * len(targets))

    def closed(self, targets: list[Target], sink: Sink, *, connections: int = 0, beside: int | None = None) -> Row:
        """A closed loop of all messages, each target with so many connections."""
        return measure(targets, sink, self.n, (connections or self.connections) * len(targets), beside=beside)
