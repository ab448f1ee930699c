"""What the laws' tests share beside the engines, which stand in the conftest above."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from globewire.hold.port import Hold
from globewire.hold.postgres import PostgresHold

Opener = Callable[[], Awaitable[Hold]]
Pair = tuple[PostgresHold, PostgresHold]


@pytest.fixture
async def pair(database: str) -> AsyncIterator[Pair]:
    """The holds of two processes on one database, as far as PostgreSQL can tell."""
    one, two = await PostgresHold.open(database, migrate=True), await PostgresHold.open(database)
    yield one, two
    await one.close()
    await two.close()
