"""Backpressure: past a backlog that would take too long to send, no more is accepted until it has shrunk."""

import asyncio

import structlog

from globewire.errors import SERVICE_UNAVAILABLE, Unavailable, refuse
from globewire.hold.port import Hold

log = structlog.get_logger()

LOOKED = 0.5
"""Seconds between looks at the backlog: what comes meanwhile goes beyond the limit."""
RETRY = "1000"
"""Milliseconds after which a refused caller may try again."""


class Pressure:
    """Whether there is room for more messages: at most `most` may wait to be sent, 0 for any number."""

    def __init__(self, hold: Hold, most: int) -> None:
        self._hold, self._most = hold, most
        self._full = False

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while self._most:
            try:
                full = await self._hold.backlog() >= self._most
            except Unavailable:
                full = self._full  # whoever keeps a message will hear it for himself
            if full is not self._full:
                self._full = full
                log.warning("too many messages wait, no more are accepted" if full else "messages are accepted again")
            await asyncio.sleep(LOOKED)

    def check(self) -> None:
        """Return where there is room; else Refused with ServiceUnavailable and when to try again."""
        if self._full:
            raise refuse(SERVICE_UNAVAILABLE, headers=(("x-acs-retry-after", RETRY), ("retry-after", "1")))
