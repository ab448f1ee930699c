"""The customers: clients that sign calls as an SDK does and send each message as soon as the one before was answered.

Every text carries a number of its own. What counts is what a client was told: OK with a MessageId, a refusal, or nothing.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import orjson

from globewire.message import MessageId
from globewire.wire.signature import sign_v3, stamp

TO = "6591234567"
AGAIN = 0.02
"""Seconds after which a client that lost its connection tries another."""
_TEXT = "Proof "
_DIGITS = 12


def text(number: int) -> str:
    """The text that carries a number."""
    return f"{_TEXT}{number:0{_DIGITS}d}"


def number(text: str) -> int:
    """The number that a text carries, -1 for a text of anybody else."""
    digits = text.removeprefix(_TEXT)
    return int(digits) if len(digits) == _DIGITS and digits.isdecimal() and text.startswith(_TEXT) else -1


class Customers:
    """Clients of one account. `acknowledged` has the MessageId of each number that was answered with OK."""

    def __init__(self, clients: int, key: tuple[str, str]) -> None:
        self.acknowledged: dict[int, MessageId] = {}
        self.refused: Counter[str] = Counter()
        self.unanswered = 0
        self.served = asyncio.Event()
        """Set by the first OK since `open`."""
        self._clients, self._key = clients, key
        self._numbers: Iterator[int] = count(1)
        self._tasks: list[asyncio.Task[None]] = []

    def open(self, address: tuple[str, int]) -> None:
        """Call the gateway at `address` until `close`."""
        self.served.clear()
        self._tasks = [asyncio.create_task(self._client(address)) for _ in range(self._clients)]

    async def close(self) -> None:
        """Call no more. Calls without an answer stay so."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _client(self, address: tuple[str, int]) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection(*address)
                try:
                    while True:
                        await self._send(reader, writer, f"{address[0]}:{address[1]}")
                finally:
                    writer.close()
            await asyncio.sleep(AGAIN)

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        number = next(self._numbers)
        writer.write(self._request(number, host))
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
        except BaseException:
            self.unanswered += 1
            raise
        reply = orjson.loads(body)
        code = str(reply.get("ResponseCode") or reply.get("Code"))
        if code == "OK":
            self.acknowledged[number] = MessageId(int(reply["MessageId"]))
            self.served.set()
        else:
            self.refused[code] += 1
            await asyncio.sleep(AGAIN)

    def _request(self, number: int, host: str) -> bytes:
        parameters = {"To": TO, "Message": text(number), "TaskId": str(number)}
        date, nonce = stamp(time.time_ns() // 1_000_000), secrets.token_hex(12)
        target, headers = sign_v3("POST", host, parameters, b"", *self._key, "SendMessageToGlobe", date, nonce)
        lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "content-length: 0", "", ""]
        return "\r\n".join(lines).encode()


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])
