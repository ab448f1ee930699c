"""Several processes on one PostgreSQL database are one gateway: whichever is called, whichever dies.

The carriers, the customers and their endpoints live on in the test and count. What a customer was told is compared with what is
held in the end, with what reached the carriers, and with what was told of it.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import aiohttp
from aiohttp import web

from globewire.hold.port import KeyEntry, Standing
from globewire.message import AccessKeyId, AccountId, MessageId, State
from globewire.send.simulator import Simulator
from stories.callbacks import receiving
from stories.carriers import simulated
from stories.client import KEY, Customer, Reply, customer
from stories.fleet import Fleet, fleet
from stories.house import Books, account, books, carrier, eventually, now, route, table, written
from stories.process import serving
from tell.receiving import Receiver, take

PLACES = 3
OTHER = ("otherkey", "othersecret")
NARROW = 20
"""Calls a second that the other account may make."""
BETWEEN_KILLS = 80
QUICK_CALLBACKS = table("[callbacks]", allow_private=True, timeout=1.0, delays=[1, 1, 1, 1, 1])


# --- killed in turn ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Load:
    """Customers of two accounts who call all processes in turn. `sent` are the ids of what was answered with OK, by text."""

    fleet: Fleet
    sent: dict[str, MessageId] = field(default_factory=dict)
    throttled: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def customer(self, key: tuple[str, str], places: Iterator[int]) -> None:
        """Send one text after another, each its own, to one process after another."""
        for place in places:
            if self.over.is_set():
                return
            text = f"text {uuid4()}"
            to = ("8526", "6591")[place % 2] + "1234567"[place % 2 :]
            try:
                reply = await self.fleet.customer(place, key).try_send(to, text)
            except aiohttp.ClientError:
                continue  # nobody is there: nothing was promised
            finally:
                await asyncio.sleep(0.05)
            if reply.code == "Throttling.User":
                assert int(reply.headers["x-acs-retry-after"]) > 0
                self.throttled += 1
                continue
            self.sent[text] = reply.id
            self._moved.set()

    async def more(self, count: int) -> None:
        """Return when so many more were answered with OK."""
        goal = len(self.sent) + count
        async with asyncio.timeout(20):
            while len(self.sent) < goal:
                self._moved.clear()
                await self._moved.wait()


async def log_of_callbacks(home: Fleet) -> None:
    """From now on the database writes down in which order reports are queued."""
    await home.sql.execute(
        "CREATE TABLE queued(id bigint, account text, message bigint);"
        "CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN INSERT INTO queued VALUES(new.id, new.account, new.message); RETURN NULL; END';"
        "CREATE TRIGGER log AFTER INSERT ON callback FOR EACH ROW EXECUTE FUNCTION log()"
    )


async def all_told(home: Fleet, id: str, endpoint: Receiver) -> None:
    """Every report that was queued for an account reached its endpoint; the first time of each in the order of the queue."""
    queued = [str(row[0]) for row in await home.sql.fetch("SELECT message FROM queued WHERE account = $1 ORDER BY id", id)]

    async def look() -> bool | None:
        return set(endpoint.message_ids()) >= set(queued) or None

    await eventually(look, lambda: f"{len(set(queued) - set(endpoint.message_ids()))} of {len(queued)} were never told")
    assert list(dict.fromkeys(endpoint.message_ids())) == queued


async def slowly(request: web.Request) -> web.StreamResponse:
    """An endpoint that takes its time, so that a kill finds a push under way."""
    await asyncio.sleep(0.05)
    return await take(request)


def arrivals(*simulators: Simulator) -> Counter[str]:
    """How often the carriers were given each text."""
    return Counter(taken.text.decode() for simulator in simulators for taken in simulator.taken.values())


def judged(load: Load, found: dict[MessageId, Standing], arrived: Counter[str], doubt: set[MessageId]) -> None:
    """Each OK is held; all is final, or was in doubt at a kill; nothing else reached a carrier twice, and nothing never."""
    texts = {id: standing.message.text for id, standing in found.items()}
    assert {id: text for text, id in load.sent.items()}.items() <= texts.items()
    assert len(set(texts.values())) == len(texts)
    unsettled = {id for id, standing in found.items() if standing.state is not State.DELIVERED}
    assert {found[id].state for id in unsettled} <= {State.UNKNOWN}
    assert unsettled <= doubt
    assert {text for text, times in arrived.items() if times > 1} <= {texts[id] for id in doubt}
    assert set(texts.values()) - set(arrived) <= {texts[id] for id in unsettled}
    assert set(arrived) <= set(texts.values())


@asynccontextmanager
async def slow_carriers() -> AsyncIterator[tuple[Simulator, Simulator, list[str]]]:
    """Two carriers that answer within 0.3 s and report within two more; and the configuration's words for them."""
    async with (
        simulated(latency=(0.0, 0.3), receipt_delay=(0.0, 2.0)) as (north, at_north),
        simulated(latency=(0.0, 0.3), receipt_delay=(0.0, 2.0)) as (south, at_south),
    ):
        by_country = [route("north", countries=["HK"], on_unknown="resend"), route("south", on_unknown="resend")]
        yield north, south, [carrier("north", at_north), carrier("south", at_south), *by_country]


async def killing_each(home: Fleet, load: Load) -> set[MessageId]:
    """Kill each process once, a carrier's owner where there is one left, and start it again; what was in doubt by that."""
    doubt: set[MessageId] = set()
    left = set(range(PLACES))
    while left:
        await load.more(BETWEEN_KILLS)
        owners = set((await home.owners()).values())
        place = min(left, key=lambda place: home.nodes[place].process.pid not in owners)
        left.remove(place)
        doubt |= await home.kill(place)
        await home.carried("north", "south")
        await home.start(place)
    await load.more(BETWEEN_KILLS)
    return doubt


async def test_each_process_is_killed_in_turn_under_load(tmp_path: Path, database: str) -> None:
    """Nothing is lost, everything ends, carriers and callbacks go on by other hands, and the quota is kept throughout."""
    async with (
        slow_carriers() as (north, south, pieces),
        receiving(slowly) as shop,
        receiving(slowly) as other,
        fleet(
            tmp_path,
            database,
            QUICK_CALLBACKS,
            *pieces,
            account(callback=shop.url),
            account("other", OTHER, quota={"SendMessageToGlobe": NARROW}, callback=other.url),
            places=PLACES,
        ) as home,
    ):
        await log_of_callbacks(home)
        load, began = Load(home), time.monotonic()
        async with asyncio.TaskGroup() as group:
            for n in range(PLACES):
                group.create_task(load.customer(KEY, itertools.cycle([(n + m) % PLACES for m in range(PLACES)])))
                for _ in range(2):
                    group.create_task(load.customer(OTHER, itertools.repeat(n)))
            doubt = await killing_each(home, load)
            load.over.set()
        most = NARROW * (time.monotonic() - began + 1)
        await home.books.settled(State.ACCEPTED, State.SUBMITTED)
        found = {standing.message.id: standing for standing in await home.books.everything()}
        judged(load, found, arrivals(north, south), doubt)
        await all_told(home, "shop", shop)
        await all_told(home, "other", other)
        assert min(north.counts["binds"], south.counts["binds"]) >= 2
        assert load.throttled
        assert sum(standing.message.account == "other" for standing in found.values()) <= most
        assert [await node.stop() for node in home.nodes.values()] == [0] * PLACES


# --- quotas --------------------------------------------------------------------------------------------------------------


async def test_a_quota_is_kept_by_all_processes_together(tmp_path: Path, database: str) -> None:
    """Demand for far more at three processes: what is accepted is the limit's worth of the time, and a burst at the most."""
    rate, calls = 30, 150
    accepted: list[float] = []
    enough = asyncio.Event()

    async def demand(caller: Customer, n: int) -> None:
        for m in itertools.count():
            reply = await caller.try_send(f"852612{n}{m:04}", "for the quota")
            if enough.is_set():
                return
            if reply.code == "OK":
                accepted.append(time.monotonic())
                if len(accepted) >= rate + calls:
                    enough.set()
            else:
                assert (reply.status, reply.code) == (400, "Throttling.User")
                await asyncio.sleep(int(reply.headers["x-acs-retry-after"]) / 1000)

    async with simulated() as (_, address):
        pieces = (carrier("north", address), account(quota={"SendMessageToGlobe": rate}))
        async with fleet(tmp_path, database, *pieces, places=PLACES) as home:
            async with asyncio.timeout(30):
                await asyncio.gather(*(demand(home.customer(n % PLACES), n) for n in range(PLACES * 4)))
    for first in range(rate, len(accepted)):  # from the end of the burst that an idle account has saved up
        for last in range(first + rate, len(accepted)):
            assert last - first <= (accepted[last] - accepted[first]) * rate + rate
    assert calls >= 0.95 * rate * (accepted[rate + calls - 1] - accepted[rate])


# --- nonces and keys -------------------------------------------------------------------------------------------------------


async def test_nonces_and_keys_are_the_same_at_every_process(tmp_path: Path, database: str) -> None:
    """What one process was told, the others know: a nonce that was used, a key that was, and a new AccessKey."""
    async with (
        simulated() as (simulator, address),
        fleet(tmp_path, database, carrier("north", address), account(), places=2) as home,
    ):
        one, two = home.customer(0), home.customer(1)
        send = {"To": "85261234567", "Message": "once"}

        at = now()
        first = await one.call("SendMessageToGlobe", send, nonce="n1", at=at)
        again = await two.call("SendMessageToGlobe", send, nonce="n1", at=at)
        assert (first.code, again.status, again.code) == ("OK", 400, "SignatureNonceUsed")

        first = await one.call("SendMessageToGlobe", send, key="order 7")
        again = await two.call("SendMessageToGlobe", send, key="order 7")
        assert again.fields == first.fields
        assert "x-globewire-idempotent-replay" not in first.headers
        assert again.headers["x-globewire-idempotent-replay"] == "true"
        other = await two.call("SendMessageToGlobe", {**send, "Message": "twice"}, key="order 7")
        assert (other.status, other.code) == (409, "IdempotencyKeyReused")

        sealed = home.vault.seal("newkey", "newsecret")
        await home.books.hold.put_key(KeyEntry(AccessKeyId("newkey"), AccountId("shop"), "", sealed, True, now()))

        for place in range(2):
            caller = home.customer(place, ("newkey", "newsecret"))

            async def known(caller: Customer = caller) -> bool | None:
                return (await caller.try_send("85261234567", "with a new key")).code == "OK" or None

            await eventually(known)
        await home.books.settled(State.ACCEPTED, State.SUBMITTED)
        texts = Counter(standing.message.text for standing in await home.books.everything())
        assert texts == {"once": 2, "with a new key": 2} == arrivals(simulator)


# --- the same call many times ------------------------------------------------------------------------------------------------

COPIES = 20
SENDS, FEWER = 2_000, 100
"""Of one process on a file; and of several on a database, where it is the sharing that counts."""
AT_ONCE = 200


Calling = Callable[[int], Customer]
"""Whom the caller of this number calls now."""


@dataclass(slots=True)
class Storm:
    """COPIES of each of `sends` calls, the copies of one at once. `replies` has the answers to each; `cut` counts the calls that
    got none."""

    sends: int
    calling: Calling
    replies: list[list[Reply]] = field(init=False)
    cut: int = 0
    _answered: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.replies = [[] for _ in range(self.sends)]

    @property
    def answers(self) -> int:
        """How many calls have been answered with OK."""
        return sum(map(len, self.replies))

    async def rage(self, kill: Callable[[], Awaitable[object]]) -> None:
        """Make all of the calls; `kill` is called in the middle."""
        numbers = iter(range(self.sends * COPIES))
        async with asyncio.timeout(240), asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._caller(numbers))
            while self.answers < self.sends * COPIES // 2:
                self._answered.clear()
                await self._answered.wait()
            await kill()

    async def conflicts(self) -> int:
        """How many of the keys are refused for other content."""
        numbers, refused = iter(range(self.sends)), 0

        async def caller() -> None:
            nonlocal refused
            for n in numbers:
                reply = await self._call(n, "other content", f"key {n}")
                refused += (reply.status, reply.code) == (409, "IdempotencyKeyReused")

        await asyncio.gather(*(caller() for _ in range(COPIES)))
        return refused

    async def _caller(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            n = number // COPIES
            reply = await self._insistent(n, number)
            self.replies[n].append(reply)
            self._answered.set()

    async def _insistent(self, n: int, number: int) -> Reply:
        """Call until it is answered with OK, whoever dies meanwhile."""
        while True:
            try:
                reply = await self._call(number, f"send {n}", f"key {n}")
            except aiohttp.ClientError:
                self.cut += 1
                await asyncio.sleep(0.05)
                continue
            if reply.code == "OK":
                return reply
            assert (reply.status, reply.code) == (503, "ServiceUnavailable")

    async def _call(self, number: int, text: str, key: str) -> Reply:
        call = {"To": "85261234567", "Message": text}
        return await self.calling(number).call("SendMessageToGlobe", call, key=key)

    async def once_each(self, looking: Books) -> None:
        """All copies got one answer, and there is one message for each; whoever asks for something else is refused."""
        await looking.settled(State.ACCEPTED, State.SUBMITTED, at_least=self.sends)
        found = {standing.message.id: standing.message.text for standing in await looking.everything()}
        assert found == {each[0].id: f"send {n}" for n, each in enumerate(self.replies)}
        assert {len(each) for each in self.replies} == {COPIES}
        assert all(reply.fields == each[0].fields for each in self.replies for reply in each)
        replays = sum("x-globewire-idempotent-replay" in reply.headers for each in self.replies for reply in each)
        assert self.sends * (COPIES - 1) <= replays < self.sends * COPIES
        assert await self.conflicts() == self.sends
        assert len(await looking.everything()) == self.sends


async def test_copies_of_a_call_are_one_message_though_the_process_is_killed(tmp_path: Path) -> None:
    """One process on a file, killed in the middle and started again."""
    async with simulated() as (_, address), AsyncExitStack() as stack:
        text = written(tmp_path, carrier("north", address), account(quota={"SendMessageToGlobe": 100_000}))
        process = await stack.enter_async_context(serving(tmp_path, text))
        callers = [await stack.enter_async_context(customer(process.address, AT_ONCE))]
        storm = Storm(SENDS, lambda _: callers[-1])

        async def kill() -> None:
            await process.kill()
            second = await stack.enter_async_context(serving(tmp_path, text))
            callers.append(await stack.enter_async_context(customer(second.address, AT_ONCE)))

        looking = await stack.enter_async_context(books(tmp_path))
        await storm.rage(kill)
        assert storm.cut
        await storm.once_each(looking)


async def test_copies_of_a_call_are_one_message_whichever_process_gets_them(tmp_path: Path, database: str) -> None:
    """Three processes on one database; one is killed in the middle, and its callers go to the others."""
    async with simulated() as (_, address), fleet(tmp_path, database, carrier("north", address), account(), places=PLACES) as home:
        alive = list(range(PLACES))
        storm = Storm(FEWER, lambda n: home.customer(alive[n % len(alive)]))

        async def kill() -> None:
            await home.kill(alive.pop(0))

        await storm.rage(kill)
        await storm.once_each(home.books)
