"""A customer: signs calls as the SDKs do, sends them over HTTP, and reads the replies."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
from yarl import URL

from globewire.message import MessageId
from globewire.wire.signature import sign_v3, stamp

KEY = ("shopkey", "shopsecret")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the HTTP status, the JSON object in the body, and the headers."""

    status: int
    fields: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def code(self) -> str:
        """ResponseCode of an ordinary reply, Code of the error envelope."""
        return str(self.fields.get("ResponseCode") or self.fields.get("Code"))

    @property
    def id(self) -> MessageId:
        """The id of the accepted message."""
        assert self.code == "OK", self.fields
        return MessageId(int(self.fields["MessageId"]))


class Customer:
    """Signs with one AccessKey, (id, secret), and calls one address."""

    def __init__(self, http: aiohttp.ClientSession, address: tuple[str, int], key: tuple[str, str] = KEY) -> None:
        self._http, self._host, self.key = http, f"{address[0]}:{address[1]}", key

    def with_key(self, id: str, secret: str) -> "Customer":
        """The same, signing with another key."""
        host, _, port = self._host.rpartition(":")
        return Customer(self._http, (host, int(port)), (id, secret))

    async def call(self, operation: str, parameters: dict[str, str], nonce: str = "", key: str = "", at: int = 0) -> Reply:
        """One signed call, under an idempotency key where one is given, signed `at` this ms where that is given.

        aiohttp.ClientError where no reply came."""
        target, headers = sign_v3(
            "POST",
            self._host,
            parameters,
            b"",
            *self.key,
            operation,
            stamp(at or time.time_ns() // 1_000_000),
            nonce or str(uuid4()),
        )
        url = URL(f"http://{self._host}{target}", encoded=True)
        more = {"idempotency-key": key} if key else {}
        async with self._http.post(url, headers={**dict(headers), **more}) as response:
            assert response.content_type == "application/json"
            return Reply(response.status, await response.json(), response.headers)

    async def send(self, to: str, text: str, **more: str) -> MessageId:
        """SendMessageToGlobe that must be accepted; `more` are further parameters."""
        return (await self.try_send(to, text, **more)).id

    async def try_send(self, to: str, text: str, **more: str) -> Reply:
        """SendMessageToGlobe, whatever comes of it."""
        return await self.call("SendMessageToGlobe", {"To": to, "Message": text, **more})

    async def query(self, message: MessageId) -> dict[str, Any]:
        """QueryMessage that must be answered with OK; its fields."""
        reply = await self.call("QueryMessage", {"MessageId": str(message)})
        assert reply.code == "OK"
        return reply.fields


@asynccontextmanager
async def customer(address: tuple[str, int], connections: int = 64) -> AsyncIterator[Customer]:
    """A customer with connections of its own."""
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=15)) as http:
        yield Customer(http, address)
