"""Endpoints of customers that take delivery receipts."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tell.receiving import Answer, Push, Receiver, serve, take


@asynccontextmanager
async def receiving(default: Answer = take) -> AsyncIterator[Receiver]:
    """A running endpoint. What `default` is may be changed while it runs."""
    receiver = Receiver(default)
    runner = await serve(receiver)
    try:
        yield receiver
    finally:
        await runner.cleanup()


def hanging() -> tuple[Answer, asyncio.Event]:
    """An answer that is not given until the event is set."""
    released = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        await released.wait()
        return await take(request)

    return hang, released


def signed(push: Push, secret: bytes) -> bool:
    """Whether the push bears our signature, worked out as docs/callbacks.md tells customers to."""
    headers = {name.lower(): value for name, value in push.headers.items()}
    text = headers["x-globewire-timestamp"].encode() + b"." + push.body
    return headers["x-globewire-signature"] == "v1=" + hmac.new(secret, text, hashlib.sha256).hexdigest()
