"""Pages on connections that the API's server hands over: uvicorn's protocol around an ASGI app. It knows no page."""

import asyncio
import contextlib

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState


class Serving:
    """Serves `app` on every connection whose protocol it is asked for, until stopped. Who streams for long must end by himself."""

    def __init__(self, app: ASGIApp) -> None:
        self._config = uvicorn.Config(
            app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False
        )
        self._config.load()
        self._state = ServerState()

    def protocol(self) -> asyncio.Protocol:
        """A protocol for one connection, which this serving then owns."""
        return HttpToolsProtocol(config=self._config, server_state=self._state, app_state={})

    async def stop(self, drain: float) -> None:
        """Finish what is under way within `drain` seconds, and close."""
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks, timeout=drain)
        for task in list(self._state.tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
