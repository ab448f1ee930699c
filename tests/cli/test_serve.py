"""The real commands as processes: serve, send with --wait, look, stop; and what is said where that fails."""

import json
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from cli.conftest import Run
from cli.running import running, started

QUICK = '[api]\nlisten = "127.0.0.1:0"\n[simulator]\nreceipt_delay = 0.01\n[log]\nlevel = "warning"\n'
NO_WRITER = """
from globewire import cli
from globewire.hold import writer_process

writer_process.PROGRAM = ("-c", "raise SystemExit(3)")
raise SystemExit(cli.main())
"""


def test_a_first_message_from_nothing(run: Run, place: Path) -> None:
    """The first start makes an account; `send` finds its AccessKey by itself; SIGTERM ends it well."""
    (place / "globewire.toml").write_text(QUICK)
    with started("serve", "--json", cwd=place) as (server, line):
        assert line["simulator"].startswith("127.0.0.1:")
        assert line["metrics"] == f"{line['api']}/metrics"
        assert line["console"] == f"{line['api']}/console"
        with urlopen(f"{line['emulator']}clock") as answer:
            assert json.load(answer)["ahead"] == 0
        assert line["stages"] == ["accept", "send", "settle", "tell", "tend"]
        send = ("send", "--endpoint", line["api"], "--to", "6591234567", "--text", "Hello")
        ran = run(*send, "--wait")
        assert ran.code == 0
        assert "OK: The SMS Send Request was accepted" in ran.out
        assert "delivered  DELIVERED success" in ran.out
        named = ("--key-id", line["access_key_id"], "--secret", line["access_key_secret"])
        reply = run(*send, *named, "--wait", "--json").json
        assert reply["final"]["Status"] == "1"
        life = run("message", "show", reply["reply"]["MessageId"], "--json").json
        assert (life["state"], life["carrier"], life["access_key_id"]) == ("delivered", "simulator", line["access_key_id"])
        assert [row["id"] for row in run("carrier", "list", "--json").json] == ["simulator"]
        failed = run("send", "--endpoint", line["api"], "--to", "6591239001", "--text", "x", "--wait")
        assert failed.code == 1
        assert "the message was not delivered: UNDELIV" in failed.err
    assert server.returncode == 0
    with started("serve", "--json", cwd=place) as (server, line):
        assert "access_key_id" not in line
    assert server.returncode == 0
    assert (place / "stderr").read_text() == ""


def test_refusals_say_what_to_do(run: Run, place: Path) -> None:
    (place / "globewire.toml").write_text(QUICK)
    with started("serve", "--json", cwd=place) as (_, line):
        send = ("send", "--endpoint", line["api"], "--text", "x", "--to")
        for words, code, advice in (
            (("+6591234567",), "MOBILE_NUMBER_ILLEGAL", "give digits only"),
            (("6591234567", "--from", "Much too long"), "INVALID_SENDERID", "at most 11 letters"),
            (("6591234567", "--key-id", "nokey", "--secret", "x"), "InvalidAccessKeyId.NotFound", "globewire key list"),
            (
                ("6591234567", "--key-id", line["access_key_id"], "--secret", "x"),
                "SignatureDoesNotMatch",
                "give the secret that was",
            ),
        ):
            ran = run(*send, *words)
            assert (ran.code, ran.out) == (1, "")
            assert f"refused: {code}: " in ran.err
            assert advice in ran.err


def test_the_banner_shows_the_first_key_and_what_to_type(run: Run, place: Path) -> None:
    (place / "globewire.toml").write_text(QUICK)
    with running("serve", cwd=place) as server:
        assert server.stdout is not None
        said = [""]
        while said[-1] != "Stop it with Ctrl-C.\n":
            said.append(server.stdout.readline())
            assert said[-1], (place / "stderr").read_text()
        words = shlex.split(said[-3])
        assert words[:3] == ["globewire", "send", "--endpoint"]
        assert run(*words[1:]).code == 0
    assert server.returncode == 0
    (key,) = run("key", "list", "--json").json
    text = "".join(said)
    assert "The secret will not be shown again" in text
    assert f"AccessKey ID      {key['id']}\n" in text
    assert re.search(r"^  Emulator +http://127\.0\.0\.1:\d+/_emulator/  \(its API for tests\)", text, re.MULTILINE)


@pytest.mark.parametrize("command", ["serve", "simulate"])
def test_an_address_in_use(place: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with running(command, "--listen", address, cwd=place) as process:
            assert process.stdout is not None
            assert process.stdout.read() == ""
    assert process.returncode == 1
    said = (place / "stderr").read_text()
    assert f"globewire: the address {address}" in said
    assert "in use already" in said
    assert "Traceback" not in said


def test_a_server_that_is_not_there(shop: Run) -> None:
    shop("key", "create")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ran = shop("send", "--endpoint", f"http://127.0.0.1:{port}", "--to", "6591234567", "--text", "x")
    assert (ran.code, ran.out) == (1, "")
    assert "start it with `globewire serve`" in ran.err


def test_the_simulator_alone_tells_what_it_takes(run: Run, place: Path) -> None:
    """`serve` with the stand-alone simulator as its carrier; what it took is printed with the number masked."""
    with started("simulate", "--listen", "127.0.0.1:0", "--json", cwd=place) as (simulator, first):
        host, _, port = first["simulator"].rpartition(":")
        carrier = f'[[carrier]]\nid = "box"\nhost = "{host}"\nport = {port}\nsystem_id = "x"\npassword = "y"\n'
        (place / "globewire.toml").write_text(QUICK.replace("[simulator]\nreceipt_delay = 0.01\n", "") + carrier)
        with started("serve", "--json", cwd=place) as (_, line):
            assert (line["simulator"], line["emulator"]) == (None, None)
            assert run("send", "--endpoint", line["api"], "--to", "6591234567", "--text", "Hello", "--wait").code == 0
        assert simulator.stdout is not None
        told: list[str] = []
        while not told or '"ended"' not in told[-1]:
            told.append(simulator.stdout.readline())
            assert told[-1]
        assert "6591234567" not in "".join(told)
        assert '"to":"659123****","how":"DELIVRD"' in told[-1]
    assert simulator.returncode == 0


def test_a_writer_that_does_not_come_up_is_said(place: Path) -> None:
    (place / "globewire.toml").write_text(QUICK)
    ran = subprocess.run([sys.executable, "-c", NO_WRITER, "serve"], cwd=place, capture_output=True, text=True, timeout=30)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "globewire.db did not come up" in ran.stderr
    assert "start the gateway again" in ran.stderr
    assert "Traceback" not in ran.stderr
