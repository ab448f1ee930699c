"""`globewire carrier`: what was said of the carriers is shown, and what is ordered is written down."""

from pathlib import Path

import pytest

from cli.conftest import Run
from globewire.hold.port import Order

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


@pytest.mark.parametrize("order", list(Order))
def test_a_carrier_that_is_not_there_is_not_ordered(north: Run, order: Order) -> None:
    ran = north("carrier", order, "nroth")
    assert ran.code == 2
    assert "there is no carrier 'nroth'" in ran.err
    assert "there are north" in ran.err
