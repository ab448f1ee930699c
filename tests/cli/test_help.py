"""Help answers everywhere with examples, costs little, and is what docs/commands.md says."""

import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.conftest import Run
from globewire.cli import COMMANDS, application
from globewire.commands.serve import Stage
from globewire.gateway import STAGES

ROOT = Path(__file__).parent.parent.parent
HEAVY = ("aiohttp", "phonenumbers", "cryptography", "globewire.gateway", "rich.table")


def _paths(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    for name, one in getattr(command, "commands", {}).items():
        yield from _paths(one, (*path, name))


PATHS = list(_paths(typer.main.get_command(application()), ()))


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_explains_itself_with_examples(run: Run, path: tuple[str, ...]) -> None:
    ran = run(*path, "--help")
    assert ran.code == 0
    assert ran.out.startswith(" ".join(["Usage: globewire", *path]))
    assert f"\n    globewire {' '.join(path)}".rstrip() in ran.out


def test_the_commands_are_those_that_were_promised() -> None:
    promised = """serve send preview openapi migrate simulate prove backup check copy; message show list export;
        carrier list pause resume rebind;
        key create list disable enable delete; user create list delete; policy put show list attach detach delete;
        account create set list; callback show set test replay; config check example; console password"""
    alone, *groups = (words.split() for words in promised.split(";"))
    expected = {(), *((one,) for one in alone)}
    for group, *commands in groups:
        expected |= {(group,), *((group, one) for one in commands)}
    assert set(PATHS) == expected


def test_the_root_lists_every_command_and_loads_none() -> None:
    script = "import sys; from globewire.cli import main; code = main(['--help']); print(code, *sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    help, _, modules = ran.stdout.rpartition("\n0 ")
    assert all(f"  {name} " in help and row.summary in help for name, row in COMMANDS.items())
    assert not set(HEAVY) & set(modules.split())


def test_no_command_and_an_unknown_one_are_usage_errors(run: Run) -> None:
    assert run().code == 2
    ran = run("sned")
    assert ran.code == 2
    assert "Did you mean 'send'?" in ran.err


def test_the_version(run: Run) -> None:
    ran = run("--version")
    assert (ran.code, ran.out) == (0, "globewire 0.1.0\n")


def test_the_stages_that_can_be_run_alone_are_the_gateways() -> None:
    assert tuple(Stage) == STAGES


def test_the_page_is_current() -> None:
    """docs/commands.md is what tools/commands.py writes; run that after a change to a command."""
    page = runpy.run_path(str(ROOT / "tools" / "commands.py"))
    assert page["PAGE"].read_text(encoding="utf-8") == page["document"]()
