"""What an operator orders from another process: a carrier pauses, resumes, and binds anew; nothing is lost or sent twice by it."""

import asyncio
from pathlib import Path

from globewire.hold.port import CarrierOrder
from globewire.message import CarrierId, State
from globewire.wire.pdu import Command, Fields, Pdu
from stories.carriers import simulated, smsc, willing
from stories.fleet import fleet
from stories.house import Books, carrier, eventually, house, now, route

NORTH = CarrierId("north")
FINE, THROTTLED, REFUSED = "85261230000", "85261239005", "85261239012"
"""Numbers that are delivered, or whose first submit is throttled or refused for a while."""


async def told(books: Books, order: CarrierOrder, says: str) -> None:
    """Give an order, and wait until the carrier is said to stand so."""
    await books.hold.order(NORTH, order, now())
    await books.carrier_says(NORTH, says)


async def resumed(books: Books) -> None:
    await books.hold.order(NORTH, CarrierOrder.RESUME, now())

    async def look() -> bool | None:
        return True if [standing.state for standing in await books.hold.carriers()] == ["bound"] else None

    await eventually(look)


async def test_a_paused_carrier_submits_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    """Its binds stay up, and a receipt is heard meanwhile."""
    async with smsc() as (north, address), house(tmp_path, carrier("north", address)) as home:
        before = await home.customer.send(FINE, "before")
        await home.books.until(before, State.SUBMITTED)
        await told(home.books, CarrierOrder.PAUSE, "paused; bound")
        waiting = [await home.customer.send(f"8526123100{n}", "waiting") for n in range(5)]
        north.deliver(f"id:{FINE} sub:001 dlvrd:001 stat:DELIVRD err:000 text:", FINE)
        await home.books.until(before, State.DELIVERED)
        assert [(await home.books.standing(message)).state for message in waiting] == [State.ACCEPTED] * 5
        assert len([pdu for _, pdu in north.heard if pdu.command == Command.SUBMIT_SM]) == 1
        assert len(north.sessions) == 1
        await resumed(home.books)
        for message in waiting:
            await home.books.until(message, State.SUBMITTED)
        assert len([pdu for _, pdu in north.heard if pdu.command == Command.SUBMIT_SM]) == 6
        assert not north.endings


async def test_a_pause_lasts_over_restarts(tmp_path: Path) -> None:
    """Not one message leaves at the start, before the order is known."""
    async with simulated() as (simulator, address):
        async with house(tmp_path, carrier("north", address)) as home:
            await told(home.books, CarrierOrder.PAUSE, "paused; bound")
            message = await home.customer.send(FINE, "waits")
        async with house(tmp_path, carrier("north", address)) as home:
            await home.books.carrier_says(NORTH, "paused; bound")
            assert simulator.counts["submits"] == 0
            await resumed(home.books)
            await home.books.until(message, State.DELIVERED)


async def test_what_waits_to_be_tried_again_stays_when_it_is_paused(tmp_path: Path) -> None:
    """A part that was throttled or refused for a while was not taken: its message goes back, and leaves once it is resumed."""
    keys = {"throttle_pause": 3.0}
    async with simulated() as (simulator, address), house(tmp_path, carrier("north", address, **keys)) as home:
        messages = [await home.customer.send(number, "first") for number in (REFUSED, THROTTLED)]

        async def tried() -> bool | None:
            return True if simulator.counts["refused"] == 2 else None

        await eventually(tried)
        await told(home.books, CarrierOrder.PAUSE, "paused; bound")
        assert [(await home.books.standing(message)).state for message in messages] == [State.ACCEPTED] * 2
        assert simulator.counts["submits"] == 2
        await resumed(home.books)
        for message in messages:
            await home.books.until(message, State.DELIVERED)
        assert (simulator.counts["submits"], simulator.counts["taken"]) == (4, 2)


async def test_what_waits_goes_to_the_next_carrier_after_the_grace(tmp_path: Path) -> None:
    async with (
        simulated() as (first, north),
        simulated() as (_, south),
        house(tmp_path, carrier("north", north, unbound_grace=0.1), carrier("south", south), route("north", "south")) as home,
    ):
        await told(home.books, CarrierOrder.PAUSE, "paused; bound")
        message = await home.customer.send(FINE, "elsewhere")
        standing = await home.books.until(message, State.DELIVERED)
        assert standing.carrier == "south"
        assert [(note.what, note.detail) for note in standing.notes] == [("diverted", "north is paused; next: south")]
        assert first.counts["submits"] == 0


async def test_a_carrier_is_bound_anew_and_nothing_is_in_doubt(tmp_path: Path) -> None:
    """Under load, with two binds: what is in flight is awaited, what comes meanwhile goes by the other one."""
    keys = {"binds": 2, "window": 5}
    async with simulated(latency=(0.05, 0.1)) as (simulator, address), house(tmp_path, carrier("north", address, **keys)) as home:
        await home.books.carrier_says(NORTH, "bound")
        sending = [asyncio.create_task(home.customer.send(f"852612{n:05}", "load")) for n in range(300)]
        await home.books.hold.order(NORTH, CarrierOrder.REBIND, now())

        async def again() -> bool | None:
            return True if simulator.counts["binds"] == 4 else None

        await eventually(again)
        for message in await asyncio.gather(*sending):
            standing = await home.books.until(message, State.DELIVERED)
            assert not standing.notes
        assert (simulator.counts["submits"], simulator.counts["connections"]) == (300, 4)


async def test_to_rebind_is_to_try_at_once(tmp_path: Path) -> None:
    """A carrier that could not be reached would be tried again after a minute only."""
    async with simulated() as (gone, address):
        await gone.stop()
        slow = {"reconnect_first": 100.0, "reconnect_most": 100.0}
        async with house(tmp_path, carrier("north", address, **slow)) as home:
            await home.books.carrier_says(NORTH, "no connection")
            async with simulated(port=address[1]):
                await told(home.books, CarrierOrder.REBIND, "bound")


async def test_an_answer_that_never_comes_holds_a_rebind_up_no_longer_than_its_time(tmp_path: Path) -> None:
    """Then the message is unknown, as it would be without."""

    def silent(pdu: Pdu) -> tuple[int, Fields] | None:
        return None if pdu.command == Command.SUBMIT_SM else willing(pdu)

    async with smsc(silent) as (north, address), house(tmp_path, carrier("north", address, response_timeout=1.0)) as home:
        message = await home.customer.send(FINE, "unheard")
        await north.requests(Command.SUBMIT_SM, 1)
        await home.books.hold.order(NORTH, CarrierOrder.REBIND, now())
        await home.books.until(message, State.UNKNOWN)
        await north.requests(Command.BIND_TRANSCEIVER, 2)
        await north.bound(1)
        assert north.endings == ["unbound by the peer"]


async def test_whoever_has_the_binds_obeys(tmp_path: Path, database: str) -> None:
    """Two processes on one PostgreSQL database: the order is given by a third."""
    async with simulated() as (simulator, address), fleet(tmp_path, database, carrier("north", address), places=2) as both:
        await both.carried(NORTH)
        await told(both.books, CarrierOrder.PAUSE, "paused; bound")
        messages = [await both.customer(place).send(FINE, f"waits {place}") for place in (0, 1)]
        assert [(await both.books.standing(message)).state for message in messages] == [State.ACCEPTED] * 2
        assert simulator.counts["submits"] == 0
        await resumed(both.books)
        for message in messages:
            await both.books.until(message, State.DELIVERED)
