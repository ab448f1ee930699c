"""`copy`: its table, its mistakes, and the gateway's commands on what it made."""

import asyncio
from pathlib import Path

import pytest

from cli.conftest import Run
from globewire.hold.sqlite import SqliteHold
from laws.making import message
from laws.stored import SECRETS, fill


@pytest.fixture
def file(run: Run, place: Path) -> Path:
    async def write() -> None:
        hold = await SqliteHold.open(place / "globewire.db")
        await fill(hold)
        await hold.close()

    asyncio.run(write())
    return place / "globewire.db"


def test_an_installation_moves(run: Run, file: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of counts; and the commands find in the one what they found in the other."""
    monkeypatch.setenv("GLOBEWIRE_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    show = ("message", "show", str(message(12).id))
    looks = [(*words, "--json") for words in (("message", "list"), show, ("key", "list"), ("callback", "show"))]
    before = [run(*words).json for words in looks]
    monkeypatch.setenv("GLOBEWIRE_HOLD_URL", database)
    assert run("migrate").code == 0
    ran = run("copy", str(file), database)
    assert ran.code == 0, ran.err
    rows = {words[0]: words[1:] for line in ran.out.splitlines() if len(words := line.split()) == 3}
    assert rows["message"] == rows["message"][::-1] == [str(len(before[0]))] * 2
    assert rows["access_key"] == [str(len(SECRETS))] * 2
    assert f"Never start one on {file} again." in ran.err
    assert run("copy", str(file), database, "--json").json["rows"]["message"] == len(before[0])
    after = [run(*words).json for words in looks]
    for row in (row for found in (before[3], after[3]) for row in found):
        row.pop("next_push")  # what was being pushed is due at once
    assert after == before


def test_mistakes_are_told(run: Run, place: Path, file: Path, database: str) -> None:
    (place / "bad.db").write_bytes(b"no database " * 1000)
    for source, target, code, why in (
        (str(file), "mysql://x/y", 2, "the second argument is not a PostgreSQL URL"),
        (str(file), database, 2, "run `globewire migrate`"),
        (str(file), "postgresql://u:secret@127.0.0.1:1/x", 1, "cannot be used"),
        (str(file), "postgresql://u:secret@127.0.0.1:port/x", 1, "cannot be used"),
        ("nowhere.db", database, 2, "there is no database at nowhere.db"),
        ("bad.db", database, 2, "no database"),
    ):
        ran = run("copy", source, target)
        assert (ran.code, ran.out) == (code, ""), ran.err
        assert why in ran.err
        assert "secret" not in ran.err
