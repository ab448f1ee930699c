"""`make run`: serve with the simulator, send a first SMS through the official SDK, show its life, then go on serving.

It writes var/laptop.toml anew each time, with an AccessKey made once for this machine, and takes the delivery receipt itself.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from alibabacloud_dysmsapi20180501.client import Client
from alibabacloud_dysmsapi20180501.models import QueryMessageRequest, SendMessageToGlobeRequest
from alibabacloud_tea_openapi.models import Config
from rich.console import Console

VAR = Path("var")
CONFIGURATION = VAR / "laptop.toml"
TO = "85261234567"
console = Console(highlight=False)


def main() -> None:
    """Serve, send, show, and serve on until interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell may have left SIGINT ignored
        signal.signal(number, interrupted)
    receipts = listen()
    key = prepare(receipts.server_port)
    gateway = subprocess.Popen(
        [sys.executable, "-m", "globewire", "--config", str(CONFIGURATION), "serve", "--json"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert gateway.stdout is not None
        line = gateway.stdout.readline()
        if not line:
            sys.exit(gateway.wait() or 1)
        api = json.loads(line)["api"]
        send(api, *key)
        console.print(f"\nServing on [bold]{api}[/bold] with AccessKey [bold]{key[0]}[/bold] (its secret is in {CONFIGURATION}).")
        console.print(f"Send more:  .venv/bin/globewire --config {CONFIGURATION} send --to {TO} --text 'Hello' --wait")
        console.print(f"Look at it: [bold]{api}/console/[/bold]")
        console.print("Stop with Ctrl-C.")
        gateway.wait()
    except KeyboardInterrupt:
        console.print("\nStopping.")
    finally:
        if gateway.poll() is None:
            gateway.send_signal(signal.SIGTERM)
        gateway.wait()


def interrupted(number: int, frame: object) -> None:
    """End as Ctrl-C does."""
    raise KeyboardInterrupt


def prepare(port: int) -> tuple[str, str]:
    """The configuration of this machine, with its AccessKey; receipts go to `port`."""
    VAR.mkdir(exist_ok=True)
    secret_file = VAR / "laptop.secret"
    if not secret_file.exists():
        with open(os.open(secret_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    secret = secret_file.read_text()
    with open(os.open(CONFIGURATION, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(
            f"""[hold]
url = "sqlite://{VAR}/laptop.db"

[callbacks]
allow_private = true  # this machine's own listener

[simulator]
receipt_delay = [0.5, 1.0]

[log]
level = "warning"

[[account]]
id = "laptop"
callback = "http://127.0.0.1:{port}/receipts"

  [[account.key]]
  id = "laptop-key"
  secret = "{secret}"
"""
        )
    return "laptop-key", secret


def send(api: str, key_id: str, secret: str) -> None:
    """One SMS by the official SDK, followed to its end."""
    endpoint = api.removeprefix("http://")
    client = Client(Config(access_key_id=key_id, access_key_secret=secret, endpoint=endpoint, protocol="http"))
    message = "Your code is 482913. It is valid for 10 minutes."
    console.print(f"[bold]SendMessageToGlobe[/bold] to {TO} through alibabacloud-dysmsapi20180501, endpoint {endpoint}")
    request = SendMessageToGlobeRequest(to=TO, message=message, type="OTP", task_id="first")
    sent = client.send_message_to_globe(request).body.to_map()
    for name, value in sent.items():
        console.print(f"  {name}: {value}")
    if sent["ResponseCode"] != "OK":
        return
    seen = ""
    deadline = time.monotonic() + 30
    while seen not in ("1", "2") and time.monotonic() < deadline:
        body = client.query_message(QueryMessageRequest(message_id=sent["MessageId"])).body
        if body.status != seen:
            seen = body.status
            words = {"1": "delivered", "2": "failed", "3": "under way"}[seen]
            console.print(f"[bold]QueryMessage[/bold] Status {seen} ({words}) {body.error_code or ''} {body.receive_date or ''}")
        time.sleep(0.1)
    _Receipts.came.wait(10)
    command = [sys.executable, "-m", "globewire", "--config", str(CONFIGURATION), "message", "show", sent["MessageId"]]
    subprocess.run(command, check=False)


class _Receipts(BaseHTTPRequestHandler):
    """Takes receipt pushes, prints and acknowledges them."""

    came = threading.Event()

    def do_POST(self) -> None:
        """One push: a JSON array of receipts."""
        body = self.rfile.read(int(self.headers["content-length"]))
        console.print(f"[bold]Receipt pushed[/bold] to our callback: {body.decode()}")
        answer = b'{"code":0,"msg":"ok"}'
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.came.set()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the receipt itself is printed."""


def listen() -> HTTPServer:
    """A callback endpoint on a free port of this machine."""
    server = HTTPServer(("127.0.0.1", 0), _Receipts)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    main()
