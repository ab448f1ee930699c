"""What the process runs that pushes for a gateway: `python -m globewire.tell.pusher_main DESCRIPTOR REACH TIMEOUT CONNECTIONS`.

REACH is "private" where pushes may go to private addresses; the two after it are as in `How`. Errands come over the socket, and
what came of them goes back, as much as is known in one turn of the loop at a time. It ends when the gateway closes the socket or
is gone.
"""

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Sequence
from typing import cast

import uvloop

from globewire.child import ignore_signals
from globewire.pickles import Pickles, pickled
from globewire.tell.pusher import Came, Errand, How, Pusher, here


class Link(asyncio.Protocol):
    """The gateway's end of the socket, seen from here."""

    pusher: Pusher
    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pickles = Pickles()
        self._came: list[tuple[int, Came]] = []

    def told(self, came: Sequence[tuple[int, Came]]) -> None:
        """Tell the gateway, at the end of this turn of the loop."""
        if not self._came:
            self._loop.call_soon(self._send)
        self._came += came

    def _send(self) -> None:
        self._transport.write(pickled(self._came))
        self._came = []

    # --- what the transport calls ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for errands in self._pickles.feed(data):
            for number, errand in cast(Sequence[tuple[int, Errand]], errands):
                self.pusher.begin(number, errand)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody wants to know any more: leave at once, whatever a name's resolver may still hang at."""
        os._exit(0)


async def main(descriptor: int, how: How) -> None:
    """Push until the gateway is gone."""
    link = Link()
    async with here(how, link.told) as pusher:
        link.pusher = pusher
        await asyncio.get_running_loop().create_connection(lambda: link, sock=socket.socket(fileno=descriptor))
        await asyncio.Event().wait()


if __name__ == "__main__":
    ignore_signals()
    if hasattr(os, "SCHED_BATCH"):  # whoever answers customers is not interrupted for a push: with many endpoints 4 % more messages
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    gc.freeze()
    uvloop.run(main(int(sys.argv[1]), How(sys.argv[2] == "private", float(sys.argv[3]), int(sys.argv[4]))))
