"""The wall clock is set an hour ahead and an hour back while messages, receipts and callbacks are under way."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from globewire.clock import Clock
from globewire.hold.postgres import PostgresHold
from globewire.message import MessageId, State
from stories.callbacks import receiving
from stories.carriers import simulated
from stories.client import Customer, Reply
from stories.house import account, carrier, eventually, house, route, table
from tell.receiving import Answer, plain, take

HOUR = 3600
LEAPS = (HOUR, -HOUR, -HOUR, HOUR, HOUR, -HOUR)
BETWEEN = 40
"""Messages accepted between two leaps."""
CALLERS = 8
PUSHES = table("[callbacks]", allow_private=True, timeout=1.0, delays=[1, 1, 1, 1, 1])
VALID = {"ValidityPeriod": "600"}
OTHER = ("otherkey", "othersecret")


@dataclass(slots=True)
class Load:
    """Customers whose clock is the gateway's, who make each call twice under one key. `sent` are the ids, by text."""

    clock: Clock
    sent: dict[str, MessageId] = field(default_factory=dict)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def customer(self, n: int, customer: Customer) -> None:
        """Send one text after another until told that it is enough."""
        for m in itertools.count():
            if self.over.is_set():
                return
            text = f"text {n} {m}"
            first, again = [await self._send(customer, text) for _ in range(2)]
            assert again.fields == first.fields
            self.sent[text] = first.id
            self._moved.set()

    async def _send(self, customer: Customer, text: str) -> Reply:
        """Until its request was not made stale by a leap on its way."""
        parameters = {"To": "85261234567", "Message": text, **VALID}
        while True:
            reply = await customer.call("SendMessageToGlobe", parameters, key=text, at=self.clock.now())
            if reply.code == "OK":
                return reply
            assert reply.code == "InvalidTimeStamp.Expired", reply

    async def more(self, count: int) -> None:
        """Return when so many more were accepted."""
        goal = len(self.sent) + count
        async with asyncio.timeout(30):
            while len(self.sent) < goal:
                self._moved.clear()
                await self._moved.wait()


def sometimes() -> Answer:
    """An endpoint that refuses every third push, so that some wait for another try at any moment."""
    count = itertools.count(1)
    refuse = plain(503)

    async def answer(request: web.Request) -> web.StreamResponse:
        return await (refuse if next(count) % 3 == 0 else take)(request)

    return answer


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_a_clock_that_leaps_both_ways_under_load_loses_and_doubles_nothing(
    tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    """Every message is delivered once, and told, in seconds; a replay stays refused; nobody is made to wait for the hour."""
    url = ""
    if engine == "postgres":
        url = request.getfixturevalue("database")
        await (await PostgresHold.open(url, migrate=True)).close()
    async with (
        simulated(latency=(0.0, 0.2), receipt_delay=(0.0, 0.5)) as (simulator, address),
        receiving(sometimes()) as endpoint,
        house(
            tmp_path,
            PUSHES,
            carrier("north", address),
            route("north", on_unknown="resend"),
            account(callback=endpoint.url),
            account("other", OTHER, quota={"SendMessageToGlobe": 2}),
            url=url,
            clock=(clock := Clock()),
        ) as home,
    ):
        load = Load(clock)
        signed = clock.now()
        once = {"To": "85261234567", "Message": "once", **VALID}

        async def one_request() -> str:
            return (await home.customer.call("SendMessageToGlobe", once, nonce="replayed", at=signed)).code

        assert await one_request() == "OK"
        narrow = home.customer.with_key(*OTHER)
        async with asyncio.TaskGroup() as group:
            for n in range(CALLERS):
                group.create_task(load.customer(n, home.customer))
            for leap in LEAPS:
                await load.more(BETWEEN)
                clock.leap(leap)
                assert await served(narrow, clock)
                fresh = abs(clock.now() - signed) < 900_000
                assert await one_request() == ("SignatureNonceUsed" if fresh else "InvalidTimeStamp.Expired")
            load.over.set()
        others = len(LEAPS)
        counts = await home.books.settled(State.ACCEPTED, State.SUBMITTED, at_least=len(load.sent) + 1 + others)
        assert counts["state.delivered"] == len(load.sent) + 1 + others
        held = {standing.message.text: standing.message.id for standing in await home.books.everything()}
        assert load.sent.items() <= held.items()
        arrived = Counter(taken.text.decode() for taken in simulator.taken.values())
        assert arrived == {**dict.fromkeys(load.sent, 1), "once": 1, "narrow": others}
        await told(endpoint.message_ids, {str(id) for text, id in held.items() if text != "narrow"})


async def served(customer: Customer, clock: Clock) -> bool:
    """An account with a narrow quota has its turn within moments, whatever it did before."""

    async def look() -> bool | None:
        call = {"To": "6591234567", "Message": "narrow", **VALID}
        reply = await customer.call("SendMessageToGlobe", call, at=clock.now())
        if reply.code == "OK":
            return True
        assert reply.code == "Throttling.User"
        assert int(reply.headers["x-acs-retry-after"]) <= 1000
        return None

    return await eventually(look)


async def told(seen: Callable[[], list[str]], wanted: set[str]) -> None:
    """All of them reached the endpoint, and nothing else did."""

    async def look() -> bool | None:
        return set(seen()) == wanted or None

    await eventually(look, lambda: f"{len(wanted - set(seen()))} were never told")


async def test_one_of_two_processes_has_a_clock_that_leaps(tmp_path: Path, database: str) -> None:
    """They share one database: no carrier changes hands, nothing is sent twice, and what one accepts the other sends."""
    await (await PostgresHold.open(database, migrate=True)).close()
    async with simulated(latency=(0.0, 0.2), receipt_delay=(0.0, 0.5)) as (simulator, address):
        pieces = (carrier("north", address), route("north", on_unknown="resend"), account())
        async with (
            house(tmp_path, *pieces, url=database, clock=(leaping := Clock())) as one,
            house(tmp_path, *pieces, url=database) as two,
        ):
            await one.books.carrier_says("north", "bound")
            loads = Load(leaping), Load(Clock())
            async with asyncio.TaskGroup() as group:
                for n in range(CALLERS):
                    group.create_task(loads[n % 2].customer(n, (one, two)[n % 2].customer))
                for leap in LEAPS:
                    await asyncio.gather(*(load.more(BETWEEN // 2) for load in loads))
                    leaping.leap(leap)
                for load in loads:
                    load.over.set()
            sent = {**loads[0].sent, **loads[1].sent}
            counts = await one.books.settled(State.ACCEPTED, State.SUBMITTED, at_least=len(sent))
            assert counts["state.delivered"] == len(sent) == simulator.counts["taken"]
            assert simulator.counts["binds"] == 1
            assert {standing.message.id for standing in await one.books.everything()} == set(sent.values())
