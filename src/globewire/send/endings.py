"""What follows for the messages that the carriers of a process have in hand, written down for all of them at once."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from globewire.errors import Unavailable
from globewire.hold.port import Hold
from globewire.message import CarrierId
from globewire.send.attempt import Ending
from globewire.send.gathered import Gathered
from globewire.send.hand import Hand, wait_out

Ended = tuple[Hand, Ending]
"""What follows for a message, and the hand that it is in."""


class Endings:
    """Writes down what is added until the hold has it; then the message leaves the hand."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._gathered = Gathered(self._write)
        self.add = self._gathered.add

    async def run(self) -> None:
        """Write until cancelled."""
        async with asyncio.TaskGroup() as self._insisting:
            await self._gathered.run()

    async def _write(self, ended: list[Ended]) -> None:
        over = [(hand, ending) for hand, ending in ended if ending.due is None]
        back = [(hand, ending) for hand, ending in ended if ending.due is not None]
        if over:
            await self._try(self._done, over)
        for carrier in {ending.carrier for _, ending in back}:
            await self._try(partial(self._again, carrier), [one for one in back if one[1].carrier == carrier])

    async def _try(self, write: Callable[[list[Ended]], Awaitable[None]], ended: list[Ended]) -> None:
        """Write; where that fails, what is of one carrier must not hold up the others: each goes on trying beside them."""
        try:
            await write(ended)
        except Unavailable:
            for hand in {hand for hand, _ in ended}:
                self._insisting.create_task(_insist(hand.carrier, partial(write, [one for one in ended if one[0] is hand])))

    async def _done(self, over: list[Ended]) -> None:
        await self._hold.done(*((ending.job, ending.facts) for _, ending in over))
        for hand, ending in over:
            hand.let_go(ending)

    async def _again(self, carrier: CarrierId | None, back: list[Ended]) -> None:
        """Give back what is to be sent later, or by another carrier."""
        if facts := [fact for _, ending in back for fact in ending.facts]:
            await self._hold.record(*facts)
        await self._hold.again(*((ending.job, ending.due) for _, ending in back), carrier=carrier)
        for hand, ending in back:  # at once: it may be claimed again from here on, and what is in hand is passed over
            hand.let_go(ending)


async def _insist(carrier: CarrierId, write: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await write()
        except Unavailable as fault:
            await wait_out(carrier, fault)
