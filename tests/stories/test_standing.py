"""How a carrier stands, as it is said to whoever looks from another process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from globewire.hold.port import Asking, CarrierOrder, CarrierStanding
from globewire.message import CarrierId, State
from globewire.send import inquiry, saying, walk
from globewire.wire.pdu import Command
from stories.carriers import simulated, smsc
from stories.house import Books, carrier, eventually, house, now
from stories.scraping import scrape

NORTH = CarrierId("north")
FINE, REFUSED, THROTTLED, BUSY, NO_RECEIPT, SILENT = (f"8526123{n}" for n in ("0000", "9004", "9005", "9012", "9006", "9009"))


async def says(books: Books, wanted: Callable[[CarrierStanding], bool]) -> CarrierStanding:
    """What is said of the carrier, once it is as wanted."""
    said: list[CarrierStanding] = []

    async def look() -> CarrierStanding | None:
        said[:] = await books.hold.carriers()
        return next((standing for standing in said if wanted(standing)), None)

    return await eventually(look, lambda: f"not as wanted: {said}")


async def test_everything_that_passes_is_counted(tmp_path: Path) -> None:
    """Each thing once, under its own name."""
    began = now()
    keys = {"window": 7, "pace": 500.0, "response_timeout": 1.0}
    async with simulated() as (_, address), house(tmp_path, carrier("north", address, **keys)) as home:
        for number in (FINE, REFUSED, THROTTLED, BUSY, NO_RECEIPT):
            await home.customer.send(number, "once")
        silent = await home.customer.send(SILENT, "once")
        await home.books.until(silent, State.UNKNOWN)
        standing = await says(home.books, lambda s: s.figures.unanswered == 1 and s.figures.receipts == 3)
        figures = standing.figures
        assert (figures.submits, figures.taken, figures.throttled, figures.unanswered) == (8, 4, 1, 1)
        assert figures.refused == {"ESME_RINVDSTADR": 1, "ESME_RSYSERR": 1}
        assert (figures.window, figures.pace, figures.waiting, figures.paused) == (7, 500.0, 0, False)
        assert (figures.query, figures.asked) == (Asking.NO, 0)
        assert began <= figures.since <= now()
        assert 0 <= figures.round_trip.p50 <= figures.round_trip.p95
        assert 0 < figures.receipt_delay.p50 <= figures.receipt_delay.p95


async def test_what_waits_at_a_paused_carrier_is_counted(tmp_path: Path) -> None:
    async with simulated() as (_, address), house(tmp_path, carrier("north", address)) as home:
        await home.books.hold.order(NORTH, CarrierOrder.PAUSE, now())
        await says(home.books, lambda s: s.figures.paused)
        for n in range(3):
            await home.customer.send(f"8526123000{n}", "waits")
        await says(home.books, lambda s: s.figures.waiting == 3)
        await home.books.hold.order(NORTH, CarrierOrder.RESUME, now())
        standing = await says(home.books, lambda s: s.figures.waiting == 0 and s.figures.taken == 3)
        assert not standing.figures.paused


async def test_receipts_that_are_overdue_are_counted_and_nobody_is_asked_who_is_not_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until they come."""
    monkeypatch.setattr(walk, "TURN", 0.1)
    async with smsc() as (north, address), house(tmp_path, carrier("north", address, receipt_overdue=0.1)) as home:
        messages = [await home.customer.send(f"8526123000{n}", "once") for n in range(2)]
        await says(home.books, lambda s: s.figures.overdue == 2)
        assert (await scrape(home.address)).value("globewire_carrier_receipts_overdue", carrier="north") == 2
        north.deliver("id:85261230000 stat:DELIVRD err:000", "85261230000")
        await home.books.until(messages[0], State.DELIVERED)
        await says(home.books, lambda s: s.figures.overdue == 1)
        assert not [pdu for _, pdu in north.heard if pdu.command == Command.QUERY_SM]


async def test_questions_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiry, "TURN", 0.1)
    monkeypatch.setattr(walk, "TURN", 0.1)
    keys = {"query": True, "receipt_overdue": 0.1}
    async with simulated() as (_, address), house(tmp_path, carrier("north", address, **keys)) as home:
        message = await home.customer.send(NO_RECEIPT, "once")
        await home.books.until(message, State.DELIVERED)
        standing = await says(home.books, lambda s: s.figures.overdue == 0 and s.figures.asked > 0)
        assert standing.figures.query is Asking.YES
        seen = await scrape(home.address)
        asked = seen.series("globewire_queries_total", "carrier", "outcome")
        assert set(asked) == {("north", "final")}
        assert seen.value("globewire_carrier_receipts_overdue", carrier="north") == 0


async def test_one_that_runs_says_so_and_one_that_stopped_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing to do it says so all the same; when it stops in order, it says that last."""
    monkeypatch.setattr(saying, "BEAT", 1.0)
    async with simulated() as (_, address), house(tmp_path, carrier("north", address)) as home:
        first = await says(home.books, lambda s: s.state == "bound")
        later = await says(home.books, lambda s: s.at > first.at)
        assert later.running(now())
        assert not later.running(later.at + 20_000)
        books = home.books
        await home.gateway.stop()
        last = await says(books, lambda s: s.state == "stopped")
        assert not last.running(last.at)
        assert (last.bound, last.in_flight) == (0, 0)
