"""An endpoint for pushes, on loopback, that answers as a test tells it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(slots=True)
class Receiver:
    """An endpoint that keeps what it is sent, and answers as it is told."""

    url: str = ""
    answer: str = '{"code": 0}'
    status: int = 200
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Take a push."""
        self.bodies.append(await request.read())
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        return web.Response(status=self.status, text=self.answer)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """An endpoint that takes pushes."""
    taking = Receiver()
    app = web.Application()
    app.router.add_post("/receipts", taking.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    taking.url = "http://{}:{}/receipts".format(*runner.addresses[0][:2])
    yield taking
    await runner.cleanup()
