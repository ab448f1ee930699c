"""Carriers that say no: for now, or for good."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from globewire.message import State
from stories.callbacks import receiving
from stories.carriers import simulated
from stories.house import account, carrier, house, route, table

MANY = 80


@pytest.mark.parametrize(("number", "first"), [("85261239005", "throttled"), ("85261239012", "a temporary error")])
async def test_a_no_for_now_is_tried_again(tmp_path: Path, number: str, first: str) -> None:
    """The first answer is no, the second yes: delivered, once."""
    async with simulated() as (simulator, address), house(tmp_path, carrier("north", address)) as home:
        message = await home.customer.send(number, first)
        await home.books.until(message, State.DELIVERED)
        assert (simulator.counts["submits"], simulator.counts["taken"]) == (2, 1)


@pytest.mark.parametrize("pace", [50, 0])
async def test_a_carrier_that_takes_fifty_a_second(tmp_path: Path, pace: int) -> None:
    """With our pace at its limit it never has to throttle us; without one it does, and still all arrive, each once."""
    async with (
        simulated(throughput=50) as (simulator, address),
        house(tmp_path, carrier("north", address, pace=pace)) as home,
    ):
        sent = await asyncio.gather(*(home.customer.send(f"852612{n:05}", f"text {n}") for n in range(10_000, 10_000 + MANY)))
        counts = await home.books.settled(State.ACCEPTED, State.SUBMITTED, State.UNKNOWN, at_least=MANY)
        assert (len(set(sent)), counts["state.delivered"]) == (MANY, MANY)
        assert Counter(taken.text for taken in simulator.taken.values()).most_common(1)[0][1] == 1
        assert (simulator.counts["throttled"] == 0) is (pace > 0)


async def test_a_no_for_good_goes_to_the_next_carrier(tmp_path: Path) -> None:
    """The history says who refused and why, and who is next."""
    async with (
        simulated() as (first, north),
        simulated(magic=False) as (second, south),
        house(tmp_path, carrier("north", north), carrier("south", south), route("north", "south")) as home,
    ):
        message = await home.customer.send("85261239004", "over there")
        standing = await home.books.until(message, State.DELIVERED)
        assert standing.carrier == "south"
        assert [note.detail for note in standing.notes] == [
            "north said ESME_RINVDSTADR (0x0000000B): invalid destination address; next: south"
        ]
        assert (first.counts["submits"], second.counts["submits"]) == (1, 1)


async def test_a_no_for_good_from_all_is_a_rejection(tmp_path: Path) -> None:
    """Rejected, with the reason: in the look-up, in the history, and in the callback."""
    async with (
        simulated() as (_, north),
        simulated() as (_, south),
        receiving() as endpoint,
        house(
            tmp_path,
            table("[callbacks]", allow_private=True),
            carrier("north", north),
            carrier("south", south),
            route("north", "south"),
            account(callback=endpoint.url),
        ) as home,
    ):
        message = await home.customer.send("85261239004", "nowhere")
        standing = await home.books.until(message, State.REJECTED)
        reason = "ESME_RINVDSTADR (0x0000000B): invalid destination address"
        assert (standing.error_code, standing.error) == ("REJECTD:0000000B", reason)
        assert [note.detail for note in standing.notes] == [f"north said {reason}; next: south", f"south said {reason}"]
        await endpoint.arrived(1)
        [report] = endpoint.pushes[0].reports
        assert (report["Status"], report["ErrorCode"]) == ("2", "REJECTD:0000000B")
        assert (await home.customer.query(message))["Status"] == "2"
