"""What the plots are made of: one thing is varied, and all else is as in the closed loop, with a quarter of its messages."""

import time
from collections.abc import Iterator
from dataclasses import replace

import postgres
from filling import fill
from gateway import Gateway

from scenarios import Bench, Row
from scenarios.engines import on_one
from scenarios.held import once

SWEEPS = "sweeps"
CONNECTIONS, BINDS, PROCESSES = (1, 4, 16, 32, 64, 128), (1, 2, 4, 8), (1, 2, 3, 4)
SHARES = (0, 100, 10, 1)
"""The store holds nothing, a hundredth, a tenth and all of what it holds in the scenario of its own."""


def sweeps(bench: Bench) -> Iterator[Row]:
    """A row for each value of each thing in each round."""
    small = replace(bench, n=max(100, bench.n // 4))
    for number in range(1, bench.rounds + 1):
        for vary in (connections, binds, processes):
            for row in vary(small):
                yield _told(bench, row, number)
    for share in SHARES:
        with bench.place() as folder:
            count = bench.held // share if share else 0
            if count:
                fill(folder / "globewire.db", count, time.time_ns() // 1_000_000, bench.say)
            for number in range(1, bench.rounds + 1):
                yield _told(bench, {"of": "held", "x": count, **once(small, folder)}, number)


def connections(bench: Bench) -> Iterator[Row]:
    """One gateway, more and more connections."""
    with bench.place() as folder, bench.sink() as sink, Gateway.started(folder, sink, 1, bench.window) as gateway:
        bench.warm([gateway], sink)
        for count in CONNECTIONS:
            yield {"of": "connections", "x": count, **bench.closed([gateway], sink, connections=count)}


def binds(bench: Bench) -> Iterator[Row]:
    """More and more binds to one carrier."""
    for count in BINDS:
        with bench.place() as folder, bench.sink() as sink, Gateway.started(folder, sink, count, bench.window) as gateway:
            bench.warm([gateway], sink)
            yield {"of": "binds", "x": count, **bench.closed([gateway], sink)}


def processes(bench: Bench) -> Iterator[Row]:
    """More and more processes on one PostgreSQL server."""
    with postgres.serving() as server:
        for count in PROCESSES:
            with (
                bench.place() as folder,
                bench.sink() as sink,
                on_one(folder, sink, postgres.database(server), count, 1, bench.window) as gateways,
            ):
                bench.warm([*gateways], sink)
                yield {"of": "processes", "x": count, **bench.closed([*gateways], sink)}


def _told(bench: Bench, row: Row, number: int) -> Row:
    bench.say(f"{row['x']:,} {row['of']}, round {number}: {row['whole_job_per_s']:,.0f} a second")
    return {"scenario": SWEEPS, "round": number, **row}
