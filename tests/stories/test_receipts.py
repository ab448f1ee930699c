"""Receipts as carriers send them: early, twice, never, late, in TLVs alone, and with ids spelt in another way."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from globewire.message import State
from globewire.verdict.script import IdForm, ReceiptForm
from globewire.wire.pdu import Command
from stories.callbacks import receiving
from stories.carriers import numbered, simulated, smsc
from stories.house import account, carrier, eventually, house, table

CALLBACKS = table("[callbacks]", allow_private=True)
AT_ONCE = table("[send]", grace=0)


async def test_the_receipt_overtakes_the_answer(tmp_path: Path) -> None:
    """It waits until its part is known; the message is delivered, and nothing is left over."""
    async with simulated() as (simulator, address), house(tmp_path, carrier("north", address)) as home:
        message = await home.customer.send("85261239008", "early")
        await home.books.until(message, State.DELIVERED)
        counts = await home.books.hold.counts()
        assert (simulator.counts["submits"], counts.get("lane.settle", 0), counts.get("lane.orphan", 0)) == (1, 0, 0)


async def test_the_same_receipt_twice_is_told_once(tmp_path: Path) -> None:
    """The second is noted in the history, and the customer hears of the first alone."""
    async with (
        simulated() as (_, address),
        receiving() as endpoint,
        house(tmp_path, CALLBACKS, carrier("north", address), account(callback=endpoint.url)) as home,
    ):
        message = await home.customer.send("85261239011", "twice")
        await home.books.noted(message, "late receipt: north: part 1 is DELIVRD, settled before")
        after = await home.customer.send("85261230000", "after")
        await home.books.until(after, State.DELIVERED)
        await endpoint.arrived(2)
        assert endpoint.message_ids() == [str(message), str(after)]


async def test_no_receipt_ever_comes(tmp_path: Path) -> None:
    """After validity and grace it is expired: the callback says 6, QueryMessage 2."""
    async with (
        simulated() as (_, address),
        receiving() as endpoint,
        house(tmp_path, CALLBACKS, AT_ONCE, carrier("north", address), account(callback=endpoint.url)) as home,
    ):
        message = await home.customer.send("85261239006", "never", ValidityPeriod="1")
        await home.books.until(message, State.EXPIRED)
        await endpoint.arrived(1)
        [report] = endpoint.pushes[0].reports
        assert (report["MessageId"], report["Status"], report["ErrorCode"]) == (str(message), "6", "EXPIRED")
        assert (await home.customer.query(message))["Status"] == "2"


async def test_a_receipt_after_the_end_changes_nothing(tmp_path: Path) -> None:
    """What is expired stays expired, and is told once; that the receipt came late stands in the history."""
    async with (
        smsc() as (slow, address),
        receiving() as endpoint,
        house(tmp_path, CALLBACKS, AT_ONCE, carrier("north", address), account(callback=endpoint.url)) as home,
    ):
        message = await home.customer.send("85261230000", "late", ValidityPeriod="1")
        expired = await home.books.until(message, State.EXPIRED)
        slow.deliver("id:85261230000 stat:DELIVRD err:000", "85261230000")
        await home.books.noted(message, "late receipt")
        standing = await home.books.standing(message)
        assert (standing.state, standing.ended_at, standing.error_code) == (State.EXPIRED, expired.ended_at, "EXPIRED")
        await endpoint.arrived(1)
        assert [report["Status"] for push in endpoint.pushes for report in push.reports] == ["6"]


async def test_receipts_in_every_form_that_the_simulator_knows(tmp_path: Path) -> None:
    """As text, as TLVs alone, as both; ids decimal, hexadecimal, or hexadecimal in the answer alone."""
    forms = [(f"{form}-{ids}", form, ids) for form in ReceiptForm for ids in IdForm]
    async with AsyncExitStack() as stack:
        carriers = []
        for id, form, ids in forms:
            _, address = await stack.enter_async_context(simulated(receipt_form=form, id_form=ids))
            carriers.append(carrier(id, address))
        home = await stack.enter_async_context(house(tmp_path, *carriers))
        for n, (id, _, _) in enumerate(forms):
            good = await home.customer.send(f"8526123010{n}", "good", ChannelId=id)
            bad = await home.customer.send("85261239001", "bad", ChannelId=id)
            await home.books.until(good, State.DELIVERED)
            standing = await home.books.until(bad, State.FAILED)
            assert (standing.carrier, standing.error_code) == (id, "UNDELIV:001")


def decimal(id: int) -> str:
    return str(id)


def hexadecimal(id: int) -> str:
    return f"{id:X}"


def padded(id: int) -> str:
    return f"{id:010x}"


@pytest.mark.parametrize(
    ("answer", "receipt", "reading"),
    [
        (decimal, decimal, "same"),
        (hexadecimal, padded, "same"),
        (padded, decimal, "hex-to-dec"),
        (hexadecimal, decimal, "hex-to-dec"),
        (decimal, hexadecimal, "dec-to-hex"),
        (decimal, padded, "dec-to-hex"),
        (hexadecimal, decimal, "auto"),
        (decimal, hexadecimal, "auto"),
        (padded, hexadecimal, "auto"),
    ],
)
async def test_ids_spelt_differently_find_their_messages(
    tmp_path: Path, answer: Callable[[int], str], receipt: Callable[[int], str], reading: str
) -> None:
    """Thirty ids, many of which are another's in the other spelling: each receipt settles its own message, and no other.

    Every third is undelivered, so that a receipt that went astray would show.
    """
    numbers = [f"852612300{n:02}" for n in range(30)]
    async with (
        smsc(numbered(answer)) as (carrier_side, address),
        house(tmp_path, carrier("north", address, receipt_ids=reading)) as home,
    ):
        messages = {number: await home.customer.send(number, "which") for number in numbers}
        submits = await carrier_side.requests(Command.SUBMIT_SM, len(numbers))
        bad = {submit.text("destination_addr") for submit in submits[::3]}
        for id, submit in enumerate(submits, start=1):
            to = submit.text("destination_addr")
            carrier_side.deliver(f"id:{receipt(id)} stat:{'UNDELIV' if to in bad else 'DELIVRD'} err:000", to)
        for number, message in messages.items():
            await home.books.until(message, State.FAILED if number in bad else State.DELIVERED)


async def test_a_receipt_of_nobodys_is_kept_apart(tmp_path: Path) -> None:
    """It is acknowledged and waits for whoever looks; what is ours goes on."""
    async with smsc() as (carrier_side, address), house(tmp_path, carrier("north", address)) as home:
        await carrier_side.bound(1)
        carrier_side.deliver("id:stranger stat:DELIVRD err:000", "85261239999")

        async def waits() -> int | None:
            return (await home.books.hold.counts()).get("lane.settle") or None

        assert await eventually(waits) == 1
        message = await home.customer.send("85261230000", "ours")
        await carrier_side.requests(Command.SUBMIT_SM, 1)
        carrier_side.deliver("id:85261230000 stat:DELIVRD err:000", "85261230000")
        await home.books.until(message, State.DELIVERED)
