"""The simulated carrier, over a real socket: the magic numbers, its limits, its receipts, and that a seed repeats it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from globewire.clock import Clock
from globewire.plan import ReceiptIds
from globewire.send.simulator import Behaviour, Simulator
from globewire.verdict.orders import Order
from globewire.verdict.script import MAGIC, IdForm, Outcome, ReceiptForm
from globewire.wire.commands import Command, Status, Tag
from globewire.wire.pdu import Pdu
from globewire.wire.receipt import normalise, read
from globewire.wire.smpp import Answered, Asked, BindRefused, Bound, BoundAs, Event
from laws.esme import Esme, esme, outcomes

SOON = (0.0, 0.0)
PLAIN = "4917012341234"


@asynccontextmanager
async def simulated(behaviour: Behaviour, **options: Any) -> AsyncIterator[tuple[Simulator, tuple[str, int]]]:
    """A running simulator and its address."""
    simulator = Simulator(behaviour, **options)
    address = await simulator.start()
    try:
        yield simulator, address
    finally:
        await simulator.stop()


@asynccontextmanager
async def bound(behaviour: Behaviour, **options: Any) -> AsyncIterator[tuple[Simulator, Esme]]:
    """A running simulator with a transceiver bound to it."""
    async with simulated(behaviour) as (simulator, address), esme(address, **options) as client:
        await client.bind()
        yield simulator, client


def statuses(receipts: list[Pdu]) -> list[str]:
    """The status words of receipts, as our own reader reads them."""
    return [receipt.status for pdu in receipts if (receipt := read(pdu, ids=ReceiptIds.AUTO)) is not None]


def receipts(heard: list[Event]) -> int:
    """How many deliver_sm were heard."""
    return sum(isinstance(event, Asked) for event in heard)


# --- the magic numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ending", "word"), [("1234", "DELIVRD"), ("9001", "UNDELIV"), ("9002", "EXPIRED"), ("9003", "REJECTD")])
async def test_a_receipt_by_number(ending: str, word: str) -> None:
    """An ordinary number is delivered, 9001 to 9003 end as the table says, and the receipt names the response's id."""
    async with bound(Behaviour(receipt_delay=SOON)) as (_, client):
        response = await client.asked(f"491701234{ending}")
        assert response.status == Status.ROK
        [delivery] = await client.deliveries(1)
        receipt = read(delivery, ids=ReceiptIds.AUTO)
        assert receipt is not None
        assert (receipt.status, receipt.to) == (word, f"491701234{ending}")
        assert normalise(response.text("message_id")) in receipt.carrier_ids
        assert delivery.text("destination_addr") == "Globe"


async def test_9004_is_refused_every_time() -> None:
    """A bad number stays bad, and nothing follows."""
    async with bound(Behaviour(receipt_delay=SOON)) as (simulator, client):
        assert [(await client.asked("491701239004")).status for _ in range(2)] == [Status.RINVDSTADR] * 2
        assert simulator.counts["taken"] == 0


@pytest.mark.parametrize(("ending", "status"), [("9005", Status.RTHROTTLED), ("9012", Status.RSYSERR)])
async def test_the_first_try_is_refused(ending: str, status: int) -> None:
    """The first try of each text is refused, the second taken and receipted; then it starts over."""
    async with bound(Behaviour(receipt_delay=SOON)) as (_, client):
        number = f"491701234{ending}"
        assert (await client.asked(number)).status == status
        assert (await client.asked(number, b"another part")).status == status
        assert (await client.asked(number)).status == Status.ROK
        assert statuses(await client.deliveries(1)) == ["DELIVRD"]
        assert (await client.asked(number)).status == status


async def test_9006_gets_no_receipt() -> None:
    """The message is delivered, as query_sm says, but nothing tells it."""
    async with bound(Behaviour(receipt_delay=SOON)) as (_, client):
        response = await client.asked("491701239006")
        await client.asked(PLAIN)
        assert len(await client.deliveries(1)) == 1
        ref = object()
        client.ask(Command.QUERY_SM, {"message_id": response.text("message_id")}, ref=ref)
        assert (await client.answer(ref)).number("message_state") == 2
        assert receipts(client.heard) == 1


async def test_9007_is_late() -> None:
    """Its receipt comes after one of a message that was submitted later."""
    async with bound(Behaviour(receipt_delay=SOON, late=0.3)) as (_, client):
        await client.asked("491701239007")
        await client.asked(PLAIN)
        sources = [pdu.text("source_addr") for pdu in await client.deliveries(2)]
        assert sources == [PLAIN, "491701239007"]


async def test_9008_hears_of_it_first() -> None:
    """The receipt is there before the response that names its id."""
    async with bound(Behaviour(receipt_delay=SOON)) as (_, client):
        response = await client.asked("491701239008")
        assert [type(event) for event in client.heard] == [Bound, Asked, Answered]
        receipt = read((await client.deliveries(1))[0], ids=ReceiptIds.SAME)
        assert receipt is not None
        assert receipt.carrier_ids == (normalise(response.text("message_id")),)


async def test_9009_is_never_answered() -> None:
    """A submit without a response goes unanswered at the client; a second try is taken."""
    async with bound(Behaviour(receipt_delay=SOON), response_timeout=0.2) as (simulator, client):
        client.submit("491701239009", ref="lost")
        assert await client.until(lambda heard: outcomes(heard) or None) == {"lost": None}
        assert simulator.counts["silent"] == 1
        assert (await client.asked("491701239009")).status == Status.ROK
        assert len(await client.deliveries(1)) == 1


async def test_9010_ends_the_connection() -> None:
    """Instead of a response the connection ends; another bind may try again."""
    async with simulated(Behaviour(receipt_delay=SOON)) as (_, address):
        async with esme(address) as first:
            await first.bind()
            first.submit("491701239010", ref="lost")
            await first.closed()
            assert outcomes(first.heard) == {"lost": None}
        async with esme(address) as second:
            await second.bind()
            assert (await second.asked("491701239010")).status == Status.ROK
            assert len(await second.deliveries(1)) == 1


async def test_9011_is_told_twice() -> None:
    """The same receipt comes two times."""
    async with bound(Behaviour(receipt_delay=SOON)) as (_, client):
        await client.asked("491701239011")
        one, two = await client.deliveries(2)
        assert one.octets("short_message") == two.octets("short_message")


# --- binds ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [
        ("globe", "secret", None),
        ("globe", "wrong", Status.RINVPASWD),
        ("globe", "", Status.RINVPASWD),
        ("x", "secret", Status.RINVSYSID),
    ],
)
async def test_a_bind_needs_the_right_words(system_id: str, password: str, status: int | None) -> None:
    """A wrong system_id or password is refused, and nothing may be submitted then."""
    async with simulated(Behaviour(system_id="globe", password="secret")) as (simulator, address), esme(address) as client:
        answer = await client.bind(system_id, password)
        assert answer == (Bound(BoundAs.TRANSCEIVER) if status is None else BindRefused(status))
        assert (simulator.counts["binds"], simulator.counts["binds.refused"]) == ((1, 0) if status is None else (0, 1))


async def test_receipts_go_to_the_receiver_of_the_same_system_id() -> None:
    """A transmitter's receipts wait until a receiver of its system_id is bound; another's receiver never gets them."""
    async with simulated(Behaviour(receipt_delay=SOON)) as (simulator, address):
        async with esme(address) as transmitter, esme(address) as stranger:
            await stranger.bind("other", command=Command.BIND_RECEIVER)
            await transmitter.bind("globe", command=Command.BIND_TRANSMITTER)
            await transmitter.asked(PLAIN)
            await transmitter.asked(PLAIN)
            async with esme(address) as receiver:
                await receiver.bind("globe", command=Command.BIND_RECEIVER)
                assert statuses(await receiver.deliveries(2)) == ["DELIVRD"] * 2
            assert receipts(stranger.heard) == receipts(transmitter.heard) == 0
        assert simulator.counts["receipts"] == 2


async def test_untold_receipts_are_bounded() -> None:
    """Where nobody listens the oldest receipts are dropped, and counted."""
    async with simulated(Behaviour(receipt_delay=SOON), most=5) as (simulator, address), esme(address) as transmitter:
        await transmitter.bind("globe", command=Command.BIND_TRANSMITTER)
        for at in range(8):
            await transmitter.asked(f"491701{at}9008")  # its receipt is due before its response
        assert simulator.counts["receipts.lost"] == 3


async def test_an_unacknowledged_receipt_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receipt that is refused with an error is told again later."""
    monkeypatch.setattr("globewire.send.postman.AGAIN", 0.05)
    async with bound(Behaviour(receipt_delay=SOON)) as (simulator, client):
        client.statuses = [Status.RX_T_APPN]
        await client.asked(PLAIN)
        one, two = await client.deliveries(2)
        assert one.octets("short_message") == two.octets("short_message")
        await client.round_trip()
        assert simulator.counts["receipts.acknowledged"] == 1


# --- what a receipt is asked for, and how it is written ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "ending", "told"), [(0, "1234", False), (0, "9001", False), (1, "1234", True), (2, "1234", False), (2, "9001", True)]
)
async def test_receipts_only_where_asked(asked: int, ending: str, told: bool) -> None:
    """registered_delivery 0 is none, 1 always, 2 for failures."""
    async with bound(Behaviour(receipt_delay=SOON)) as (_, client):
        await client.asked(f"491701234{ending}", registered_delivery=asked)
        await client.asked("491701239003")  # asks, and is told last
        words = statuses(await client.deliveries(1 + told))
        assert words[-1:] == ["REJECTD"]
        assert receipts(client.heard) == 1 + told


@pytest.mark.parametrize("form", list(ReceiptForm))
@pytest.mark.parametrize(
    ("ids", "reading"),
    [(IdForm.DECIMAL, ReceiptIds.SAME), (IdForm.HEX, ReceiptIds.SAME), (IdForm.HEX_DECIMAL, ReceiptIds.HEX_TO_DEC)],
)
async def test_every_form_of_receipt_is_readable(form: ReceiptForm, ids: IdForm, reading: ReceiptIds) -> None:
    """Text, optional parameters alone, or both, with ids in each spelling: our reader finds id, status and error."""
    async with bound(Behaviour(receipt_delay=SOON, receipt_form=form, id_form=ids)) as (_, client):
        response = await client.asked("491701239001")
        [delivery] = await client.deliveries(1)
        ours = normalise(response.text("message_id"))
        for way in (reading, ReceiptIds.AUTO):
            receipt = read(delivery, ids=way)
            assert receipt is not None
            assert ours in receipt.carrier_ids
            assert (receipt.status, receipt.error) == ("UNDELIV", "001")
        assert bool(delivery.octets("short_message")) is (form is not ReceiptForm.TLV)
        assert (Tag.RECEIPTED_MESSAGE_ID in delivery.tlvs) is (form is not ReceiptForm.TEXT)


async def test_each_part_has_its_receipt() -> None:
    """Parts with a user data header are messages of their own to a carrier, and so is a data_sm."""
    async with bound(Behaviour(receipt_delay=SOON)) as (_, client):
        ids = {
            (await client.asked(PLAIN, bytes((5, 0, 3, 7, 2, part)) + b"part", esm_class=0x40)).text("message_id")
            for part in (1, 2)
        }
        ref = object()
        client.ask(Command.DATA_SM, {"destination_addr": PLAIN, "registered_delivery": 1}, {Tag.MESSAGE_PAYLOAD: b"whole"}, ref=ref)
        ids.add((await client.answer(ref)).text("message_id"))
        told = {receipt.carrier_ids[0] for pdu in await client.deliveries(3) if (receipt := read(pdu, ids=ReceiptIds.SAME))}
        assert told == ids
        assert len(ids) == 3


# --- limits, errors, repeatability ---------------------------------------------------------------------------------------


async def test_the_throughput_limit_is_a_real_one() -> None:
    """A second's worth is taken at once; beyond it is throttled, until time gives more. Not dice: the same every time."""
    now = 1_000.0
    async with simulated(Behaviour(throughput=10), clock=lambda: now) as (simulator, address), esme(address) as client:
        await client.bind()
        assert [(await client.asked(PLAIN)).status for _ in range(13)] == [Status.ROK] * 10 + [Status.RTHROTTLED] * 3
        now += 0.5
        assert [(await client.asked(PLAIN)).status for _ in range(7)] == [Status.ROK] * 5 + [Status.RTHROTTLED] * 2
        assert (simulator.counts["taken"], simulator.counts["throttled"]) == (15, 5)


async def test_the_window_is_bounded() -> None:
    """More unanswered submits than the window are refused with ESME_RMSGQFUL."""
    async with bound(Behaviour(latency=(0.2, 0.2), window=3)) as (_, client):
        for at in range(5):
            client.submit(PLAIN, ref=at)
        found = await client.until(lambda heard: done if len(done := outcomes(heard)) == 5 else None)
        assert [found[at] for at in range(5)] == [0, 0, 0, Status.RMSGQFUL, Status.RMSGQFUL]


async def test_the_same_seed_gives_the_same_outcomes() -> None:
    """Two carriers of one seed answer and deliver 200 messages alike, and one of another seed does not."""

    async def run(seed: int) -> tuple[list[int | None], list[str]]:
        behaviour = Behaviour(seed=seed, receipt_delay=SOON, errors=((0.2, 0x45),), receipts=((3, "DELIVRD"), (1, "UNDELIV")))
        async with bound(behaviour) as (_, client):
            for at in range(200):
                client.submit(f"49170{at:07d}", ref=at)
            found = await client.until(lambda heard: done if len(done := outcomes(heard)) == 200 else None)
            taken = sum(status == 0 for status in found.values())
            words = {pdu.text("source_addr"): word for pdu in await client.deliveries(taken) for word in statuses([pdu])}
            return [found[at] for at in range(200)], [words.get(f"49170{at:07d}", "") for at in range(200)]

    one, same, other = await run(1), await run(1), await run(2)
    assert one == same
    assert one != other
    assert {0x45, 0} == set(one[0])


async def test_a_short_validity_expires() -> None:
    """A relative validity_period that ends before the receipt is due makes it EXPIRED."""
    async with bound(Behaviour(receipt_delay=(60.0, 60.0))) as (_, client):
        await client.asked(PLAIN, validity_period="000000000000000R")
        assert statuses(await client.deliveries(1)) == ["EXPIRED"]


# --- what else an SMSC answers -------------------------------------------------------------------------------------------


async def test_query_cancel_and_replace() -> None:
    """A message under way can be asked for, changed and deleted; afterwards only asked for."""
    async with bound(Behaviour(receipt_delay=(0.3, 0.3))) as (simulator, client):

        async def ask(command: int, message_id: str, **fields: Any) -> Pdu:
            ref = object()
            client.ask(command, {"message_id": message_id, **fields}, ref=ref)
            return await client.answer(ref)

        message_id = (await client.asked(PLAIN)).text("message_id")
        assert (await ask(Command.QUERY_SM, message_id)).number("message_state") == 1
        assert (await ask(Command.REPLACE_SM, message_id, short_message=b"better")).status == Status.ROK
        assert (await ask(Command.CANCEL_SM, message_id)).status == Status.ROK
        assert statuses(await client.deliveries(1)) == ["DELETED"]
        answer = await ask(Command.QUERY_SM, message_id)
        assert (answer.number("message_state"), answer.number("error_code")) == (4, 4)
        assert len(answer.text("final_date")) == 16
        assert (await ask(Command.CANCEL_SM, message_id)).status == Status.RCANCELFAIL
        assert (await ask(Command.REPLACE_SM, message_id)).status == Status.RREPLACEFAIL
        assert (await ask(Command.QUERY_SM, "none")).status == Status.RQUERYFAIL
        assert simulator.taken[message_id].text == b"better"


async def test_submit_multi_is_declined() -> None:
    """Distribution lists are not simulated, and the bind stands."""
    async with bound(Behaviour(receipt_delay=SOON)) as (_, client):
        ref = object()
        client.ask(Command.SUBMIT_MULTI, {"dest_address": ((1, 1, 1, PLAIN),)}, ref=ref)
        assert (await client.answer(ref)).status == Status.RINVCMDID
        assert (await client.asked(PLAIN)).status == Status.ROK


async def test_memory_is_bounded() -> None:
    """Only the newest messages are remembered."""
    async with simulated(Behaviour(receipt_delay=SOON), remember=3) as (simulator, address), esme(address) as client:
        await client.bind()
        ids = [(await client.asked(PLAIN)).text("message_id") for _ in range(5)]
        assert list(simulator.taken) == ids[2:]


async def test_a_stop_ends_every_bind() -> None:
    """After stop no connection is left, and the client hears of it."""
    simulator = Simulator(Behaviour())
    address = await simulator.start()
    async with esme(address) as client:
        await client.bind()
        assert [(account, len(each.lines)) for account, each in simulator.accounts.items()] == [("test", 1)]
        await simulator.stop()
        await client.closed()
        with pytest.raises(OSError, match="Connect"):
            await asyncio.open_connection(*address)


def test_the_manual_has_the_table() -> None:
    """docs/simulator.md tells every magic number as the code does."""
    manual = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
    rows = [line.split(" | ")[:2] for line in manual.splitlines() if line.startswith("| `9")]
    assert rows == [[f"| `{ending}`", row.does] for ending, row in MAGIC.items()]


# --- what is ordered -------------------------------------------------------------------------------------------------------


async def test_an_order_decides_over_the_wire() -> None:
    """The next message is refused, the one after it fails with an error of its own, and then all is as before."""
    async with bound(Behaviour(receipt_delay=SOON)) as (simulator, client):
        simulator.orders.give(Order(Outcome(status=int(Status.RMSGQFUL)), PLAIN))
        simulator.orders.give(Order(Outcome(word="UNDELIV", error=77), PLAIN))
        assert [(await client.asked(PLAIN)).status for _ in range(3)] == [Status.RMSGQFUL, Status.ROK, Status.ROK]
        told = [read(pdu, ids=ReceiptIds.AUTO) for pdu in await client.deliveries(2)]
        assert [(one.status, one.error) for one in told if one] == [("UNDELIV", "077"), ("DELIVRD", "000")]


async def test_an_order_is_for_all_parts_of_a_text() -> None:
    """Two parts with one reference in their headers are lost both; the next message is not."""
    async with bound(Behaviour(receipt_delay=SOON)) as (simulator, client):
        simulator.orders.give(Order(Outcome(receipts=0), PLAIN))
        for sequence in (1, 2):
            await client.asked(PLAIN, bytes((5, 0, 3, 9, 2, sequence)) + b"part", esm_class=0x40)
        whole = await client.asked(PLAIN)
        [delivery] = await client.deliveries(1)
        assert whole.text("message_id").encode() in delivery.octets("short_message")
        assert receipts(client.heard) == 1


async def test_any_receipt_can_be_told() -> None:
    """Of a message that it took, with what that said; and of one that nobody has heard of."""
    async with bound(Behaviour(receipt_delay=(60.0, 60.0))) as (simulator, client):
        id = (await client.asked(PLAIN)).text("message_id")
        simulator.tell("test", id, "REJECTD", error=5)
        simulator.tell("test", "31337", "UNKNOWN", to="85261234567", sender="Globe")
        told = [read(pdu, ids=ReceiptIds.AUTO) for pdu in await client.deliveries(2)]
        assert [(one.carrier_ids[0], one.to, one.status, one.error) for one in told if one] == [
            (id, PLAIN, "REJECTD", "005"),
            ("31337", "85261234567", "UNKNOWN", "005"),
        ]


async def test_a_clock_that_is_moved_brings_what_is_due() -> None:
    """A receipt that is due in an hour comes at once, and the bind does not take the hour for silence."""
    clock = Clock()
    hour = Behaviour(receipt_delay=(3600.0, 3600.0))
    async with simulated(hour, clock=clock.monotonic, wall=clock.wall) as (simulator, address), esme(address) as client:
        clock.moved.append(simulator.look_again)
        await client.bind()
        await client.asked(PLAIN)
        clock.advance(3599.0)
        await client.round_trip()
        assert [receipts(client.heard), simulator.busy] == [0, False]
        clock.advance(1.0)
        assert statuses(await client.deliveries(1)) == ["DELIVRD"]
        await client.round_trip()
        assert not simulator.busy
