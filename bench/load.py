"""The load: signed requests over keep-alive connections, in a closed loop or at a fixed rate; what became of each, and when.

load.py --port P --n N [--rate R] [--out FILE] prints one JSON object; FILE gets what `Outcomes.read` reads. It signs
before it starts; with --wait it then says so in a line, and starts when it is given one. It does not know what becomes of a
message after its answer: the sink does. It can ask Kannel instead, unsigned.
"""

import argparse
import asyncio
import gc
import json
import sys
import threading
import time
from array import array
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, cast

import traffic
import uvloop

UNANSWERED, ACCEPTED, REFUSED, LOST = range(4)
YES = {"globewire": (b"200", b'"ResponseCode":"OK"'), "kannel": (b"202", b"0: Accepted")}
"""Of each gateway: the status of an answer that accepts, and what stands in it."""
_RECONNECTS = 1000


class Outcomes:
    """Of each message: when it was sent (closed loop) or due (fixed rate), when it was answered (ns, monotonic), and how."""

    __slots__ = ("became", "ended", "started")

    def __init__(self, count: int) -> None:
        self.started, self.ended, self.became = array("q", bytes(8 * count)), array("q", bytes(8 * count)), bytearray(count)

    def write(self, path: Path) -> None:
        """Write them where `read` finds them."""
        path.write_bytes(self.started.tobytes() + self.ended.tobytes() + self.became)

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` wrote."""
        octets = path.read_bytes()
        count = len(octets) // 17
        outcomes = cls(count)
        outcomes.started = array("q", octets[: 8 * count])
        outcomes.ended = array("q", octets[8 * count : 16 * count])
        outcomes.became = bytearray(octets[16 * count :])
        return outcomes

    @classmethod
    def joined(cls, several: Sequence[Self]) -> Self:
        """Those of several runs, one after another."""
        outcomes = cls(0)
        for each in several:
            outcomes.started += each.started
            outcomes.ended += each.ended
            outcomes.became += each.became
        return outcomes

    def milliseconds(self) -> list[float]:
        """How long each answered message waited for its answer, sorted."""
        rows = zip(self.started, self.ended, strict=True)
        return sorted([(ended - started) / 1e6 for started, ended in rows if ended])


class Load:
    """One run. `rate` is in messages a second, 0 for a closed loop: each connection sends when it has its answer."""

    def __init__(self, port: int, requests: list[bytes], connections: int, rate: float, gateway: str = "globewire") -> None:
        self.outcomes = Outcomes(len(requests))
        self.refused: Counter[str] = Counter()
        self.late: list[float] = []
        self.began = self.ended = 0
        self._port, self._requests, self._connections, self._rate = port, requests, connections, rate
        self._next = self._answers = self._reconnects = 0
        self._idle: list[_Connection] = []
        self._due: deque[int] = deque()
        self._status, self._yes = YES[gateway]
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()

    async def connect(self) -> None:
        """Open the connections."""
        await asyncio.gather(*[self._loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
                               for _ in range(self._connections)])  # fmt: skip

    async def run(self, seconds: float) -> None:
        """Send everything, and return when all is answered or `seconds` are over."""
        self.began = time.monotonic_ns()
        if self._rate:
            threading.Thread(target=self._pace, daemon=True).start()
        else:
            for connection in [self._idle.pop() for _ in range(min(len(self._idle), len(self._requests)))]:
                self._send_next(connection)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over, seconds)
        self.ended = time.monotonic_ns()

    def answered(self, connection: "_Connection", k: int, answer: bytes) -> None:
        """Message k has its answer, and the connection is free."""
        if self._yes in answer and answer[9:12] == self._status:
            self._become(k, ACCEPTED)
        else:
            self._become(k, REFUSED)
            self.refused[_code(answer)] += 1
        self.free(connection)

    def free(self, connection: "_Connection") -> None:
        """Give the connection something to do, if there is anything."""
        if self._due:
            connection.send(k := self._due.popleft(), self._requests[k])
        elif self._rate or not self.began or self._next == len(self._requests):
            self._idle.append(connection)
        else:
            self._send_next(connection)

    def lost(self, connection: "_Connection", k: int) -> None:
        """The connection broke; message k (-1: none) has no answer."""
        if k >= 0:
            self._become(k, LOST)
        elif connection in self._idle:
            self._idle.remove(connection)
        self._reconnects += 1
        if not self._over.done() and self._reconnects <= _RECONNECTS:
            self._again = self._loop.create_task(self._reconnect())

    async def _reconnect(self) -> None:
        try:
            await self._loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
        except OSError as fault:
            if not self._over.done():
                self._over.set_exception(SystemExit(f"load: the gateway does not take connections any more: {fault}"))

    def _become(self, k: int, what: int) -> None:
        self.outcomes.ended[k] = time.monotonic_ns()
        self.outcomes.became[k] = what
        self._answers += 1
        if self._answers == len(self._requests) and not self._over.done():
            self._over.set_result(None)

    def _send_next(self, connection: "_Connection") -> None:
        k = self._next
        self._next = k + 1
        self.outcomes.started[k] = time.monotonic_ns()
        connection.send(k, self._requests[k])

    def _pace(self) -> None:
        """Wake the loop when messages are due. A thread, since the loop's own timers are whole milliseconds."""
        step = 1 / self._rate
        for k in range(len(self._requests)):
            if self._over.done():
                return
            due = self.began / 1e9 + k * step
            ahead = due - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
            self._loop.call_soon_threadsafe(self._is_due, k, int(due * 1e9))

    def _is_due(self, k: int, due: int) -> None:
        self.outcomes.started[k] = due
        self.late.append((time.monotonic_ns() - due) / 1e6)
        if self._idle:
            self._idle.pop().send(k, self._requests[k])
        else:
            self._due.append(k)


class _Connection(asyncio.Protocol):
    __slots__ = ("_answer", "_busy", "_load", "_transport")
    _transport: asyncio.WriteTransport

    def __init__(self, load: Load) -> None:
        self._load, self._answer, self._busy = load, b"", -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._load.free(self)

    def send(self, k: int, request: bytes) -> None:
        self._busy = k
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        answer = self._answer + data if self._answer else data
        head = answer.find(b"\r\n\r\n")
        if head < 0 or len(answer) < head + 4 + _length(answer[:head]):
            self._answer = answer
            return
        self._answer = b""
        k, self._busy = self._busy, -1
        self._load.answered(self, k, answer)

    def connection_lost(self, exc: Exception | None) -> None:
        k, self._busy = self._busy, -1
        self._load.lost(self, k)


def _length(head: bytes) -> int:
    """Content-Length, 0 where there is none."""
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0] or 0)


def _code(answer: bytes) -> str:
    """What a refusal calls itself."""
    head, _, body = answer.partition(b"\r\n\r\n")
    try:
        reply = json.loads(body)
    except ValueError:
        return head[9:12].decode("latin-1")
    return str(reply.get("ResponseCode") or reply.get("Code")) if isinstance(reply, dict) else "?"


def percentiles(values: list[float], *which: float) -> list[float | None]:
    """Percentiles of values that are sorted, rounded; None where there are no values."""
    return [round(values[min(len(values) - 1, int(len(values) * p / 100))], 3) if values else None for p in which]


def summary(load: Load, signing: float, cpu: float) -> dict[str, Any]:
    """What a run came to, ready for JSON."""
    became, seconds = load.outcomes.became, (load.ended - load.began) / 1e9
    accepted = became.count(ACCEPTED)
    return {
        "n": len(became), "accepted": accepted, "refused": dict(load.refused), "lost": became.count(LOST),
        "unanswered": became.count(UNANSWERED), "began": load.began, "seconds": round(seconds, 3),
        "accepted_per_s": round(accepted / seconds, 1), "answer_ms": percentiles(load.outcomes.milliseconds(), 50, 95, 99),
        "late_ms": percentiles(sorted(load.late), 50, 99), "cpu_s": round(cpu, 3), "signing_s": round(signing, 3),
    }  # fmt: skip


def _requests(asked: argparse.Namespace) -> Iterable[bytes]:
    if asked.gateway == "kannel":
        return traffic.sendsms(asked.first, asked.n, asked.port, asked.sink)
    return traffic.requests(asked.first, asked.n, asked.port, time.time_ns() // 1_000_000, asked.accounts)


async def _main(asked: argparse.Namespace) -> None:
    before = time.monotonic()
    requests = list(_requests(asked))
    signing = time.monotonic() - before
    gc.collect()
    gc.freeze()
    gc.disable()  # nothing here makes cycles, and a pause of ours would count as the gateway's
    load = Load(asked.port, requests, asked.connections, asked.rate, asked.gateway)
    await load.connect()
    if asked.wait:
        print("ready", flush=True)
        sys.stdin.readline()
    cpu = time.process_time()
    await load.run(asked.seconds)
    print(json.dumps(summary(load, signing, time.process_time() - cpu)))
    if asked.out:
        load.outcomes.write(asked.out)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", type=int, required=True, help="where the gateway's API listens on 127.0.0.1")
    arguments.add_argument("--n", type=int, required=True, help="messages")
    arguments.add_argument("--first", type=int, default=1, help="the first message's number")
    arguments.add_argument("--connections", type=int, default=32)
    arguments.add_argument("--rate", type=float, default=0, help="messages a second; 0: closed loop")
    arguments.add_argument("--seconds", type=float, default=300, help="give up after so long")
    arguments.add_argument("--gateway", choices=YES, default="globewire", help="whose API it is")
    arguments.add_argument("--accounts", type=int, default=1, help="accounts that sign in turn")
    arguments.add_argument("--sink", type=int, default=0, help="the port that Kannel's callbacks go to")
    arguments.add_argument("--wait", action="store_true", help="say when ready, and start when a line comes")
    arguments.add_argument("--out", type=Path, help="where to write what became of each message")
    uvloop.run(_main(arguments.parse_args()))
