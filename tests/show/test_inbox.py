"""The inbox, over HTTP; what a browser makes of it is tested in tests/browser."""

import asyncio

from globewire.message import State
from show.conftest import Console, Opening
from stories.house import carrier, table


async def test_empty(console: Console) -> None:
    """It says how to send a first message."""
    assert "No message yet" in (await console.get("/console/")).text


async def test_a_message_appears_in_its_thread(console: Console) -> None:
    """As on a handset: text escaped, code ready to be copied, other phones beside it."""
    sent = await console.house.customer.send("6591234567", "<b>Your code is 482913.</b>")
    await console.house.customer.send("85261234567", "Hello")
    await console.house.books.until(sent, State.DELIVERED)
    page = (await console.get("/console/inbox/6591234567")).text
    assert "&lt;b&gt;Your code is 482913.&lt;/b&gt;" in page
    assert 'data-copy="482913"' in page
    assert "delivered" in page
    assert "+85261234567" in page


async def test_the_stream_tells_of_changes(console: Console) -> None:
    """A page that is open hears at once, and after each change."""
    async with console.browser.get("/console/events") as stream, asyncio.timeout(10):
        assert await stream.content.readuntil(b"\n\n") == b"event: changed\ndata:\n\n"
        await console.house.customer.send("6591234567", "Hello")
        assert await stream.content.readuntil(b"\n\n") == b"event: changed\ndata:\n\n"


async def test_the_first_page(opening: Opening) -> None:
    """An emulator begins with the inbox; where real carriers are, with the messages."""
    emulator = await opening()
    assert (await emulator.get("/console")).headers["location"] == "/console/"


async def test_the_first_page_beside_real_carriers(opening: Opening) -> None:
    """Their messages are looked up rather than watched."""
    gateway = await opening(table("[console]", enabled=True), carrier("north", ("127.0.0.1", 9)))
    assert (await gateway.get("/console")).headers["location"] == "/console/messages"
