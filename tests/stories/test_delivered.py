"""The straight way: accepted, sent, receipted, settled, told, and looked up."""

from pathlib import Path

import pytest

from globewire.message import PartState, State
from globewire.plan import Concatenation, GsmCoding
from globewire.wire.pdu import Command
from stories.callbacks import receiving, signed
from stories.carriers import numbered, shown, simulated, smsc
from stories.house import account, carrier, eventually, house, route, table

LATIN = "Häuser, Straßen: £5 für alle Größen. " * 11  # in ISO 8859-1, and in the GSM alphabet
GSM = "Price {50} € \\ [x] ~ ^ | Ωmega no " * 10
MIXED = "Ваш код 🙂 4711 验证码 🚀 é " * 8


async def test_a_message_goes_all_the_way(tmp_path: Path) -> None:
    """Accepted, taken by the carrier, receipted, pushed under our signature, and found by QueryMessage as delivered."""
    async with (
        simulated() as (simulator, address),
        receiving() as endpoint,
        house(
            tmp_path,
            table("[callbacks]", allow_private=True),
            carrier("north", address, sender="Carrier"),
            account(callback=endpoint.url, sender="Shop"),
        ) as home,
    ):
        reply = await home.customer.try_send("85261230000", "Your code is 4711", TaskId="task-7")
        assert (reply.fields["Segments"], reply.fields["From"], reply.fields["To"]) == ("1", "Shop", "85261230000")
        standing = await home.books.until(reply.id, State.DELIVERED)
        assert (standing.carrier, standing.error_code, standing.error) == ("north", "DELIVERED", "success")
        assert [part.state for part in standing.parts] == [PartState.DELIVERED]
        await endpoint.arrived(1)
        [push] = endpoint.pushes
        assert signed(push, await home.callback_secret())
        [report] = push.reports
        assert report["MessageId"] == str(reply.id)
        assert {key: report[key] for key in ("To", "Status", "ErrorCode", "TaskId", "SmsSize")} == {
            "To": "85261230000",
            "Status": "1",
            "ErrorCode": "DELIVERED",
            "TaskId": "task-7",
            "SmsSize": "1",
        }
        found = await home.customer.query(reply.id)
        assert (found["Status"], found["Message"], found["ErrorCode"]) == ("1", "Your code is 4711", "DELIVERED")
        assert (found["SendDate"], found["ReceiveDate"]) == (report["SendDate"], report["ReceiveDate"])
        [submit] = [taken.submit for taken in simulator.taken.values()]
        assert (submit.text("source_addr"), submit.number("source_addr_ton")) == ("Shop", 5)
        assert (submit.text("destination_addr"), shown([submit])) == ("85261230000", "Your code is 4711")


@pytest.mark.parametrize("text", [GSM, LATIN, MIXED])
async def test_every_way_of_writing_reaches_the_handset_as_the_very_text(tmp_path: Path, text: str) -> None:
    """Each Concatenation with each GsmCoding: what the carrier was given reads as the text, and all parts are receipted."""
    ways = [(f"{tying}-{coding}", tying, coding) for tying in Concatenation for coding in GsmCoding]
    async with simulated() as (simulator, address):
        carriers = [carrier(id, address, concatenation=tying, gsm=coding) for id, tying, coding in ways]
        async with house(tmp_path, *carriers, route(ways[0][0])) as home:
            sent = {id: await home.customer.try_send(f"852612301{n:02}", text, ChannelId=id) for n, (id, _, _) in enumerate(ways)}
            for n, (id, _, coding) in enumerate(ways):
                assert sent[id].fields["Segments"] == "3"
                standing = await home.books.until(sent[id].id, State.DELIVERED)
                submits = [taken.submit for taken in simulator.taken.values() if taken.destination == f"852612301{n:02}"]
                assert shown(submits, packed=coding is GsmCoding.PACKED) == text
                assert len(standing.parts) == len(submits) == standing.parts[0].total
                assert {part.state for part in standing.parts} == {PartState.DELIVERED}


async def test_a_long_message_is_delivered_when_all_its_parts_are(tmp_path: Path) -> None:
    """Two receipts of three leave it submitted; the third, whichever it is, makes it delivered."""
    async with smsc(numbered()) as (carrier_side, address), house(tmp_path, carrier("north", address)) as home:
        message = await home.customer.send("85261230000", "x" * 400)
        await carrier_side.requests(Command.SUBMIT_SM, 3)
        for id in ("3", "1"):
            carrier_side.deliver(f"id:{id} stat:DELIVRD err:000", "85261230000")

        async def two_delivered() -> State | None:
            standing = await home.books.standing(message)
            return standing.state if [part.state for part in standing.parts].count(PartState.DELIVERED) == 2 else None

        assert await eventually(two_delivered) is State.SUBMITTED
        carrier_side.deliver("id:2 stat:DELIVRD err:000", "85261230000")
        standing = await home.books.until(message, State.DELIVERED)
        assert [part.state for part in standing.parts] == [PartState.DELIVERED] * 3


async def test_a_long_message_fails_when_one_part_does(tmp_path: Path) -> None:
    """A text with a hole is of no use: QueryMessage says 2, with the carrier's reason."""
    async with smsc(numbered()) as (carrier_side, address), house(tmp_path, carrier("north", address)) as home:
        message = await home.customer.send("85261230000", "x" * 400)
        await carrier_side.requests(Command.SUBMIT_SM, 3)
        for id, word in (("1", "DELIVRD"), ("2", "UNDELIV"), ("3", "DELIVRD")):
            carrier_side.deliver(f"id:{id} stat:{word} err:0A1", "85261230000")
        await home.books.until(message, State.FAILED)
        found = await home.customer.query(message)
        assert (found["Status"], found["ErrorCode"]) == ("2", "UNDELIV:0A1")
