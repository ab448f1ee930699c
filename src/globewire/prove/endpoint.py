"""The customer's callback endpoint: takes the gateway's receipt pushes, and remembers what it was told."""

import asyncio

import orjson
from aiohttp import web

from globewire.message import MessageId


class Endpoint:
    """An HTTP endpoint on loopback. `told` has the Status of each message that a receipt came for."""

    def __init__(self) -> None:
        self.told: dict[MessageId, str] = {}
        self.pushes = 0
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen, and say under which address."""
        application = web.Application(client_max_size=4 * 1024 * 1024)
        application.router.add_post("/receipts", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/receipts"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await asyncio.shield(self._runner.cleanup())

    async def _take(self, request: web.Request) -> web.Response:
        for report in orjson.loads(await request.read()):
            self.told[MessageId(int(report["MessageId"]))] = report["Status"]
        self.pushes += 1
        return web.json_response({"code": 0, "msg": "ok"})
