"""Pages that change by themselves: a stream of events that says "look again" whenever something was written to the hold."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from globewire.errors import Unavailable
from globewire.show.window import Window, window

SOON, LATE = 0.25, 1.5
"""Seconds between looks at the hold's mark, and so the longest that a page waits for news: soon where little happens, and ever
later where every look finds something, since each piece of news makes the page fetch itself anew."""
SLOWER = 1.3
SILENCE = 15.0
"""Seconds after which a stream without news says that it lives, so that nothing between cuts it."""


async def events(request: Request) -> Response:
    """The stream of a page that is open (server-sent events): `changed` at once, and after every change."""
    return StreamingResponse(_changes(window(request), request), media_type="text/event-stream")


async def _changes(looking: Window, request: Request) -> AsyncIterator[str]:
    seen, quiet, pause = -1, 0.0, SOON
    while not looking.stopping() and not await request.is_disconnected():
        try:
            mark = await looking.hold.mark()
        except Unavailable:
            mark = seen  # the page stays as it is; when the hold serves again it is looked at again
        if mark != seen:
            seen, quiet, pause = mark, 0.0, min(pause * SLOWER, LATE)
            yield "event: changed\ndata:\n\n"
        else:
            pause = SOON
            if quiet >= SILENCE:
                quiet = 0.0
                yield ":\n\n"
        await asyncio.sleep(pause)
        quiet += pause
