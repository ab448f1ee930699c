"""A receipt that does not come is asked for (query_sm), where the carrier answers that; and its history shows all of it."""

from pathlib import Path

import pytest

from globewire.hold.port import Asking, CarrierOrder
from globewire.message import CarrierId, State
from globewire.send import inquiry, walk
from globewire.wire.pdu import Command, Fields, Pdu, Status
from peers.smsc import foreign_smsc
from stories.carriers import simulated, smsc, willing
from stories.house import carrier, eventually, house, now

SILENT = "85261239006"
"""A number whose message the simulator delivers without a receipt."""
OVERDUE = 0.2


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look every tenth of a second."""
    monkeypatch.setattr(inquiry, "TURN", 0.1)
    monkeypatch.setattr(walk, "TURN", 0.1)


@pytest.mark.parametrize("id_form", ["decimal", "hex", "hex-decimal"])
async def test_a_missing_receipt_is_asked_for(tmp_path: Path, id_form: str) -> None:
    """By the id as the carrier spelt it. The message is delivered by what the carrier says, and its history says how that came."""
    async with (
        simulated(id_form=id_form) as (_, address),
        house(tmp_path, carrier("north", address, query=True, receipt_overdue=OVERDUE)) as home,
    ):
        message = await home.customer.send(SILENT, "once")
        standing = await home.books.until(message, State.DELIVERED)
        assert [(note.what, note.detail) for note in standing.notes] == [
            ("asked", "north: part 1 is DELIVRD, as it says when asked")
        ]
        assert (await home.customer.query(message))["Status"] == "1"


class Script:
    """A carrier that takes everything under the number as id, and answers one question after the other as told, the last again."""

    def __init__(self, *answers: tuple[int, Fields]) -> None:
        self.answers = list(answers)

    def __call__(self, pdu: Pdu) -> tuple[int, Fields] | None:
        if pdu.command != Command.QUERY_SM:
            return willing(pdu)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def state(number: int, error: int = 0) -> tuple[int, Fields]:
    return Status.ROK, {"message_id": "x", "message_state": number, "error_code": error}


async def test_it_is_asked_again_until_the_carrier_knows(tmp_path: Path) -> None:
    """What it says each time is a line, the same said twice is one; UNKNOWN is no end when asked; the error is passed on."""
    script = Script(state(1), state(1), state(7), state(5, 11))
    async with smsc(script) as (_, address), house(tmp_path, carrier("north", address, query=True, receipt_overdue=0.05)) as home:
        message = await home.customer.send(SILENT, "once")
        standing = await home.books.until(message, State.FAILED)
        assert standing.error_code == "UNDELIV:011"
        said = [note.detail.partition(" is ")[2].partition(",")[0] for note in standing.notes]
        assert said == ["ENROUTE", "UNKNOWN", "UNDELIV"]


async def test_a_receipt_that_comes_after_the_answer_is_late(tmp_path: Path) -> None:
    """A final state never changes."""
    async with (
        smsc(Script(state(2))) as (north, address),
        house(tmp_path, carrier("north", address, query=True, receipt_overdue=OVERDUE)) as home,
    ):
        message = await home.customer.send(SILENT, "once")
        await home.books.until(message, State.DELIVERED)
        north.deliver(f"id:{SILENT} sub:001 dlvrd:000 stat:UNDELIV err:011 text:", SILENT)
        await home.books.noted(message, "late receipt: north: part 1 is UNDELIV, settled before")
        assert (await home.books.standing(message)).state is State.DELIVERED


async def test_the_parts_of_an_unknown_message_that_were_answered_are_asked_about(tmp_path: Path) -> None:
    """One of them failed, so all of it did; the part that was not answered has no id, and nobody can ask about it."""

    def only_the_first(pdu: Pdu) -> tuple[int, Fields] | None:
        if pdu.command == Command.QUERY_SM:
            return state(5)
        later = pdu.command == Command.SUBMIT_SM and pdu.octets("short_message")[5] > 1
        return None if later else willing(pdu)

    keys = {"response_timeout": 0.3, "query": True, "receipt_overdue": OVERDUE}
    async with smsc(only_the_first) as (north, address), house(tmp_path, carrier("north", address, **keys)) as home:
        message = await home.customer.send("85261230000", "x" * 300)
        standing = await home.books.until(message, State.FAILED)
        assert [note.what for note in standing.notes] == ["unknown", "asked"]
        assert {pdu.text("message_id") for pdu in await north.requests(Command.QUERY_SM, 1)} == {"85261230000"}


@pytest.mark.parametrize(("status", "least"), [(Status.RINVCMDID, 1), (Status.RQUERYFAIL, 3)])
async def test_a_carrier_that_does_not_answer_is_asked_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, least: int
) -> None:
    """At once where it does not know the command, after some refusals where it answered none; until it is bound anew."""
    monkeypatch.setattr(inquiry, "REFUSALS", 3)
    monkeypatch.setattr(inquiry, "RATE", 1)
    script = Script((status, {}))
    async with (
        smsc(script) as (north, address),
        house(tmp_path, carrier("north", address, query=True, receipt_overdue=0.01)) as home,
    ):
        message = await home.customer.send("85261230000", "once")

        async def refused() -> bool | None:
            return True if [one.figures.query for one in await home.books.hold.carriers()] == [Asking.REFUSED] else None

        await eventually(refused)
        await home.books.noted(message, "asked: north: part 1: the question is refused, ESME_")
        asked = len(await north.requests(Command.QUERY_SM, least))
        after = await home.customer.send("85261230001", "after")

        async def overdue() -> bool | None:
            return True if [one.figures.overdue for one in await home.books.hold.carriers()] == [2] else None

        await eventually(overdue)
        assert len([pdu for _, pdu in north.heard if pdu.command == Command.QUERY_SM]) == asked
        script.answers = [state(2)]
        await home.books.hold.order(CarrierId("north"), CarrierOrder.REBIND, now())
        await home.books.until(after, State.DELIVERED)


async def test_a_foreign_smsc_is_asked(tmp_path: Path) -> None:
    """npm's smpp reads our question and we read its answer."""
    async with (
        foreign_smsc(ids="hex", receipts="no") as peer,
        house(tmp_path, carrier("north", (peer.host, peer.port), query=True, receipt_overdue=OVERDUE)) as home,
    ):
        message = await home.customer.send("85261230000", "once", From="Globe")
        await home.books.until(message, State.DELIVERED)
        asked = await peer.until("query_sm")
        assert (asked["message_id"], asked["source_addr"], asked["source_addr_ton"]) == ("1000", "Globe", 5)
