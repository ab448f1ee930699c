"""No page is heavy, whatever was sent: pages fetch themselves anew whenever something happens."""

import json
import re

from globewire.message import MessageId
from show.conftest import Console
from stories.client import Reply

MOST = 150_000
"""Octets of a page; its scripts and styles are cached."""
LONG = "长" * 1999 + "&"


async def batch(console: Console, of: int, **more: str) -> Reply:
    """As many long texts in one call."""
    numbers = [f"65912{number:05}" for number in range(of)]
    texts = [LONG[:300]] * of
    asked = {"To": json.dumps(numbers), "Message": json.dumps(texts, ensure_ascii=False), **more}
    return await console.house.customer.call("BatchSendMessageToGlobe", asked)


async def weight(console: Console, path: str) -> int:
    """The octets of a page that is there."""
    seen = await console.get(path)
    assert seen.status == 200, path
    return len(seen.text.encode())


async def test_many_long_messages(console: Console) -> None:
    """On the inbox, on a phone's thread and in the list; the thread has the newest, and leads to what it leaves out."""
    reply = await batch(console, 220)
    assert reply.code == "OK", reply.fields
    sent = [await console.house.customer.send("6591300000", text) for text in ("first", *[LONG] * 40, "&" * 2000, "last")]
    for path in ("/console/", "/console/inbox/6591300000", "/console/messages", f"/console/messages/{sent[1]}"):
        assert await weight(console, path) < MOST, path
    assert "Older ones are among the messages" in (await console.get("/console/")).text
    thread = (await console.get("/console/inbox/6591300000")).text
    shown = [MessageId(int(id)) for id in re.findall(r'<li id="m(\d+)"', thread)]
    assert shown == sent[-len(shown) :]
    assert 1 < len(shown) < len(sent)
    assert 'href="/console/messages?number=6591300000"' in thread


async def test_one_message_of_a_large_call(console: Console) -> None:
    """Its page shows how the call begins and ends, and leads to the whole of it."""
    reply = await batch(console, 220)
    (id, *_) = json.loads(reply.fields["MessageIdList"])
    page = (await console.get(f"/console/messages/{id}")).text
    assert len(page.encode()) < MOST
    assert page.count("characters are left out here") == 1
    whole = await console.get(f"/console/exchanges/{reply.fields['RequestId']}")
    assert whole.headers["content-type"] == "text/plain; charset=utf-8"
    assert "Signature=***" in whole.text
    assert whole.text.count("6591200219") == 1
    assert id in whole.text
    assert (await console.get("/console/exchanges/nothing")).status == 404


async def test_a_large_call_that_was_refused(console: Console) -> None:
    """It is diagnosed whole, and not shown so: neither itself nor the steps of its signature."""
    stranger = console.house.customer.with_key(console.house.customer.key[0], "another secret")
    asked = {"To": "[]", "Message": json.dumps([LONG] * 30, ensure_ascii=False)}
    reply = await stranger.call("BatchSendMessageToGlobe", asked)
    path = f"/console/doctor?id={reply.fields['RequestId']}"
    page = (await console.get(path)).text
    assert "Another secret" in page and "too long to be shown" in page
    assert len(page.encode()) < MOST
