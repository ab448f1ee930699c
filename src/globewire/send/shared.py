"""What the workers of one process share: whatever one of them asks of the hold, or has it write, goes there with what others do."""

import asyncio
from collections.abc import Callable

from globewire.hold.port import Hold
from globewire.message import Millis
from globewire.send.claims import Claims
from globewire.send.duty import Orders
from globewire.send.endings import Endings
from globewire.send.hearing import Receipts
from globewire.send.walk import Walk


class Shared:
    """Serves the workers of a process while `run` runs."""

    def __init__(self, hold: Hold, now: Callable[[], Millis]) -> None:
        self.orders, self.claims, self.walk = Orders(hold), Claims(hold, now), Walk(hold, now)
        self.endings, self.receipts = Endings(hold), Receipts(hold)

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as group:
            for loop in (self.claims.run, self.walk.run, self.endings.run, self.receipts.run):
                group.create_task(loop(), name=loop.__qualname__)
