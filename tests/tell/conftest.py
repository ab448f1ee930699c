"""Endpoints on loopback for the tests of the tell stage."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvloop
from aiohttp import web

from tell.receiving import Answer, Receiver, serve, take

Receivers = Callable[..., Awaitable[Receiver]]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Each test of a push on the loop that a gateway runs on too; all others on Python's own."""
    python = {"python": asyncio.new_event_loop}
    return {**python, "uvloop": uvloop.new_event_loop} if item.path.name == "test_push.py" else python


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
