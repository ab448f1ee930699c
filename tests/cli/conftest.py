"""Runs commands in a directory of their own, without the environment's GLOBEWIRE_ variables."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from cli.running import Ran
from globewire.cli import main

Run = Callable[..., Ran]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, empty."""
    for name in [name for name in os.environ if name.startswith("GLOBEWIRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process, as the script does; never may it end in a traceback."""

    def go(*words: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = main(words)
        assert not structlog.get_config()["cache_logger_on_first_use"], "it would log to this test's stderr for ever: `running` it"
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err)

    return go


@pytest.fixture
def shop(run: Run) -> Run:
    """The same, with a database that has the account `shop`."""
    assert run("migrate").code == 0
    assert run("account", "create", "shop").code == 0
    return run
