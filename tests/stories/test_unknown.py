"""A submit whose answer never came: said as it is, not sent again unless the route says so, and then once."""

from pathlib import Path

import pytest

from globewire.message import State
from globewire.wire.pdu import Command, Fields, Pdu
from stories.carriers import simulated, smsc, willing
from stories.house import carrier, house, route

DROPPED, SILENT = "85261239010", "85261239009"
"""Numbers whose first submit the simulator meets with a closed connection, or with silence."""
PATIENCE = 0.3


@pytest.mark.parametrize("number", [DROPPED, SILENT])
async def test_what_may_have_been_sent_is_unknown_and_not_sent_again(tmp_path: Path, number: str) -> None:
    """It is shown as unknown, also in its history; QueryMessage says that it is under way; what comes after it is delivered."""
    async with (
        simulated() as (simulator, address),
        house(tmp_path, carrier("north", address, response_timeout=PATIENCE)) as home,
    ):
        message = await home.customer.send(number, "once")
        standing = await home.books.until(message, State.UNKNOWN)
        assert [note.what for note in standing.notes] == ["unknown"]
        assert "north did not answer 1 of 1 parts; not sent again" in standing.notes[0].detail
        assert (await home.customer.query(message))["Status"] == "3"
        after = await home.customer.send("85261230000", "after")
        await home.books.until(after, State.DELIVERED)
        assert simulator.counts["submits"] == 2
        assert (await home.books.standing(message)).state is State.UNKNOWN


@pytest.mark.parametrize("number", [DROPPED, SILENT])
async def test_it_is_sent_once_more_where_the_route_says_so(tmp_path: Path, number: str) -> None:
    """By the same carrier, where the route names no other."""
    async with (
        simulated() as (simulator, address),
        house(tmp_path, carrier("north", address, response_timeout=PATIENCE), route("north", on_unknown="resend")) as home,
    ):
        message = await home.customer.send(number, "twice")
        standing = await home.books.until(message, State.DELIVERED)
        assert standing.carrier == "north"
        assert (simulator.counts["submits"], simulator.counts["taken"]) == (2, 1)


@pytest.mark.parametrize("number", [DROPPED, SILENT])
async def test_it_is_sent_once_more_by_the_next_carrier(tmp_path: Path, number: str) -> None:
    """The route names another carrier, so that one gets it."""
    async with (
        simulated() as (first, north),
        simulated(magic=False) as (second, south),
        house(
            tmp_path,
            carrier("north", north, response_timeout=PATIENCE),
            carrier("south", south),
            route("north", "south", on_unknown="resend"),
        ) as home,
    ):
        message = await home.customer.send(number, "twice")
        standing = await home.books.until(message, State.DELIVERED)
        assert standing.carrier == "south"
        assert (first.counts["submits"], second.counts["submits"]) == (1, 1)


async def test_once_more_is_not_twice_more(tmp_path: Path) -> None:
    """Where the second try is not answered either, it stays unknown."""
    async with (
        smsc(lambda pdu: None if pdu.command == Command.SUBMIT_SM else willing(pdu)) as (silent, address),
        house(tmp_path, carrier("north", address, response_timeout=PATIENCE), route("north", on_unknown="resend")) as home,
    ):
        message = await home.customer.send("85261230000", "twice")
        await home.books.noted(message, "not sent again")
        assert len(await silent.requests(Command.SUBMIT_SM, 2)) == 2
        assert (await home.books.standing(message)).state is State.UNKNOWN


async def test_a_long_message_of_which_a_part_was_taken_is_not_sent_again(tmp_path: Path) -> None:
    """Else the recipient might get the beginning twice."""

    def only_the_first(pdu: Pdu) -> tuple[int, Fields] | None:
        later = pdu.command == Command.SUBMIT_SM and pdu.octets("short_message")[5] > 1
        return None if later else willing(pdu)

    async with (
        smsc(only_the_first) as (half, address),
        house(tmp_path, carrier("north", address, response_timeout=PATIENCE), route("north", on_unknown="resend")) as home,
    ):
        message = await home.customer.send("85261230000", "x" * 300)
        await home.books.noted(message, "did not answer 1 of 2 parts; not sent again")
        assert (await home.books.standing(message)).state is State.UNKNOWN
        assert len(await half.requests(Command.SUBMIT_SM, 2)) == 2
