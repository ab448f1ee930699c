"""The walk through parts that no receipt came for, on every engine."""

from dataclasses import replace
from pathlib import Path

from globewire.hold import ledger
from globewire.hold.port import START, Became, Hold, PartBecame, Reached, Silent, Submitted
from globewire.hold.sqlite import SqliteHold
from globewire.message import CarrierId, Millis, Part, PartState, State
from laws.making import CARRIER, NOW, message, part, submission

LATER = Millis(NOW + 1)


async def submitted(hold: Hold, *numbers: int, parts: int = 1) -> None:
    """Messages that the carrier has taken, each in so many parts."""
    await hold.keep([submission(n) for n in numbers], None)
    for n in numbers:
        await hold.record(*(Submitted(part(n, s, parts, f"id{n}-{s}")) for s in range(1, parts + 1)))
        await hold.record(Became(message(n).id, State.SUBMITTED, NOW, CARRIER))


async def walked(hold: Hold, *, before: Millis = LATER, page: int = 100, carrier: CarrierId = CARRIER) -> list[Silent]:
    """All pages of a walk."""
    found: list[Silent] = []
    after: Reached | None = START
    while after is not None:
        some, after = await hold.silent({carrier: before}, page, after)
        assert len({silent.part.message for silent in some}) <= page
        found += some
    return found


async def test_a_part_without_a_receipt_is_silent(hold: Hold) -> None:
    """With its message's number and sender, once it was submitted long enough ago, and only at its own carrier."""
    await submitted(hold, 1)
    assert await walked(hold) == [Silent(part(1, carrier_id="id1-1"), message(1).to, message(1).sender)]
    assert await walked(hold, before=NOW) == []
    assert await walked(hold, carrier=CarrierId("south")) == []


async def test_carriers_are_walked_for_together(hold: Hold) -> None:
    """Each has its own moment, before which its parts are silent."""
    south = CarrierId("south")
    await submitted(hold, 1)
    await hold.keep([submission(2, carrier=south)], None)
    mine, theirs = part(1, carrier_id="id1-1"), replace(part(2), carrier=south)
    await hold.record(Submitted(theirs), Became(message(2).id, State.SUBMITTED, NOW, south))
    for moments, silent in (
        ({CARRIER: LATER, south: LATER}, [mine, theirs]),
        ({CARRIER: NOW, south: LATER}, [theirs]),
        ({CARRIER: LATER, south: NOW}, [mine]),
    ):
        found, _ = await hold.silent(moments, 100)
        assert [each.part for each in found] == silent


async def test_an_id_is_given_back_as_the_carrier_spelt_it(hold: Hold) -> None:
    spelt = Part(message(1).id, 1, 1, CARRIER, "1a", PartState.SUBMITTED, NOW, given_id="0x001A")
    await hold.keep([submission(1)], None)
    await hold.record(Submitted(spelt))
    assert [silent.part for silent in await walked(hold)] == [spelt]
    standing = await hold.look(message(1).id)
    assert standing is not None
    assert standing.parts == (spelt,)


async def test_of_an_unknown_message_the_parts_that_were_answered_are_silent(hold: Hold) -> None:
    await hold.keep([submission(1)], None)
    await hold.record(Submitted(part(1, 2, 3)), Became(message(1).id, State.UNKNOWN, NOW, CARRIER))
    assert [silent.part.sequence for silent in await walked(hold)] == [2]


async def test_what_came_to_its_end_is_silent_no_more(hold: Hold) -> None:
    """A part by its receipt; all parts when the message is over, whatever is known of them."""
    await submitted(hold, 1, 2, parts=2)
    await hold.record(PartBecame(message(1).id, 1, PartState.DELIVERED, "", NOW), Became(message(2).id, State.EXPIRED, NOW))
    assert [(s.part.message, s.part.sequence) for s in await walked(hold)] == [(message(1).id, 2)]


async def test_a_walk_meets_everything_once(hold: Hold) -> None:
    """Whatever the page's size, with messages between that have no such part, and where many end at the same moment."""
    await submitted(hold, *range(7), parts=2)
    await hold.keep([submission(n) for n in range(10, 14)], None)
    expected = sorted((message(n).id, s) for n in range(7) for s in (1, 2))
    for page in (1, 2, 3, 11, 100):
        found = [(s.part.message, s.part.sequence) for s in await walked(hold, page=page)]
        assert sorted(found) == expected


async def test_a_page_is_looked_up_and_never_searched_for(tmp_path: Path) -> None:
    """SQLite's plan goes by the index of messages under way, from where the last page ended, and by the parts' key: as many rows
    as the page has, whatever is in the file."""
    hold = await SqliteHold.open(tmp_path / "hold.db")
    found = []
    for statement, values in ((ledger._PAGE, (*START, 10)), (ledger._SILENT, ("[1]", NOW))):
        found += [row[3] for row in hold._reading.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    await hold.close()
    assert found == [
        "CO-ROUTINE (subquery-1)",
        "SEARCH message USING INDEX message_open (expires_at>?)",
        "SCAN (subquery-1)",
        "SCAN j VIRTUAL TABLE INDEX 1:",
        "SEARCH part USING PRIMARY KEY (message=?)",
    ]
