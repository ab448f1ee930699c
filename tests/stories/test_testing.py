"""`globewire.testing` as an application's own test suite uses it: the official SDK, pytest, an emulator in a child process."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alibabacloud_dysmsapi20180501.client import Client
from alibabacloud_dysmsapi20180501.models import SendMessageToGlobeRequest
from alibabacloud_tea_openapi.models import Config

from globewire.testing import Emulator, EmulatorFault, NoMessage
from peers.ports import free_port

PATIENCE = 60.0
HERE = "6591234567"
PROJECT = {
    "conftest.py": """
        import json
        import queue
        import threading
        from http.server import BaseHTTPRequestHandler, HTTPServer

        import pytest
        from globewire.testing import Emulator

        RECEIPTS = queue.Queue()


        class Endpoint(BaseHTTPRequestHandler):
            def do_POST(self):
                for report in json.loads(self.rfile.read(int(self.headers["Content-Length"]))):
                    RECEIPTS.put(report)
                answer = json.dumps({"code": 0, "msg": "\\u63a5\\u6536\\u6210\\u529f"}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments):
                pass


        @pytest.fixture(scope="session")
        def globewire_emulator():
            server = HTTPServer(("127.0.0.1", 0), Endpoint)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            with Emulator.start(callback=f"http://127.0.0.1:{server.server_port}/receipts") as emulator:
                yield emulator
            server.shutdown()


        @pytest.fixture
        def receipts(globewire):
            while not RECEIPTS.empty():
                RECEIPTS.get()
            return RECEIPTS
    """,
    "test_shop.py": """
        import sys

        import pytest
        from alibabacloud_dysmsapi20180501.client import Client
        from alibabacloud_dysmsapi20180501.models import SendMessageToGlobeRequest
        from alibabacloud_tea_openapi.models import Config

        PHONE = "6591234567"


        @pytest.fixture
        def send(globewire):
            key = {"access_key_id": globewire.access_key_id, "access_key_secret": globewire.access_key_secret}
            client = Client(Config(endpoint=globewire.endpoint, protocol="http", **key))

            def sent(text):
                return client.send_message_to_globe(SendMessageToGlobeRequest(to=PHONE, message=text, type="OTP")).body.message_id

            return sent


        @pytest.mark.parametrize("code", ["482913", "007007"])
        def test_each_test_gets_its_own_code(globewire, send, code):
            send(f"Your code is {code}.")
            assert globewire.wait_for(PHONE).code == code
            assert len(globewire.messages()) == 1


        def test_a_failure_is_pushed(globewire, send, receipts):
            globewire.fail_next(PHONE, error=27)
            id = send("Your code is 123456.")
            report = receipts.get(timeout=20)
            assert (report["MessageId"], report["Status"], report["ErrorCode"]) == (id, "2", "UNDELIV:027")


        def test_three_days_later(globewire, send, receipts):
            globewire.no_receipt(PHONE)
            id = send("Your code is 123456.")
            before = globewire.now()
            assert (globewire.advance(hours=72) - before).total_seconds() >= 72 * 3600
            assert (receipts.get(timeout=20)["MessageId"], globewire.message(id).state) == (id, "expired")


        def test_no_message(globewire):
            globewire.wait_for(PHONE, timeout=0.1)


        def test_nothing_of_the_gateway_is_loaded(globewire):
            others = {name for name in sys.modules if name.startswith("globewire.") and not name.startswith("globewire.testing")}
            assert others == set()
    """,
}


def written(folder: Path, files: dict[str, str]) -> None:
    """A project of these files."""
    for name, text in files.items():
        (folder / name).write_text(re.sub(r"^ {8}", "", text, flags=re.MULTILINE), encoding="utf-8")


def environment() -> dict[str, str]:
    """As an application's developer has it: no proxy, and settings of some other gateway lying about."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy") and name != "PYTHONPATH"}
    return {**kept, "GLOBEWIRE_API_LISTEN": "192.0.2.1:1"}


def test_an_application_tests_itself(tmp_path: Path) -> None:
    """Its own pytest run: fixtures without an import, codes read, receipts pushed, days gone by, and a wait in vain that fails."""
    written(tmp_path, PROJECT)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "5 passed, 1 failed" in ran.stdout or "1 failed, 5 passed" in ran.stdout, ran.stdout + ran.stderr
    assert f"NoMessage: no message to {HERE} came within 0.1 s" in ran.stdout


@pytest.fixture(scope="module")
def emulator() -> object:
    with Emulator.start(configuration="[simulator]\nreceipt_delay = [0, 0]", quota={"SendMessageToGlobe": 1000}) as running:
        yield running


def send(emulator: Emulator, to: str = HERE, text: str = "hello") -> str:
    """A message by the official SDK; its id."""
    key = {"access_key_id": emulator.access_key_id, "access_key_secret": emulator.access_key_secret}
    client = Client(Config(endpoint=emulator.endpoint, protocol="http", **key))
    return str(client.send_message_to_globe(SendMessageToGlobeRequest(to=to, message=text)).body.message_id)


def test_every_method_does_what_it_says(emulator: Emulator) -> None:
    """The orders, one after another."""
    emulator.reset()
    emulator.fail_next(HERE, receipt="DELETED", error=3)
    emulator.refuse_next(HERE)
    emulator.duplicate_receipt(HERE)
    emulator.receipt_first(HERE)
    emulator.deliver_next(HERE, delay="1h")
    ended = [emulator.wait_until_ended(send(emulator)) for _ in range(4)]
    assert [(message.state, message.error_code) for message in ended] == [
        ("failed", "DELETED:003"),
        ("rejected", "REJECTD:0000000B"),
        ("delivered", "DELIVERED"),
        ("delivered", "DELIVERED"),
    ]
    late = send(emulator)
    assert not emulator.wait_until_ended(late, timeout=0.05).ended
    emulator.advance(minutes=59)
    assert emulator.message(late).state == "submitted"
    emulator.advance("60s")
    assert emulator.message(late).delivered_at is not None
    assert [message.id for message in emulator.messages(HERE, after=ended[2])] == [ended[3].id, late]
    assert [part.state for part in emulator.message(late).parts] == ["delivered"]


def test_receipts_and_standing_orders(emulator: Emulator) -> None:
    emulator.reset()
    emulator.no_receipt(times=None)
    assert [(order["times"], order["receipts"]) for order in emulator.outcomes()] == [(None, 0)]
    id = send(emulator)
    message = emulator.wait_for(HERE)
    emulator.advance(seconds=1)
    emulator.push_receipt(message, "UNDELIV", error=12)
    assert (message.id, emulator.wait_until_ended(message).error_code) == (id, "UNDELIV:012")
    emulator.push_foreign_receipt("31337", HERE)
    emulator.withdraw("")
    assert emulator.outcomes() == []
    emulator.clear()
    assert emulator.messages() == []
    with pytest.raises(NoMessage, match="no message came within"):
        emulator.wait_for(timeout=0.05)


def test_what_cannot_be_done_is_told(emulator: Emulator) -> None:
    with pytest.raises(EmulatorFault, match="there is no message 1"):
        emulator.message("1")
    with pytest.raises(EmulatorFault, match="outcome must be one of"):
        emulator.order("vanish")
    with pytest.raises(EmulatorFault, match=r"did not start: globewire: (.|\n)*unknown key 'unknown'"):
        Emulator.start(configuration="[simulator]\nunknown = 1")
    with pytest.raises(EmulatorFault, match="does not answer"):
        Emulator(f"127.0.0.1:{free_port()}").now()


def test_it_ends_with_whoever_started_it() -> None:
    """Killed in the middle, a test run leaves no gateway behind."""
    program = "from globewire.testing import Emulator; e = Emulator.start(); print(e.endpoint, flush=True); input()"
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    host, _, port = parent.stdout.readline().strip().rpartition(":")
    with socket.create_connection((host, int(port))) as held:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        held.settimeout(PATIENCE)
        assert held.recv(1) == b""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((host, int(port))).close()
        except ConnectionRefusedError:
            break
        assert time.monotonic() < end
