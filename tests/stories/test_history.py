"""What happened to a message can be read afterwards: each submit and its answer, each refusal, each push and what was said."""

from pathlib import Path

from globewire.hold.port import Standing
from globewire.message import State
from globewire.show.life import life
from globewire.wire.pdu import Fields, Pdu, Status
from globewire.wire.smpp import BINDS
from stories.callbacks import receiving
from stories.carriers import smsc
from stories.house import account, carrier, eventually, house, table
from tell.receiving import plain


async def test_a_carrier_that_hesitates_and_an_endpoint_that_refuses(tmp_path: Path) -> None:
    """The carrier throttles twice, and the endpoint is down at first: the history says both, with times in their order."""
    answers = iter((Status.RTHROTTLED, Status.RTHROTTLED, Status.ROK))

    def answer(pdu: Pdu) -> tuple[int, Fields]:
        return (Status.ROK, {}) if pdu.command in BINDS else (next(answers), {"message_id": "A7"})

    async with (
        smsc(answer) as (carriers, address),
        receiving(plain(502, "Bad\ngateway")) as endpoint,
        house(
            tmp_path,
            table("[callbacks]", allow_private=True, delays=[1]),
            carrier("north", address),
            account(callback=endpoint.url),
        ) as home,
    ):
        id = await home.customer.send("85261230000", "hello")
        await home.books.until(id, State.SUBMITTED)
        carriers.deliver("id:A7 stat:UNDELIV err:013", "85261230000")
        await home.books.until(id, State.FAILED)

        async def given_up() -> Standing | None:
            standing = await home.books.standing(id)
            return standing if standing.told == "given up" and len(standing.notes) > 1 else None

        standing = await eventually(given_up, lambda: "giving up never came into its history")
        events = [(event.what, event.how) for event in life(standing)]
    (part,) = standing.parts
    assert standing.message.accepted_at <= part.submitted_at <= part.at <= part.settled_at
    assert part.error == "UNDELIV:013"
    throttled = "north said ESME_RTHROTTLED (0x00000058): throttled: above the allowed rate; it is submitted again soon"
    assert [how for what, how in events if what == "refused for now"] == [throttled]
    assert [what for what, _ in events][-5:] == ["part failed", "failed", "callback", "callback", "callback"]
    assert [(push.status, push.reason, push.said) for push in standing.pushes] == [(502, "HTTP 502", "Bad gateway")] * 2
    assert [push.at >= standing.ended_at for push in standing.pushes] == [True, True]
