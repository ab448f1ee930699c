"""Callbacks from the command line: the endpoint is set, its secret printed once, a test pushed to a real receiver."""

import asyncio
import dataclasses
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cli.conftest import Run
from globewire.hold.port import TELL, Became, Push, TellJob
from globewire.hold.sqlite import SqliteHold
from globewire.message import AccountId, Millis, State
from globewire.wire import callback as wire
from laws.making import NOW, account, message, submission


class Receiving(BaseHTTPRequestHandler):
    """Acknowledges every push, and keeps what came."""

    pushes: list[tuple[dict[str, str], bytes]]
    answer = b'{"code":0}'

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.pushes.append((headers, self.rfile.read(int(headers["content-length"]))))
        self.send_response(200)
        self.send_header("content-length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, format: str, *words: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    Receiving.pushes = []
    with HTTPServer(("127.0.0.1", 0), Receiving) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def private(shop: Run, place: Path) -> Run:
    """Commands with a configuration that permits loopback endpoints."""
    (place / "globewire.toml").write_text("[callbacks]\nallow_private = true\n")
    return shop


def test_the_secret_is_printed_the_first_time_only(shop: Run) -> None:
    first = shop("callback", "set", "shop", "https://shop.example/receipts", "--json").json
    assert len(first["secret"]) == 64
    again = shop("callback", "set", "shop", "https://shop.example/other", "--json").json
    assert again == {"account": "shop", "url": "https://shop.example/other"}
    assert shop("callback", "show", "shop", "--secret", "--json").json[0]["secret"] == first["secret"]
    assert first["secret"] not in shop("callback", "show").out
    fresh = shop("callback", "set", "shop", "https://shop.example/other", "--new-secret", "--json").json["secret"]
    assert fresh != first["secret"]
    assert shop("callback", "set", "shop", "--off", "--json").json == {"account": "shop", "url": ""}


def test_a_test_is_pushed_and_signed(private: Run, receiver: HTTPServer) -> None:
    url = f"http://127.0.0.1:{receiver.server_port}/receipts"
    secret = private("callback", "set", "shop", url, "--json").json["secret"]
    ran = private("callback", "test", "shop")
    assert ran.code == 0
    assert f"{url} acknowledged the test" in ran.out
    ((headers, body),) = Receiving.pushes
    assert json.loads(body)[0]["MessageId"] == "0"
    timestamp = int(headers[wire.TIMESTAMP_HEADER])
    assert headers[wire.SIGNATURE_HEADER] == wire.headers(secret.encode(), timestamp, body)[wire.SIGNATURE_HEADER]


def test_an_endpoint_that_does_not_acknowledge_is_a_failure(
    private: Run, receiver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Receiving, "answer", b"thank you")
    private("callback", "set", "shop", f"http://127.0.0.1:{receiver.server_port}/")
    ran = private("callback", "test", "shop")
    assert (ran.code, ran.out) == (1, "")
    assert 'an endpoint answers HTTP 200 with {"code": 0}' in ran.err


def test_given_up_receipts_are_queued_again(run: Run, place: Path) -> None:
    async def give_up() -> None:
        hold = await SqliteHold.open(place / "globewire.db")
        try:
            await hold.put_account(account("https://shop.example/receipts"))
            await hold.keep([submission(1)], None)
            await hold.record(Became(message(1).id, State.REJECTED, NOW, None, "X", "x"))
            (job,) = await hold.claim(TELL, 10, Millis(NOW + 1), 1000)
            assert isinstance(job, TellJob)
            push = Push(NOW, 12, 500, False, "HTTP 500", "no", 1)
            await hold.bury(dataclasses.replace(job, push=push), Millis(NOW + 2))
        finally:
            await hold.close()

    asyncio.run(give_up())
    (row,) = run("callback", "show", "--json").json
    assert (row["account"], row["waiting"], row["given_up"]) == (AccountId("shop"), 0, 1)
    assert run("callback", "replay", "shop", "--json").json == {"account": "shop", "queued": 1}
    (row,) = run("callback", "show", "--json").json
    assert (row["waiting"], row["given_up"]) == (1, 0)
    assert "No receipt of shop was given up" in run("callback", "replay", "shop").out
    assert (row["last"], row["last_status"], row["last_said"], row["acknowledged_at"]) == ("HTTP 500", 500, "no", None)
    assert "HTTP 500, 2027-01-15" in run("callback", "show").out
    id = str(message(1).id)
    assert "1 receipt of shop is queued again" in run("callback", "replay", "shop", "--message", id).out
    life = [event["how"] for event in run("message", "show", id, "--json").json["life"] if event["what"] == "callback"]
    assert "pushed and refused: HTTP 500 (after 12 ms, HTTP 500, no)" in life
    assert "queued again, since somebody asked for it" in life


def test_what_cannot_be_pushed_again_is_said(run: Run, place: Path) -> None:
    async def keep() -> None:
        hold = await SqliteHold.open(place / "globewire.db")
        try:
            await hold.put_account(account(""))
            await hold.keep([submission(1), submission(2)], None)
            await hold.record(Became(message(1).id, State.REJECTED, NOW, None, "X", "x"))
        finally:
            await hold.close()

    asyncio.run(keep())
    for id, why in ((message(1).id, "the account has no endpoint"), (message(2).id, "still under way"), (7, "has no message 7")):
        ran = run("callback", "replay", "shop", "--message", str(id))
        assert (ran.code, why in ran.err) == (1, True)
