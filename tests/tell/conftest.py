"""Endpoints on loopback for the tests of the tell stage."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from tell.receiving import Answer, Receiver, serve, take

Receivers = Callable[..., Awaitable[Receiver]]


@pytest.fixture
async def receive() -> AsyncIterator[Receivers]:
    """Starts endpoints; they end with the test."""
    runners: list[web.AppRunner] = []

    async def start(default: Answer = take, *answers: Answer) -> Receiver:
        receiver = Receiver(default, list(answers))
        runners.append(await serve(receiver))
        return receiver

    yield start
    for runner in runners:
        await runner.cleanup()
