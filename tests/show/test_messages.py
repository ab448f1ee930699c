"""The pages of messages, and of one message, over HTTP."""

import csv
import re
from urllib.parse import quote_plus

import pytest

from globewire.message import MessageId, State
from globewire.show.page import moment
from show.conftest import Console, Opening
from stories.callbacks import receiving
from stories.house import account, eventually, table


async def sent(console: Console) -> dict[str, MessageId]:
    """Four messages, ended."""
    customer, books = console.house.customer, console.house.books
    ids = {
        "code": await customer.send("6591234567", "Your code is 482913.", From="Shop", TaskId="task-1", Type="OTP"),
        "hello": await customer.send("85261234567", "Hello & good-bye <b>"),
        "fails": await customer.send("6591239001", "This one fails"),
        "long": await customer.send("447700900123", "word " * 60),
    }
    for name, id in ids.items():
        await books.until(id, State.FAILED if name == "fails" else State.DELIVERED)
    return ids


def listed(page: str) -> list[MessageId]:
    """The messages of a page, in their order."""
    return [MessageId(int(id)) for id in re.findall(r'<tr id="m(\d+)"', page)]


ASKED = {
    "": ["long", "fails", "hello", "code"],
    "number=%2B65 9123 4567": ["code"],
    "number=0065-9123-4567": ["code"],
    "number=4567": ["hello", "code"],
    "number=nothing": ["long", "fails", "hello", "code"],
    "task=task-1": ["code"],
    "text=GOOD": ["hello"],
    "text=<b>": ["hello"],
    "text=no such words": [],
    "state=failed": ["fails"],
    "state=lost": ["fails"],
    "state=open": [],
    "state=nonsense": ["long", "fails", "hello", "code"],
    "country=gb": ["long"],
    "carrier=simulator&state=delivered": ["long", "hello", "code"],
    "account=another": [],
    "span=1h&text=code": ["code"],
    "since=2026-01-01T09:00": ["long", "fails", "hello", "code"],
    "since=2026-01-01T09:00&until=2026-01-02T09:00": [],
    "until=9999-12-31T23:59&task=task-1": ["code"],
    "since=9999-12-31T23:59": [],
    "since=yesterday&until=0001-01-01": ["long", "fails", "hello", "code"],
    "before=x": ["long", "fails", "hello", "code"],
}


async def test_what_fits_is_listed(console: Console) -> None:
    """By number in any form or by its end, TaskId, text, state, country, carrier, account, time; nonsense filters nothing."""
    ids = await sent(console)
    for query, names in ASKED.items():
        seen = await console.get(f"/console/messages?{query}")
        assert (seen.status, listed(seen.text)) == (200, [ids[name] for name in names]), query


async def test_a_time_of_acceptance_is_asked_for_to_the_millisecond(console: Console) -> None:
    """From one on, before another; and the list's later pages and its file keep to it."""
    ids = await sent(console)
    at = moment((await console.house.books.standing(ids["fails"])).message.accepted_at)
    assert listed((await console.get(f"/console/messages?since={at}")).text) == [ids["long"], ids["fails"]]
    before = await console.get(f"/console/messages?until={at}")
    assert listed(before.text) == [ids["hello"], ids["code"]]
    assert f'href="/console/messages.csv?until={quote_plus(at)}"' in before.text
    assert len((await console.get(f"/console/messages.csv?until={at}")).text.splitlines()) == 3


async def test_pages_lead_on_to_older_ones(console: Console) -> None:
    """Fifty a page; the last one leads no further, and leads back."""
    for n in range(53):
        await console.house.customer.send("6591234567", f"message {n}", TaskId="many" if n else "one")
    first = await console.get("/console/messages?task=many")
    assert len(listed(first.text)) == 50
    (older,) = re.findall(r'href="([^"]+)">Older', first.text)
    second = await console.get(older.replace("&amp;", "&"))
    assert len(listed(second.text)) == 2
    assert "Older" not in second.text
    assert "/console/messages?task=many" in second.text


async def test_a_message_id_leads_to_its_message(console: Console) -> None:
    """Pasted where a number is asked for."""
    ids = await sent(console)
    led = await console.get(f"/console/messages?number={ids['code']}")
    assert (led.status, led.headers["location"]) == (303, f"/console/messages/{ids['code']}")


async def test_a_messages_page_tells_its_life(console: Console) -> None:
    """Who asked, why it went where it went, what the carrier said, and what went over the wire, with nothing secret in it."""
    ids = await sent(console)
    page = (await console.get(f"/console/messages/{ids['code']}")).text
    for words in (
        "Your code is 482913.",
        'data-copy="482913"',
        "task-1",
        "OTP",
        "shopkey",
        "all its conditions match",
        "DELIVERED",
    ):
        assert words in page, words
    assert "POST /?From=Shop" in page
    assert "Signature=***" in page
    assert "shopsecret" not in page
    assert f"&#34;MessageId&#34;:&#34;{ids['code']}&#34;" in page


@pytest.mark.parametrize("path", ["/console/messages/1", "/console/messages/999999999999999999"])
async def test_no_such_message(console: Console, path: str) -> None:
    """It says so, and where to look."""
    seen = await console.get(path)
    assert (seen.status, "There is no message" in seen.text) == (404, True)


async def test_all_that_fits_as_a_file(console: Console) -> None:
    """With texts and whole numbers; a cell that would be a formula is none."""
    for text in ("=1+1", "@SUM(A1)", 'a "quoted", text', "-1", "plain"):
        await console.house.customer.send("6591234567", text, TaskId="+task")
    seen = await console.get("/console/messages.csv?number=6591234567")
    assert "attachment" in seen.headers["content-disposition"]
    rows = list(csv.reader(seen.text.splitlines()))
    assert len(rows) == 6
    assert [row[-1] for row in rows[1:]] == ["plain", "'-1", 'a "quoted", text', "'@SUM(A1)", "'=1+1"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]


async def test_a_push_is_shown_and_replayed(opening: Opening) -> None:
    """What the endpoint said of each; replayed, it is pushed again at once."""
    async with receiving() as endpoint:
        console = await opening(table("[callbacks]", allow_private=True), account(callback=endpoint.url))
        id = await console.house.customer.send("6591234567", "Hello")
        await console.house.books.until(id, State.DELIVERED)
        await endpoint.arrived(1)
        page = await eventually(lambda: _with(console, id, "acknowledged"))
        assert "Replay this push" in page
        assert (await console.post(f"/console/messages/{id}")).status == 303
        await endpoint.arrived(2)


async def _with(console: Console, id: MessageId, words: str) -> str | None:
    page = (await console.get(f"/console/messages/{id}")).text
    return page if words in page else None
