"""The sink: an SMSC that takes everything at once and sends a receipt for it later, and the endpoint that receipts are pushed to.

sink.py prints {"smpp": PORT, "http": PORT} when it listens. Of each numbered message (`#` and eight digits in its text; the
TaskId of a receipt pushed to /push, the number in Kannel's callback to /dlr/NUMBER/...) it knows how often it came and when
first. It reads of SMPP only what it needs, and checks nothing: it is no test of a gateway's correctness. Control, over HTTP:
GET /stats, GET /set?delay=MS&window=N&away=0|1, GET /dump?first=K&n=N.
"""

import argparse
import asyncio
import gc
import json
import re
import socket
import struct
import time
from array import array
from collections import deque
from typing import cast
from urllib.parse import parse_qs, urlsplit

import uvloop

_HEAD = struct.Struct(">IIII")
_SUBMIT, _SUBMIT_RESP, _DELIVER, _DELIVER_RESP = 4, 0x8000_0004, 5, 0x8000_0005
_BINDS, _HEARS = (1, 2, 9), (1, 9)  # receiver, transmitter, transceiver
_ANSWERED_PLAINLY = (0x15, 6)  # enquire_link, unbind
_TASK_ID = re.compile(rb'"TaskId"\s*:\s*"(\d+)"')
_LARGEST = 65_536
QUICK = getattr(socket, "TCP_QUICKACK", 0)
"""What has a segment acknowledged at once: a gateway that leaves Nagle's algorithm on, as Kannel does, waits for that."""
_OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"

Receipt = tuple[int, int, bytes, bytes]
"""When it is due (ns), the message's id at this SMSC, who got the message and who sent it (ton, npi, address, NUL)."""


class Record:
    """What came of each numbered message: submits, the first's time, receipts pushed, the first's time (ns, monotonic)."""

    def __init__(self, most: int) -> None:
        self.submits, self.pushes = bytearray(most), bytearray(most)
        self.submitted, self.pushed = array("q", bytes(8 * most)), array("q", bytes(8 * most))
        self.count = {"submits": 0, "unnumbered": 0, "receipts": 0, "acknowledged": 0, "pushes": 0, "bound": 0}
        self.delay, self.window, self.away = 1000, 100, False
        self.orphans: deque[Receipt] = deque()
        """Receipts for which no line was open."""

    def submit(self, number: bytes) -> None:
        """A submit_sm came with this number in its text."""
        self.count["submits"] += 1
        self._note(self.submits, self.submitted, number)

    def push(self, number: bytes) -> None:
        """A receipt was pushed with this TaskId."""
        self.count["pushes"] += 1
        self._note(self.pushes, self.pushed, number)

    def _note(self, times: bytearray, first: "array[int]", number: bytes) -> None:
        if not number.isdigit() or (k := int(number)) >= len(times):
            self.count["unnumbered"] += 1
            return
        if not times[k]:
            first[k] = time.monotonic_ns()
        times[k] = min(times[k] + 1, 255)

    def dump(self, first: int, n: int) -> dict[str, list[int]]:
        """The records of messages `first` and on."""
        part = slice(first, first + n)
        return {
            "submits": list(self.submits[part]), "submitted": self.submitted[part].tolist(),
            "pushes": list(self.pushes[part]), "pushed": self.pushed[part].tolist(),
        }  # fmt: skip


class Smsc(asyncio.Protocol):
    """One client's connection. `lines` are all that are open: a receipt may go by another than its message came by."""

    _transport: asyncio.Transport

    def __init__(self, record: Record, lines: list["Smsc"]) -> None:
        self._record, self._lines = record, lines
        self._rest = b""
        self._out: list[bytes] = []
        self._bound = self._unacknowledged = self._sequence = 0
        self.receipts: deque[Receipt] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._socket = cast(socket.socket, transport.get_extra_info("socket"))
        self._lines.append(self)
        if self._record.away:
            self.break_off()

    def break_off(self) -> None:
        """Cut the connection, as a carrier's fault does."""
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lines.remove(self)
        self._record.count["bound"] -= bool(self._bound)
        if self._timer:
            self._timer.cancel()
        self._timer = None
        self._hand_over()

    def data_received(self, data: bytes) -> None:
        if QUICK:
            self._socket.setsockopt(socket.IPPROTO_TCP, QUICK, 1)  # for this once: the kernel forgets it again
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        while end - at >= 16:
            length, command, _, sequence = _HEAD.unpack_from(data, at)
            if not 16 <= length <= _LARGEST:
                self._transport.abort()
                return
            if end - at < length:
                break
            if command == _SUBMIT:
                self._submit(data[at : at + length], sequence)
            elif command == _DELIVER_RESP:
                self._unacknowledged -= 1
                self._record.count["acknowledged"] += 1
            else:
                self._answer(command, sequence)
            at += length
        self._rest = data[at:]
        self.go()

    def go(self) -> None:
        """Send the receipts that are due, as far as the window goes, and everything else that waits to be sent."""
        now = time.monotonic_ns()
        while self.receipts and self._unacknowledged < self._record.window and self.receipts[0][0] <= now:
            self._deliver(self.receipts.popleft())
        if self._out:
            self._transport.write(b"".join(self._out))
            self._out.clear()
        if self.receipts and not self._timer and self._unacknowledged < self._record.window:
            ahead = max(self.receipts[0][0] - now, 1_000_000) / 1e9
            self._timer = asyncio.get_running_loop().call_later(ahead, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.go()

    def _submit(self, frame: bytes, sequence: int) -> None:
        """Answer a submit_sm (SMPP 3.4 section 4.4.1), note it, and queue its receipt if it asked for one."""
        source = frame.index(0, 16) + 1
        destination = frame.index(0, source + 2) + 1
        esm = frame.index(0, destination + 2) + 1
        validity = frame.index(0, esm + 3) + 1
        wanted = frame.index(0, validity) + 1
        mark = frame.find(b"#", wanted + 4)
        self._record.submit(frame[mark + 1 : mark + 9] if mark >= 0 else b"")
        id = self._record.count["submits"] + 1_000_000_000
        self._out.append(_HEAD.pack(27, _SUBMIT_RESP, 0, sequence) + b"%d\0" % id)
        if frame[wanted] & 3 and self._record.delay >= 0:
            due = time.monotonic_ns() + self._record.delay * 1_000_000
            self.receipts.append((due, id, frame[destination:esm], frame[source:destination]))
            if self._bound not in _HEARS:
                self._hand_over()

    def _deliver(self, receipt: Receipt) -> None:
        """A receipt as of SMPP 3.4 appendix B, with receipted_message_id and message_state beside it."""
        _, id, whose, sender = receipt
        day = time.strftime("%y%m%d%H%M").encode()
        text = b"id:%d sub:001 dlvrd:001 submit date:%s done date:%s stat:DELIVRD err:000 text:-" % (id, day, day)
        tlvs = b"\0\x1e\0\x0b%d\0\x04\x27\0\1\2" % id
        body = b"\0" + whose + sender + b"\4\0\0\0\0\0\0\0\0" + bytes((len(text),)) + text + tlvs
        self._sequence += 1
        self._out.append(_HEAD.pack(16 + len(body), _DELIVER, 0, self._sequence) + body)
        self._unacknowledged += 1
        self._record.count["receipts"] += 1

    def _answer(self, command: int, sequence: int) -> None:
        if command in _BINDS:
            self._record.count["bound"] += not self._bound
            self._bound = command
            self._out.append(_HEAD.pack(21, command | 0x8000_0000, 0, sequence) + b"SINK\0")
            if command in _HEARS:
                self.receipts, self._record.orphans = self._record.orphans, deque()
        elif command in _ANSWERED_PLAINLY:
            self._out.append(_HEAD.pack(16, command | 0x8000_0000, 0, sequence))
        elif command < 0x8000_0000:
            self._out.append(_HEAD.pack(16, 0x8000_0000, 3, sequence))  # generic_nack: no such command here

    def _hand_over(self) -> None:
        """Give the receipts to a line that hears, or keep them for the next that binds."""
        heir = next((line for line in self._lines if line._bound in _HEARS), None)
        (heir.receipts if heir else self._record.orphans).extend(self.receipts)
        self.receipts.clear()
        if heir:
            heir.go()


class Endpoint(asyncio.Protocol):
    """One HTTP connection: receipts pushed by a gateway, or control."""

    _transport: asyncio.Transport

    def __init__(self, record: Record, lines: list[Smsc]) -> None:
        self._record, self._lines, self._rest = record, lines, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while (head := self._rest.find(b"\r\n\r\n")) >= 0:
            lines = self._rest[:head].lower()
            length = int(lines.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self._rest) < head + 4 + length:
                return
            body = self._rest[head + 4 : head + 4 + length]
            self._rest = self._rest[head + 4 + length :]
            answer = self._answer(lines.split(b" ", 2)[1].decode("latin-1"), body)
            self._transport.write(_OK % len(answer) + answer)

    def _answer(self, target: str, body: bytes) -> bytes:
        if target.startswith("/dlr/"):
            self._record.push(target[5:13].encode())
            return b""
        if target.startswith("/push"):
            for number in _TASK_ID.findall(body):
                self._record.push(number)
            return b'{"code":0,"msg":"ok"}'
        url = urlsplit(target)
        asked = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
        if url.path == "/dump":
            return json.dumps(self._record.dump(asked["first"], asked["n"])).encode()
        if url.path == "/set":
            self._set(asked)
        return json.dumps({**self._record.count, "cpu_s": time.process_time()}).encode()

    def _set(self, asked: dict[str, int]) -> None:
        self._record.delay = asked.get("delay", self._record.delay)
        self._record.window = asked.get("window", self._record.window)
        self._record.away = bool(asked.get("away", self._record.away))
        for line in list(self._lines) if self._record.away else ():
            line.break_off()


async def _main(asked: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    record, lines = Record(asked.most), list[Smsc]()
    try:
        smpp = await loop.create_server(lambda: Smsc(record, lines), "127.0.0.1", asked.smpp)
        http = await loop.create_server(lambda: Endpoint(record, lines), "127.0.0.1", asked.http)
    except OSError as fault:
        raise SystemExit(f"the sink cannot listen: {fault}") from fault
    gc.collect()
    gc.disable()  # nothing on the hot path makes cycles, and a pause of ours would count as the gateway's
    print(json.dumps({"smpp": smpp.sockets[0].getsockname()[1], "http": http.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.gather(smpp.serve_forever(), http.serve_forever())


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--smpp", type=int, default=0, help="the SMSC's port on 127.0.0.1; 0: any that is free")
    arguments.add_argument("--http", type=int, default=0, help="the endpoint's port on 127.0.0.1; 0: any that is free")
    arguments.add_argument("--most", type=int, default=1_000_000, help="message numbers are below this")
    uvloop.run(_main(arguments.parse_args()))
