"""A real HTTP endpoint on loopback that answers as it is told, and remembers what it was sent."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def take(request: web.Request) -> web.StreamResponse:
    """The acknowledgement of the contract's section 4.1."""
    return web.json_response({"code": 0, "msg": "接收成功"})


def plain(status: int, text: str = "", headers: dict[str, str] | None = None) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers=headers)

    return answer


@dataclass(slots=True)
class Push:
    """One push as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def reports(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads(self.body)
        return found


@dataclass(slots=True)
class Receiver:
    """`answers` are used up from the front, then `default` answers. `reached` is set by every push that arrives."""

    default: Answer = take
    answers: list[Answer] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    port: int = 0
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/push"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        push = Push(dict(request.headers), await request.read())
        answer = self.answers.pop(0) if self.answers else self.default
        async with self._arrived:
            self.pushes.append(push)
            self._arrived.notify_all()
        return await answer(request)

    async def arrived(self, count: int) -> None:
        """Return when `count` pushes have arrived in all."""
        async with asyncio.timeout(10), self._arrived:
            await self._arrived.wait_for(lambda: len(self.pushes) >= count)

    def message_ids(self) -> list[str]:
        return [report["MessageId"] for push in self.pushes for report in push.reports]


async def serve(receiver: Receiver) -> web.AppRunner:
    """Start it on a free port of 127.0.0.1; whoever starts it cleans the runner up."""
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_route("*", "/{tail:.*}", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.port = runner.addresses[0][1]
    return runner
