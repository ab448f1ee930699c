"""How fast the load and the sink are by themselves, so that a gateway's figures can be read: they must not be the limit.

The load runs against a server that says OK to everything; the sink against a client that submits through one bind, answers
the receipts, and pushes each to the endpoint in batches of a hundred, then, as Kannel does, by a request for each. Each side is a
process of its own.
"""

import argparse
import asyncio
import json
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import traffic
import uvloop
from process import end_when_told, first_line, running

_HERE = Path(__file__).parent
_HEAD = struct.Struct(">IIII")
_BODY = b'{"ResponseCode":"OK","RequestId":"00000000-0000-0000-0000-000000000000","MessageId":"100000000000000000"}'
_OK = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(_BODY) + _BODY


def main() -> None:
    """Measure both, and print a line for each."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--n", type=int, default=50_000, help="messages")
    arguments.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.serve:
        uvloop.run(_serve())
        return
    end_when_told()
    print(json.dumps({"load": _load(asked.n)}))
    print(json.dumps({"sink": _sink(asked.n, _push)}))
    print(json.dumps({"sink, a callback for each": _sink(asked.n, _calls)}))


def _load(n: int) -> dict[str, float]:
    with running([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE) as server:
        port = first_line(server).strip()
        load = [sys.executable, str(_HERE / "load.py"), "--port", port, "--n", str(n)]
        seen = json.loads(subprocess.run(load, check=True, capture_output=True, timeout=120).stdout)
    return {"accepted_per_s": seen["accepted_per_s"], "cpu_s_per_1000": round(seen["cpu_s"] / n * 1000, 4)}


def _sink(n: int, written: Callable[[range], str]) -> dict[str, float]:
    with running([sys.executable, str(_HERE / "sink.py")], stdout=subprocess.PIPE) as sink:
        ports = json.loads(first_line(sink))
        return uvloop.run(_blast(ports["smpp"], ports["http"], n, written))


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Yes, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class _Yes(asyncio.Protocol):
    """Every piece that arrives is taken for a whole request."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(_OK)


async def _blast(smpp: int, http: int, n: int, written: Callable[[range], str]) -> dict[str, float]:
    """Submit n messages with a window of 100, answer their receipts, and push them as `written`; how many a second went all the
    way."""
    web = await asyncio.open_connection("127.0.0.1", http)
    await _ask(web, "GET /set?delay=0 HTTP/1.1\r\n\r\n")
    reader, writer = await asyncio.open_connection("127.0.0.1", smpp)
    writer.write(_BIND)
    began = time.monotonic()
    sent = answered = heard = pushed = 0
    rest = b""
    while pushed < n:
        rest, commands = _commands(rest + await asyncio.wait_for(reader.read(262_144), 20))
        answered += commands.count(0x8000_0004)
        receipts = commands.count(5)
        room = min(n - sent, 100 - (sent - answered))
        writer.write(_DELIVER_RESP * receipts + b"".join([_submit(k) for k in range(sent, sent + room)]))
        sent, heard = sent + room, heard + receipts
        while heard - pushed >= 100 or heard == n > pushed:
            batch = range(pushed, min(pushed + 100, heard))
            await _ask(web, requests := written(batch), requests.count(" HTTP/1.1"))
            pushed = batch.stop
    seconds = time.monotonic() - began
    stats = json.loads(await _ask(web, "GET /stats HTTP/1.1\r\n\r\n"))
    assert stats["submits"] == stats["receipts"] == stats["pushes"] == n, stats
    writer.close()
    return {"whole_job_per_s": round(n / seconds, 1), "cpu_s_per_1000": round(stats["cpu_s"] / n * 1000, 4)}


_BIND = _HEAD.pack(26, 9, 0, 1) + b"a\0b\0\0\x34\0\0\0\0"
_DELIVER_RESP = _HEAD.pack(17, 0x8000_0005, 0, 1) + b"\0"


def _submit(k: int) -> bytes:
    words = traffic.text(k).encode()
    body = b"\0\5\0Globewire\0\1\1%s\0\0\0\0\0\0\1\0\0\0%c" % (traffic.recipient(k).encode(), len(words)) + words
    return _HEAD.pack(16 + len(body), 4, 0, k + 1) + body


def _commands(data: bytes) -> tuple[bytes, list[int]]:
    """What is left of the data, and the commands of the whole frames before it."""
    at, commands = 0, []
    while len(data) - at >= 16:
        length, command, _, _ = _HEAD.unpack_from(data, at)
        if len(data) - at < length:
            break
        commands.append(command)
        at += length
    return data[at:], commands


def _push(messages: range) -> str:
    body = json.dumps([{"MessageId": "1" * 18, "To": "85291234567", "Status": "1", "TaskId": f"{k:08}"} for k in messages])
    return f"POST /push HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n{body}"


def _calls(messages: range) -> str:
    return "".join([f"GET /dlr/{k:08}/1 HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: Kannel/1.4.5\r\n\r\n" for k in messages])


async def _ask(web: tuple[asyncio.StreamReader, asyncio.StreamWriter], requests: str, count: int = 1) -> bytes:
    """The last answer's body to so many requests."""
    web[1].write(requests.encode())
    body = b""
    for _ in range(count):
        head = (await web[0].readuntil(b"\r\n\r\n")).lower()
        body = await web[0].readexactly(int(head.partition(b"content-length:")[2].split()[0]))
    return body


if __name__ == "__main__":
    main()
