"""A carrier that does everything wrong at once, for a while: throttles, refuses, keeps silent, and hangs up in the middle."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from globewire.message import State
from globewire.wire.pdu import Command, Fields, Pdu, Status
from stories.carriers import smsc, willing
from stories.house import carrier, eventually, house, route

MANY = 150
LONG = "y" * 200
NO, BUSY, THROTTLED = Status.RINVDSTADR, Status.RSYSERR, Status.RTHROTTLED


@dataclass(slots=True)
class Moods:
    """Answers by dice until it is `calm`. `given` counts the submits of each part that were not refused, `taken` has their ids."""

    dice: random.Random
    calm: bool = False
    given: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    taken: dict[str, str] = field(default_factory=dict)

    def __call__(self, pdu: Pdu) -> tuple[int, Fields] | None:
        """The answer to one request, None for silence."""
        if pdu.command != Command.SUBMIT_SM:
            return willing(pdu)
        chance = 1.0 if self.calm else self.dice.random()
        if chance < 0.25:
            return (THROTTLED, {}) if chance < 0.1 else (BUSY, {}) if chance < 0.15 else (NO, {})
        to = pdu.text("destination_addr")
        self.given[to, pdu.octets("short_message")] += 1
        if chance < 0.3:
            return None
        id = f"id{len(self.taken)}"
        self.taken[id] = to
        return Status.ROK, {"message_id": id}


@pytest.mark.parametrize(("on_unknown", "seed"), [("wait", 1), ("resend", 2)])
async def test_every_message_comes_to_an_end_and_none_is_sent_twice_unasked(tmp_path: Path, on_unknown: str, seed: int) -> None:
    """When the carrier has calmed down nothing is stuck; what was not refused was given to it once, or twice where asked for."""
    moods = Moods(random.Random(seed))
    quick = {"response_timeout": 1, "binds": 2, "window": 8, "throttle_pause": 0.01}
    async with (
        smsc(moods) as (far, address),
        house(tmp_path, carrier("north", address, **quick), route("north", on_unknown=on_unknown)) as home,
    ):
        texts = [f"{n}{LONG if n % 3 == 0 else ''}" for n in range(MANY)]
        sends = asyncio.gather(*(home.customer.send(f"852612{10_000 + n}", text) for n, text in enumerate(texts)))
        for _ in range(10):
            await asyncio.sleep(0.06)
            if far.sessions:
                moods.dice.choice(far.sessions).close()
        moods.calm = True
        await sends

        async def all_sent() -> bool | None:
            return (await home.books.hold.counts())["lane.send"] == 0 or None

        await eventually(all_sent)
        await far.bound(2)
        for id, to in moods.taken.items():
            far.deliver(f"id:{id} stat:DELIVRD err:000", to)
        counts = await home.books.settled(State.ACCEPTED, State.SUBMITTED, at_least=MANY)
        assert counts["state.delivered"] + counts["state.rejected"] + counts["state.unknown"] == MANY
        assert max(moods.given.values()) <= (2 if on_unknown == "resend" else 1)
