"""Carriers, over HTTP: how they stand, and orders that are obeyed."""

import json

import pytest

from globewire.message import State
from show.conftest import Console, Opening
from stories.house import carrier, eventually, route, table

HOME = "/console/carriers/simulator"


async def shown(console: Console, words: str) -> str:
    """The carrier's page, once it has these words."""

    async def look() -> str | None:
        page = (await console.get(HOME)).text
        return page if words in page else None

    return await eventually(look)


async def test_a_carrier_and_what_passed_at_it(console: Console) -> None:
    """In the list, on its page and in what charts draw: the same figures."""
    await shown(console, ">bound</span>")
    sent = await console.house.customer.send("6591234567", "Hello")
    await console.house.books.until(sent, State.DELIVERED)
    page = await shown(console, "<dt>Receipts</dt><dd>1</dd>")
    assert "<dt>Submitted</dt><dd>1</dd>" in page
    row = (await console.get("/console/carriers")).text.partition('id="carrier-simulator"')[2]
    assert "1 of 1" in row
    answer = await console.get(f"{HOME}/history")
    assert answer.headers["content-type"] == "application/json"
    drawn = json.loads(answer.text)
    assert drawn["window"] == 100
    assert len(drawn["at"]) == len(drawn["rate"]) == len(drawn["receipt_p95"]) > 0
    assert drawn["receipt_p95"][-1] > 0


async def test_a_carrier_is_paused_and_resumed(console: Console) -> None:
    """Nothing is submitted in between, and then it is."""
    await shown(console, ">bound</span>")
    assert (await console.post(HOME, {"do": "pause"})).headers["location"] == HOME
    assert "Resume" in await shown(console, ">paused; bound</span>")
    sent = await console.house.customer.send("6591234567", "Hello")
    await shown(console, "<dd>1 message</dd>")
    assert (await console.house.books.standing(sent)).state is State.ACCEPTED
    await console.post(HOME, {"do": "resume"})
    await console.house.books.until(sent, State.DELIVERED)
    assert "Pause simulator" in await shown(console, ">bound</span>")


async def test_a_carrier_is_bound_anew(console: Console) -> None:
    """Once, by whoever has its binds."""
    await shown(console, ">bound</span>")
    assert (await console.post(HOME, {"do": "rebind"})).status == 303
    orders = await console.house.books.hold.orders()
    assert [order.rebind_at > 0 for order in orders.values()] == [True]


async def test_a_carrier_that_is_not_reached_says_so(opening: Opening) -> None:
    """With its address; what it is not told, it has not."""
    console = await opening(table("[console]", enabled=True), carrier("north", ("127.0.0.1", 9)), route("north"))
    row = (await console.get("/console/carriers")).text.partition('id="carrier-north"')[2]
    assert "127.0.0.1:9" in row
    page = (await console.get("/console/carriers/north")).text
    assert ">bound<" not in page


async def test_each_bind_is_told_by_itself(opening: Opening) -> None:
    """What it is bound as, and how it stands."""
    far = carrier("north", ("127.0.0.1", 9), bind="separate")
    simulated = table("[simulator]", enabled=True)
    console = await opening(table("[console]", enabled=True), simulated, far, route("simulator"))
    await shown(console, "<td>transceiver</td><td>bound</td>")
    north = await eventually(lambda: _page(console, "/console/carriers/north", "<td>receiver</td><td>no connection"))
    assert "<td>transmitter</td><td>no connection" in north


async def _page(console: Console, path: str, words: str) -> str | None:
    page = (await console.get(path)).text
    return page if words in page else None


@pytest.mark.parametrize("form", [{"do": "dance"}, {}])
async def test_other_orders_are_none(console: Console, form: dict[str, str]) -> None:
    """And said to be none."""
    refused = await console.post(HOME, form)
    assert (refused.status, 'role="alert"' in refused.text) == (409, True)
    assert await console.house.books.hold.orders() == {}


async def test_a_carrier_that_is_not_there(console: Console) -> None:
    """Its page says so."""
    for path in ("/console/carriers/none", "/console/carriers/none/history"):
        assert (await console.get(path)).status == 404
