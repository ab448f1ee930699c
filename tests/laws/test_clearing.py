"""A hold that is cleared for the next test, and what is due in one whose clock was moved: against every engine."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from globewire.errors import Refused
from globewire.hold.keeping import BELONGINGS
from globewire.hold.port import (
    SEND,
    SETTLE,
    TELL,
    Became,
    Conversion,
    Hold,
    Lane,
    Nonce,
    Noted,
    Once,
    PartBecame,
    Question,
    Submitted,
)
from globewire.hold.sqlite import SqliteHold
from globewire.hold.sums import connect
from globewire.message import Millis, PartState, State
from laws.conftest import Opener
from laws.making import ACCOUNT, CARRIER, NOW, account, heard, message, part, submission

LEASE = 60_000
NONCE = Nonce(77, Millis(NOW + 900_000))
ONCE = Once(ACCOUNT, "key", "content", "first", Millis(NOW + 86_400_000))
KEPT = {"account", "access_key", "ram_user", "policy", "carrier", "carrier_order", "book", "nonce", "owner"}
"""Tables that a clearing leaves as they are."""


async def filled(hold: Hold) -> None:
    """Messages in every state of work, with all that can belong to them."""
    await hold.put_account(account())
    await hold.keep(
        [submission(1), submission(2), submission(3)], NONCE, [Conversion(ACCOUNT, message(1).id, True, 0.5, NOW)], once=ONCE
    )
    first, second, _ = await hold.claim(SEND, 3, NOW, LEASE, CARRIER)
    ended = Became(message(1).id, State.DELIVERED, NOW, CARRIER, "DELIVERED", "success")
    await hold.done((first, [Submitted(part(1)), Noted(message(1).id, NOW, "a note", "of it"), ended]))
    await hold.done((second, [Submitted(part(2)), Became(message(2).id, State.SUBMITTED, NOW, CARRIER)]))
    await hold.record(heard("nobody's"))
    assert await hold.draw("a quota", 1.0, 1, NOW) == 1


async def test_a_clearing_forgets_every_message(opener: Opener) -> None:
    """And what belongs to it, or waits for it; a restart finds nothing of it either."""
    hold = await opener()
    await filled(hold)
    await hold.clear()
    again = await opener()
    for one in (hold, again):
        assert await one.search(Question()) == []
        assert await one.look(message(1).id) is None
        assert not any((await one.counts()).values())
        assert await one.claim(SEND, 9, NOW, LEASE, CARRIER) == []
        assert await one.claim(SETTLE, 9, NOW, LEASE) == []
        assert await one.claim(TELL, 9, NOW, LEASE) == []


async def test_a_clearing_leaves_the_book_and_the_nonces(hold: Hold) -> None:
    """A request that was made is not fresh again, but its idempotency key is, and so is the quota."""
    await filled(hold)
    await hold.clear()
    book = await hold.book()
    assert book is not None
    assert [entry.id for entry in book.accounts] == [ACCOUNT]
    with pytest.raises(Refused):
        await hold.keep([submission(4)], NONCE)
    assert await hold.keep([submission(5)], None, once=ONCE) is None
    assert await hold.draw("a quota", 1.0, 1, NOW) == 1


async def test_what_was_in_hand_comes_to_nothing(hold: Hold) -> None:
    """A worker and a settler that had jobs of before do not bring a message back, and new ones go their way."""
    await hold.put_account(account())
    await hold.keep([submission(1), submission(2)], None)
    sends = await hold.claim(SEND, 2, NOW, LEASE, CARRIER)
    await hold.done((sends[0], [Submitted(part(1)), Became(message(1).id, State.SUBMITTED, NOW, CARRIER)]))
    await hold.record(heard("id1"))
    settles = await hold.claim(SETTLE, 1, NOW, LEASE)
    await hold.clear()
    delivered = PartBecame(message(1).id, 1, PartState.DELIVERED, "", NOW), Became(message(1).id, State.DELIVERED, NOW)
    await hold.done((settles[0], delivered))
    await hold.done((sends[1], [Submitted(part(2)), Became(message(2).id, State.SUBMITTED, NOW, CARRIER)]))
    assert await hold.search(Question()) == []
    assert await hold.claim(TELL, 9, NOW, LEASE) == []
    await hold.keep([submission(3)], None)
    [job] = await hold.claim(SEND, 9, NOW, LEASE, CARRIER)
    await hold.done((job, [Became(message(3).id, State.REJECTED, NOW, CARRIER, "REJECTD", "no")]))
    [tell] = await hold.claim(TELL, 9, NOW, LEASE)
    assert [report.message for report in tell.reports] == [message(3).id]


async def test_no_table_is_overlooked(tmp_path: Path) -> None:
    """Each table of the file, whichever migration it came with, is one that stays or one that is emptied."""
    hold = await SqliteHold.open(tmp_path / "hold.db")
    await filled(hold)
    await hold.clear()
    await hold.close()
    with closing(connect(tmp_path / "hold.db")) as connection:
        named = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        tables = {name for (name,) in connection.execute(named)}
        left = {name: connection.execute(f"SELECT count(*) FROM {name}").get for name in BELONGINGS}
    assert tables == KEPT | set(BELONGINGS)
    assert not any(left.values())


async def test_what_is_pending(hold: Hold) -> None:
    """What is due and nobody took, on each lane, and what is being pushed; nothing that is due later."""
    await hold.put_account(account())
    assert not await hold.pending(NOW)
    await hold.keep([submission(1)], None)
    assert [await hold.pending(Millis(NOW - 1)), await hold.pending(NOW)] == [False, True]
    [send] = await hold.claim(SEND, 1, NOW, LEASE, CARRIER)
    assert not await hold.pending(NOW)
    await hold.done((send, [Submitted(part(1)), Became(message(1).id, State.SUBMITTED, NOW, CARRIER)]))
    await hold.record(heard("id1"))
    assert await hold.pending(NOW)
    [settle] = await hold.claim(SETTLE, 1, NOW, LEASE)
    assert not await hold.pending(NOW)
    await hold.done((settle, [Became(message(1).id, State.DELIVERED, NOW)]))
    assert await hold.pending(NOW)
    [tell] = await hold.claim(TELL, 1, NOW, LEASE)
    assert await hold.pending(NOW)
    await hold.again((tell, Millis(NOW + 60_000)))
    assert [await hold.pending(NOW), await hold.pending(Millis(NOW + 60_000))] == [False, True]


async def test_who_waits_looks_again(hold: Hold) -> None:
    """Whatever lane it is, a call that the clock was moved ends the wait."""
    lanes: list[tuple[Lane[Any], str]] = [(SEND, "north"), (SETTLE, ""), (TELL, "")]
    waits = [asyncio.create_task(hold.wait(lane, 60.0, (of,))) for lane, of in lanes]
    await asyncio.sleep(0)
    hold.look_again()
    async with asyncio.timeout(10):
        await asyncio.gather(*waits)
