"""`globewire prove`, run: it passes on this gateway, and catches gateways that are broken on purpose."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from globewire.cli import main
from globewire.plan import OnUnknown
from globewire.prove.plan import Plan, ProofFault
from globewire.prove.trial import prove as carry_out

HERE = Path(__file__).parent
SOURCE = HERE.parent.parent / "src"
COMPILES = sys.platform == "linux" and shutil.which("cc") is not None
powered = pytest.mark.skipif(not COMPILES, reason="power cuts need Linux and a C compiler, `cc`")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a proof ended, what it printed, and what it left in its folder."""

    code: int
    out: str
    err: str
    left: list[Path]

    @property
    def report(self) -> Any:
        return json.loads(self.out)


Prove = Callable[..., Ran]


@pytest.fixture
def prove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Prove:
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))

    def go(*words: str) -> Ran:
        code = main(["prove", "--dir", str(tmp_path), *words])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err, list(tmp_path.iterdir()))

    return go


def another(name: str) -> tuple[str, str]:
    """The options that prove another gateway, one of those beside this file."""
    return "--gateway", f"'{sys.executable}' '{HERE / name}'"


def test_nothing_is_lost_by_kills(prove: Prove) -> None:
    ran = prove("--kills", "3", "--json")
    report = ran.report
    assert (ran.code, report["holds"], report["kills"]) == (0, True, 3), report
    # A message that two kills in a row met under way was resent once and is then in doubt: its receipt may never be known.
    assert report["acknowledged"] == report["receipts_pushed"] + report["unknown"] > 100
    assert report["unknown"] < report["acknowledged"] / 10
    assert report["held"] >= report["acknowledged"]
    assert report["recoveries"] >= 1
    assert 0 < report["recovery_p50"] <= report["recovery_most"]
    assert (report["lost"], report["sent_twice_unexplained"], report["unsettled"], report["receipts_missing"]) == (0, 0, 0, 0)
    assert ran.left == []


def test_what_may_have_been_sent_is_unknown_where_the_route_says_wait(prove: Prove) -> None:
    ran = prove("--kills", "2", "--on-unknown", "wait", "--clients", "20")
    assert ran.code == 0, ran.out
    assert "Sent twice     0 " in ran.out
    assert "nothing lost" in ran.out


@powered
def test_nothing_is_lost_by_power_cuts(prove: Prove) -> None:
    ran = prove("--power-cuts", "3", "--json")
    report = ran.report
    assert (ran.code, report["holds"], report["power_cuts"], report["kills"]) == (0, True, 3, 0), report
    assert (report["lost"], report["corrupt"]) == (0, 0)
    assert report["acknowledged"] > 100
    assert ran.left == []


def test_a_gateway_that_answers_before_the_commit_is_caught(prove: Prove) -> None:
    ran = prove("--kills", "3", "--json", *another("answers_early.py"))
    assert (ran.code, ran.report["holds"]) == (1, False)
    assert ran.report["lost"] > 0
    assert "did not keep what it promised" in ran.err


@powered
def test_a_gateway_that_never_flushes_is_caught(prove: Prove) -> None:
    ran = prove("--power-cuts", "3", "--json", *another("never_flushes.py"))
    assert (ran.code, ran.report["holds"]) == (1, False)
    assert ran.report["lost"] > 0


def test_kills_alone_do_not_catch_a_gateway_that_never_flushes(prove: Prove) -> None:
    """Why there are power cuts: what was written and not flushed outlives the process that wrote it."""
    ran = prove("--kills", "1", "--json", "--clients", "10", *another("never_flushes.py"))
    assert (ran.code, ran.report["lost"]) == (0, 0)


def test_a_database_that_is_somebodys_is_refused_and_an_empty_one_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))
    monkeypatch.setenv("GLOBEWIRE_HOLD_URL", f"sqlite://{tmp_path}/hold.db")
    plan = Plan(
        folder=tmp_path, hold=f"sqlite://{tmp_path}/hold.db", clients=5, kills=1, power_cuts=0, minutes=1, seed=1,
        on_unknown=OnUnknown.RESEND, gateway=(),
    )  # fmt: skip
    assert main(["migrate"]) == 0
    report = asyncio.run(carry_out(plan, lambda rounds, acknowledged: None))
    assert (report.holds, report.kills) == (True, 1)
    with pytest.raises(ProofFault, match="in use already"):
        asyncio.run(carry_out(plan, lambda rounds, acknowledged: None))


USAGE = {
    ("--kills", "0"): "Invalid value for '--kills'",
    ("--kills", "2", "--power-cuts", "2"): "--kills and --power-cuts are two proofs",
    ("--dir", "nowhere"): "--dir nowhere is not a folder",
    ("--power-cuts", "2", "--hold", "postgresql://db/proof"): "the power of a database elsewhere cannot be cut",
    ("--hold", "sqlite://production.db"): "--hold is for other engines than SQLite",
    ("--hold", "mysql://db"): "is not a database",
    ("--gateway", "'no end"): "--gateway cannot be read",
    ("--gateway", "/no/such/program"): "/no/such/program cannot be run",
    ("--gateway", "false"): "the gateway did not start: it said nothing",
    ("--on-unknown", "perhaps"): "'perhaps' is not one of",
}


@pytest.mark.parametrize(
    ("words", "sentence"), USAGE.items(), ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_what_cannot_be_proved_is_said(prove: Prove, words: tuple[str, ...], sentence: str) -> None:
    ran = prove(*words)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err
    assert ran.left == []


def heed() -> None:
    """Undo what a shell does to whatever it starts in the background: it has it ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_proof_that_is_told_to_stop_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """Neither a file in its folder nor a gateway that runs on."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "globewire", "prove", "--dir", str(tmp_path)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, preexec_fn=heed) as proof:
        while not list(tmp_path.glob("*/globewire.db-wal")):
            assert proof.poll() is None
            time.sleep(0.02)
        proof.send_signal(number)
        assert proof.wait(20) not in (0, -number)
    assert list(tmp_path.iterdir()) == []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            assert os.fsencode(tmp_path) not in path.read_bytes()


def test_power_cuts_without_a_compiler_are_refused(prove: Prove, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    ran = prove("--power-cuts", "1")
    assert (ran.code, ran.out) == (2, "")
    assert "power cuts need Linux and a C compiler, `cc`" in ran.err
    assert "or use --kills" in ran.err
