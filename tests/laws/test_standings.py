"""What was said of carriers comes back as it was said, on every engine; also what another version of the program said."""

from globewire.hold.port import Asking, CarrierStanding, Delay, Figures, Hold
from globewire.hold.rows import stood, stood_row
from globewire.message import CarrierId, Millis
from laws.conftest import Opener
from laws.making import CARRIER, NOW, submission

SOUTH = CarrierId("south")
FIGURES = Figures(
    since=NOW,
    submits=1,
    taken=2,
    refused={"ESME_RSYSERR": 3, "0x00000455": 4},
    throttled=5,
    unanswered=6,
    receipts=7,
    asked=8,
    window=9,
    pace=10.5,
    rate=11.5,
    round_trip=Delay(12, 13),
    receipt_delay=Delay(14, 15),
    waiting=16,
    overdue=17,
    paused=True,
    query=Asking.REFUSED,
)
STANDING = CarrierStanding(CARRIER, 1, 2, 3, "bound", NOW, FIGURES)


async def test_the_last_that_was_said_is_what_is_known(opener: Opener) -> None:
    hold = await opener()
    plain = CarrierStanding(SOUTH, 0, 1, 0, "no connection: x", NOW)
    await hold.stand([CarrierStanding(CARRIER, 0, 0, 0, "not connected", Millis(NOW - 1)), plain])
    await hold.stand([STANDING])
    await hold.close()
    assert await (await opener()).carriers() == [STANDING, plain]


async def test_a_backlog_is_of_one_carrier_or_of_all(hold: Hold) -> None:
    await hold.keep([submission(1), submission(2), submission(3, carrier=SOUTH)], None)
    assert [await hold.backlog(of) for of in ("", CARRIER, SOUTH, "west")] == [3, 2, 1, 0]


def test_what_a_newer_process_says_beside_is_left_out() -> None:
    *rest, text = stood_row(STANDING)
    assert stood((*rest, text.replace("{", '{"yet_unknown": {"a": 1}, ', 1))) == STANDING
    assert stood((*rest, "")).figures == Figures()


def test_a_process_that_is_silent_for_long_has_stopped() -> None:
    assert STANDING.running(NOW + 15_000)
    assert not STANDING.running(NOW + 15_001)
