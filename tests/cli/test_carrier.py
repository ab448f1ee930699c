"""`globewire carrier`: what was said of the carriers is shown, and what is ordered is written down."""

import asyncio
import time
from pathlib import Path

import pytest

from cli.conftest import Run
from globewire.commands import paper
from globewire.hold.port import CarrierOrder, CarrierStanding, Delay, Figures
from globewire.hold.sqlite import SqliteHold
from globewire.message import CarrierId, Millis

TOML = """
[[account]]
id = "shop"
key = [{ id = "shopkey", secret = "secret-of-shop" }]
[[carrier]]
id = "north"
host = "smpp.north.example"
port = 2775
system_id = "shop"
password = "secret"
"""


@pytest.fixture
def north(run: Run, place: Path) -> Run:
    """The same, with a database and a carrier that nobody serves."""
    (place / "globewire.toml").write_text(TOML)
    assert run("migrate").code == 0
    return run


def paused_at(run: Run) -> str | None:
    (row,) = run("carrier", "list", "--json").json
    found: str | None = row["paused_at"]
    return found


def test_a_carrier_is_paused_and_resumed(north: Run) -> None:
    assert paused_at(north) is None
    assert "north is to be paused" in north("carrier", "pause", "north").out
    first = paused_at(north)
    assert first is not None
    assert first.endswith("Z")
    assert "to be paused; nothing said yet" in north("carrier", "list").out
    assert north("carrier", "pause", "north").code == 0
    assert north("carrier", "rebind", "north").code == 0
    assert paused_at(north) == first
    assert north("carrier", "resume", "north").code == 0
    assert paused_at(north) is None
    assert "to be paused" not in north("carrier", "list").out


def said(place: Path, at: int, state: str = "bound") -> None:
    """A process says how the carrier stands."""
    figures = Figures(since=Millis(at - 1000), submits=9, refused={"ESME_RSYSERR": 2}, window=20, waiting=7, round_trip=Delay(3, 8))

    async def say() -> None:
        hold = await SqliteHold.open(place / "globewire.db", create=False)
        try:
            await hold.stand([CarrierStanding(CarrierId("north"), 1, 2, 3, state, Millis(at), figures)])
        finally:
            await hold.close()

    asyncio.run(say())


def now() -> int:
    return time.time_ns() // 1_000_000


def test_what_a_running_gateway_says_is_shown(north: Run, place: Path) -> None:
    said(place, now())
    (row,) = north("carrier", "list", "--json").json
    assert (row["running"], row["bound"], row["in_flight"], row["state"]) == (True, 1, 3, "bound")
    assert row["figures"]["refused"] == {"ESME_RSYSERR": 2}
    assert row["figures"]["round_trip"] == {"p50": 3, "p95": 8}
    line = north("carrier", "list").out.splitlines()[-1]
    for shown in ("1 of 2", "3 of 20", "3, 8", "bound"):
        assert shown in line


@pytest.mark.parametrize(("age", "state"), [(60_000, "bound"), (0, "stopped")])
def test_what_runs_no_more_is_not_said_to_be_bound(north: Run, place: Path, age: int, state: str) -> None:
    """Whether it fell silent or stopped in order."""
    at = now() - age
    said(place, at, state)
    (row,) = north("carrier", "list", "--json").json
    assert (row["running"], row["bound"], row["in_flight"]) == (False, 0, 0)
    assert row["state"] == f"not running since {paper.moment(at)}"
    line = north("carrier", "list").out.splitlines()[-1]
    assert "0 of 2" in line
    assert "3 of 20" not in line


@pytest.mark.parametrize("order", list(CarrierOrder))
def test_a_carrier_that_is_not_there_is_not_ordered(north: Run, order: CarrierOrder) -> None:
    ran = north("carrier", order, "nroth")
    assert ran.code == 2
    assert "there is no carrier 'nroth'" in ran.err
    assert "there are north" in ran.err
