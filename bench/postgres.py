"""A PostgreSQL server for as long as something runs: from the wheel of the development dependencies, in a folder of its own.

postgres.py COMMAND... starts one with a new, migrated database, runs COMMAND with every {url} in it replaced by the database's
address, and removes all of it. It flushes its commits, as a real one does. Nothing but loopback can reach it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from process import end_when_told

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from laws.server import Server

_numbers = count(1)


@contextmanager
def serving() -> Iterator[Server]:
    """A running server, until the block ends."""
    server = Server()
    try:
        yield server
    finally:
        server.close()


def database(server: Server) -> str:
    """The address of a new database that is ready for a gateway."""
    name = f"bench_{next(_numbers)}"
    server.sql("postgres", f"CREATE DATABASE {name}")
    environment = {**os.environ, "GLOBEWIRE_HOLD_URL": server.url(name)}
    subprocess.run([sys.executable, "-m", "globewire", "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
    return server.url(name)


def first_process(server: Server) -> int:
    """The process that all of the server's descend from."""
    return int(server.sql("postgres", "SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)"))


def logged(server: Server) -> int:
    """How many bytes its log of changes has had so far."""
    return int(server.sql("postgres", "SELECT wal_bytes FROM pg_stat_wal"))


def main() -> None:
    """Run the command beside a server; its exit code."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    end_when_told()
    with serving() as server:
        url = database(server)
        code = subprocess.call([word.replace("{url}", url) for word in sys.argv[1:]])
    sys.exit(code)


if __name__ == "__main__":
    main()
