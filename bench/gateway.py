"""The two processes that a run needs beside the load: a sink, and a gateway that delivers to it."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Self

import traffic
from process import first_line, running

_HERE = Path(__file__).parent
_PATIENCE = 30.0
_MOST = 2_000_000

CONFIGURATION = """\
[api]
listen = "127.0.0.1:{api}"

[console]
enabled = true

[hold]
url = "{hold}"
master_key_file = "{key_file}"

[send]
backlog = {backlog}

[callbacks]
allow_private = true

[[account]]
id = "bench"
callback = "http://127.0.0.1:{push}/push"
quota = {{ SendMessageToGlobe = 100000 }}

[[account.key]]
id = "{key}"
secret = "{secret}"

[[carrier]]
id = "sink"
host = "127.0.0.1"
port = {smpp}
system_id = "bench"
password = "bench"
binds = {binds}
window = {window}
pace = {pace}

[[route]]
carriers = ["sink"]
on_unknown = "resend"
"""


@dataclass(slots=True)
class Sink:
    """A running sink. Message numbers are given out by `take`, each once."""

    pid: int
    smpp: int
    http: int
    _next: int = 1

    @classmethod
    @contextmanager
    def started(cls, receipt_after: int) -> Iterator[Self]:
        """A sink that sends receipts `receipt_after` ms after their submits, until the block ends."""
        with running([sys.executable, str(_HERE / "sink.py"), "--most", str(_MOST)], stdout=subprocess.PIPE) as child:
            ports = json.loads(first_line(child))
            sink = cls(child.pid, ports["smpp"], ports["http"])
            sink.ask(f"/set?delay={receipt_after}")
            yield sink

    def take(self, count: int) -> int:
        """The first of `count` message numbers that nobody else has."""
        self._next += count
        if self._next > _MOST:
            raise SystemExit(f"the sink tells {_MOST:,} messages apart, no more: ask for fewer")
        return self._next - count

    def came(self, k: int) -> bool:
        """Whether message k was submitted."""
        return bool(self.ask(f"/dump?first={k}&n=1")["submits"][0])

    def ask(self, target: str) -> dict[str, Any]:
        """What the sink's control says."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{target}", timeout=20) as answer:
            return dict(json.load(answer))


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway: its process, its API's port, and how many seconds after its start the first message was through."""

    pid: int
    port: int
    accepted_after: float
    submitted_after: float

    @classmethod
    @contextmanager
    def started(
        cls,
        folder: Path,
        sink: Sink,
        binds: int,
        window: int,
        hold: str = "",
        *,
        pace: int = 0,
        backlog: int = 1_000_000,
        key_file: Path | None = None,
    ) -> Iterator[Self]:
        """A gateway that delivers to the sink at this pace, in segments a second, and keeps its files in `folder`, until the block
        ends. Those that share a database need one `key_file`."""
        folder.mkdir(exist_ok=True)
        api, file, log = free_port(), folder / "globewire.toml", folder / "globewire.log"
        ports = {"api": api, "push": sink.http, "smpp": sink.smpp}
        login = {"key": traffic.KEY, "secret": traffic.SECRET}
        hold = hold or f"sqlite://{folder}/globewire.db"
        limits = {"binds": binds, "window": window, "pace": pace, "backlog": backlog}
        file.write_text(CONFIGURATION.format(**ports, **login, **limits, key_file=key_file or folder / "master.key", hold=hold))
        command = [sys.executable, "-m", "globewire", "serve", "--config", str(file)]
        began = time.monotonic()
        with log.open("wb") as output, running(command, stdout=output, stderr=output, cwd=folder) as child:
            k = sink.take(1)
            _until(lambda: _accepts(api, k), child, log)
            accepted = time.monotonic() - began
            _until(lambda: sink.came(k) and sink.ask("/stats")["bound"] == binds, child, log)
            yield cls(child.pid, api, round(accepted, 2), round(time.monotonic() - began, 2))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _accepts(port: int, k: int) -> bool:
    (request,) = traffic.requests(k, 1, port, time.time_ns() // 1_000_000)
    head, _, _ = request.partition(b"\r\n\r\n")
    target, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{target.split(' ')[1]}", b"", headers, method="POST")
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return b'"ResponseCode":"OK"' in answer.read()
    except (OSError, HTTPException):
        return False


def _until(true: Callable[[], bool], child: "subprocess.Popen[str]", log: Path) -> None:
    """Return when `true()`; SystemExit, with the end of the log, where the gateway ended before or half a minute is over."""
    end = time.monotonic() + _PATIENCE
    while not true():
        if child.poll() is not None or time.monotonic() > end:
            how = f"ended with code {child.returncode}" if child.returncode is not None else f"does nothing for {_PATIENCE:.0f} s"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise SystemExit(f"the gateway {how}; its log ends:\n{tail}")
        time.sleep(0.02)
