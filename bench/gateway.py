"""The two processes that a run needs beside the load: a sink, and a gateway that delivers to it."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Self

import process
import traffic
from load import YES

_HERE = Path(__file__).parent
_PATIENCE = 60.0
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
"""

ACCOUNT = """
[[account]]
id = "bench{account}"
callback = "http://127.0.0.1:{push}/push{account}"
quota = {{ SendMessageToGlobe = 100000, BatchSendMessageToGlobe = 100000 }}
key = [{{ id = "{key}", secret = "{secret}" }}]
"""

CARRIER = """
[[carrier]]
id = "{carrier}"
host = "127.0.0.1"
port = {smpp}
system_id = "bench"
password = "bench"
binds = {binds}
window = {window}
pace = {pace}

[[route]]
carriers = ["{carrier}"]
{where}
on_unknown = "resend"
"""


def configuration(head: Mapping[str, object], carrier: Mapping[str, object], accounts: int, carriers: int) -> str:
    """A gateway's file: what `head` and each `carrier` say; each account has a key, a quota and a callback of its own, and each
    carrier its share of the world."""
    logins = [traffic.login(account) for account in range(accounts)]
    names = [(str(place or ""), *login) for place, login in enumerate(logins)]
    books = [ACCOUNT.format(account=name, key=key, secret=secret, **head) for name, key, secret in names]
    shares = [f"prefixes = {json.dumps(traffic.areas()[place::carriers])}" if carriers > 1 else "" for place in range(carriers)]
    lines = [CARRIER.format(carrier=f"sink{place or ''}", where=share, **carrier) for place, share in enumerate(shares)]
    return CONFIGURATION.format(**head) + "".join(books + lines)


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
        with process.running([sys.executable, str(_HERE / "sink.py"), "--most", str(_MOST)], stdout=subprocess.PIPE) as child:
            ports = json.loads(process.first_line(child))
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

    def told(self, k: int) -> bool:
        """Whether the receipt of message k was pushed: nothing of it comes any more, to be counted with others."""
        return bool(self.ask(f"/dump?first={k}&n=1")["pushes"][0])

    def ask(self, target: str) -> dict[str, Any]:
        """What the sink's control says."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{target}", timeout=20) as answer:
            return dict(json.load(answer))


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway: its process, its API's port, how many accounts it has, and how many seconds after its start the first
    message was through."""

    pid: int
    port: int
    accepted_after: float
    submitted_after: float
    accounts: int = 1
    name: str = "globewire"

    @property
    def pids(self) -> list[int]:
        """Its processes."""
        return process.tree(self.pid)

    def commits(self) -> int | None:
        """How many transactions its store has committed."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=20) as answer:
            lines = answer.read().decode().splitlines()
        return sum(int(float(line.split()[1])) for line in lines if line.startswith("globewire_commit_requests_count"))

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
        accounts: int = 1,
        carriers: int = 1,
    ) -> Iterator[Self]:
        """A gateway that delivers to the sink at this pace, in segments a second, and keeps its files in `folder`, until the block
        ends. Those that share a database need one `key_file`. Each carrier has so many binds, that window and that pace."""
        folder.mkdir(exist_ok=True)
        api, file, log = free_port(), folder / "globewire.toml", folder / "globewire.log"
        head = {
            "api": api, "push": sink.http, "hold": hold or f"sqlite://{folder}/globewire.db",
            "key_file": key_file or folder / "master.key", "backlog": backlog,
        }  # fmt: skip
        line = {"smpp": sink.smpp, "binds": binds, "window": window, "pace": pace}
        file.write_text(configuration(head, line, accounts, carriers))
        command = [sys.executable, "-m", "globewire", "serve", "--config", str(file)]
        began = time.monotonic()
        with log.open("wb") as output, process.running(command, stdout=output, stderr=output, cwd=folder) as child:
            k = sink.take(1)
            until(lambda: _accepts(api, k), [child], log)
            accepted = time.monotonic() - began
            until(lambda: sink.came(k) and sink.ask("/stats")["bound"] == binds * carriers, [child], log)
            submitted = time.monotonic() - began
            until(lambda: sink.told(k), [child], log)
            yield cls(child.pid, api, round(accepted, 2), round(submitted, 2), accounts)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def said(port: int, request: bytes) -> bytes:
    """The body of the answer to one request; empty where there is none."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(request)
            answer = HTTPResponse(line)
            answer.begin()
            return answer.read()
    except (OSError, HTTPException):
        return b""


def until(true: Callable[[], bool], children: "Sequence[subprocess.Popen[str]]", log: Path) -> None:
    """Return when `true()`; SystemExit, with the end of the log, where one of its processes ended before, or a minute is over."""
    end = time.monotonic() + _PATIENCE
    while not true():
        ended = [child.returncode for child in children if child.poll() is not None]
        if ended or time.monotonic() > end:
            how = f"ended with code {ended[0]}" if ended else f"does nothing for {_PATIENCE:.0f} s"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise SystemExit(f"the gateway {how}; its log ends:\n{tail}")
        time.sleep(0.02)


def _accepts(port: int, k: int) -> bool:
    (request,) = traffic.requests(k, 1, port, time.time_ns() // 1_000_000)
    return YES["globewire"][1] in said(port, request)
