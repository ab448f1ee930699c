"""What is remembered of the carriers: what was said, once, for a quarter of an hour; and how fast counts grew."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from globewire.hold.port import CarrierStanding, Delay, Figures, Hold
from globewire.hold.sqlite import SqliteHold
from globewire.message import CarrierId, Millis
from globewire.show.history import KEPT, History, by_minute, series
from laws.making import NOW

NORTH = CarrierId("north")


BEGAN = Figures(since=NOW, window=10, rate=2.5)


def said(seconds: float, figures: Figures = BEGAN) -> CarrierStanding:
    """What is said so long after the beginning."""
    return CarrierStanding(NORTH, 1, 1, 3, "bound", Millis(NOW + round(seconds * 1000)), figures)


@pytest.fixture
async def hold(tmp_path: Path) -> AsyncIterator[Hold]:
    """An empty one."""
    opened = await SqliteHold.open(tmp_path / "hold.db")
    yield opened
    await opened.close()


async def told(hold: Hold, *standings: CarrierStanding) -> History:
    """A history that looked after each was said, and once more."""
    history = History(hold, lambda: standings[-1].at)
    for standing in (*standings, standings[-1]):
        await hold.stand([standing])
        await history.look()
    return history


async def test_what_was_said_is_remembered_once_and_not_for_ever(hold: Hold) -> None:
    """By when it was said; a clock that is set back begins anew."""
    history = await told(hold, said(0), said(5), said(KEPT / 1000 + 1))
    assert [each.at - NOW for each in history.of(NORTH)] == [5000, KEPT + 1000]
    assert list(history.of(CarrierId("south"))) == []
    back = await told(hold, said(5), said(2))
    assert [each.at - NOW for each in back.of(NORTH)] == [2000]


def test_counts_become_rates_unless_they_began_anew() -> None:
    """Segments a second between what was said; nothing is made up across a restart."""
    drawn = series(
        [
            said(0),
            said(2, replace(BEGAN, refused={"ESME_RINVDSTADR": 3, "ESME_RSYSERR": 1}, throttled=1, round_trip=Delay(0, 7))),
            said(6, replace(BEGAN, refused={"ESME_RINVDSTADR": 5, "ESME_RSYSERR": 1}, throttled=1, unanswered=8)),
            said(8, Figures(since=Millis(NOW + 7000))),
        ]
    )
    assert drawn["refused ESME_RINVDSTADR"] == [None, 1.5, 0.5, None]
    assert drawn["refused ESME_RSYSERR"] == [None, 0.5, 0.0, None]
    assert drawn["throttled"] == [None, 0.5, 0.0, None]
    assert drawn["unanswered"] == [None, 0.0, 2.0, None]
    assert drawn["round_trip_p50"] == [None, 0, None, None]
    assert drawn["at"] == [NOW / 1000 + after for after in (0, 2, 6, 8)]
    assert {len(values) for values in drawn.values()} == {4}
    assert {len(values) for values in series([]).values()} == {0}


def test_statuses_that_came_most_have_a_line_of_their_own() -> None:
    """The others share one; none is lost."""
    counts = {"A": 50, "B": 40, "C": 30, "D": 20, "E": 10, "F": 10}
    drawn = series([said(0), said(2, replace(BEGAN, refused=counts))])
    refused = {name: rates[1] for name, rates in drawn.items() if name.startswith("refused")}
    assert refused == {"refused A": 25, "refused B": 20, "refused C": 15, "refused D": 10, "refused others": 10}


def test_a_table_has_the_last_of_each_minute() -> None:
    """The newest first."""
    start = 60 - NOW / 1000 % 60
    minutes = by_minute([said(start), said(start + 59), said(start + 60), said(start + 121)])
    assert [(each.at - NOW) / 1000 - start for each in minutes] == pytest.approx([121, 60, 59])
