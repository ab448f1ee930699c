"""What machines ask a gateway: whether it lives, whether it is ready, and its metrics. Nobody signs in for that."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from globewire.show.guard import here

PATHS = ("/healthz", "/readyz", "/metrics")
FRESH = {"cache-control": "no-store"}

Fault = Callable[[], Awaitable[str]]
"""What keeps the gateway from its work, "" for nothing."""
Text = Callable[[str], Awaitable[tuple[bytes, str]]]
"""The metrics and their content type, for an Accept header."""


def probes(fault: Fault, metrics: Text | None, *, local: bool = False, site: ASGIApp | None = None) -> ASGIApp:
    """The probes as an ASGI app; `metrics` is None where they are not to be had here. With `local` they are only for who calls this
    machine by a loopback name, so that no page of a stranger's reads them. All other paths are the `site`'s, where there is one."""

    async def health(request: Request) -> Response:
        return JSONResponse({"alive": True}, headers=FRESH)

    async def ready(request: Request) -> Response:
        why = await fault()
        return JSONResponse({"ready": False, "why": why}, 503, FRESH) if why else JSONResponse({"ready": True}, headers=FRESH)

    async def scrape(request: Request) -> Response:
        if metrics is None:
            return JSONResponse({"why": "metrics are not served at this address: see [metrics] in the configuration"}, 404, FRESH)
        if local and not here(request.headers.get("host", "")):
            return JSONResponse({"why": "metrics are served here by a name of this machine only, such as localhost"}, 403, FRESH)
        body, content_type = await metrics(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type, **FRESH})

    routes = [Route(path, endpoint) for path, endpoint in zip(PATHS, (health, ready, scrape), strict=True)]
    return Starlette(routes=[*routes, Mount("/", site)] if site else routes)
