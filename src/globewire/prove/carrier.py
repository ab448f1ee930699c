"""The carrier: the simulator over real SMPP, slow enough that submits are in flight at every kill, and what it took."""

import asyncio
from dataclasses import dataclass

from globewire.prove.customers import number
from globewire.send.simulator import Behaviour, Simulator

LATENCY = (0.001, 0.03)
"""Seconds from a submit to its answer."""
RECEIPT = 0.05
"""Seconds from the answer to the receipt."""
REMEMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class Take:
    """A submit that the carrier took: in which life of the gateway, and when it was answered (seconds since 1970)."""

    life: int
    answered_at: float


class Carrier:
    """A simulated carrier. `takes` are the submits that it took, by the number in their text, up to the last `gather`."""

    def __init__(self, seed: int) -> None:
        behaviour = Behaviour(seed=seed, latency=LATENCY, receipt_delay=(RECEIPT, RECEIPT), magic=False)
        self._simulator = Simulator(behaviour, remember=REMEMBER)
        self.takes: dict[int, list[Take]] = {}

    async def start(self) -> tuple[str, int]:
        """Listen, and say where."""
        return await self._simulator.start()

    async def stop(self) -> None:
        """Stop listening."""
        await self._simulator.stop()

    def gather(self, life: int) -> None:
        """Note what was taken since the last call; all of it came from this life of the gateway."""
        while self._simulator.taken:
            _, taken = self._simulator.taken.popitem(last=False)
            found = number(taken.text.decode("ascii", "replace"))
            self.takes.setdefault(found, []).append(Take(life, taken.final_at - RECEIPT))

    async def left(self) -> None:
        """Return when all that a dead gateway had sent is read."""
        while any(account.lines for account in self._simulator.accounts.values()):
            await asyncio.sleep(0.002)
