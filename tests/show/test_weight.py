"""No page is heavy, whatever was sent: pages fetch themselves anew whenever something happens."""

import asyncio
import html
import json
import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from globewire.hold.port import AccountEntry, Became, KeyEntry, PolicyEntry, UserEntry
from globewire.message import AccessKeyId, AccountId, MessageId, State
from globewire.verdict.policy import SYSTEM_POLICIES
from laws.making import submission
from show.conftest import Console
from stories.client import KEY, Reply
from stories.house import eventually, now

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


MANY = 3000
URL = "http://127.0.0.1:1/" + "&" * 1900
OWED = AccountId("shop-2990")
WHAT = {"operation": "QueryMessage", "address": "192.0.2.1", "time": "2026-01-31T09:00"}


@pytest.fixture
async def crowded(console: Console) -> Console:
    """A console over thousands of accounts beside the one that is declared, each with a key, a user and an endpoint."""
    hold, at = console.house.books.hold, now()
    names = [AccountId(f"shop-{n:04}") for n in range(MANY)]
    await asyncio.gather(
        *(hold.put_account(AccountEntry(name, "Shop", URL, {}, at)) for name in names),
        *(hold.put_user(UserEntry(name, "till", ())) for name in names),
        *(
            hold.put_key(
                KeyEntry(AccessKeyId(f"key-of-{name}"), name, "till", console.house.sealed(f"key-of-{name}", "s"), True, at)
            )
            for name in names
        ),
    )

    async def known() -> bool | None:
        return "has no policy" in await outcome(console, f"{names[-1]}/till") or None

    await eventually(known)
    return console


async def outcome(console: Console, who: str) -> str:
    """What the page says would happen to somebody's call."""
    return (await console.get(f"/console/access/what-if?{urlencode({'who': who, **WHAT})}")).text


def rows(page: str, kind: str) -> list[str]:
    """The accounts that a page lists, in order."""
    return re.findall(rf'<tr id="{kind}-([^"]+)"', page)


def way(page: str, to: str) -> str:
    """Where a page's link to others leads; "" where it has none."""
    found = re.search(rf'rel="{to}" href="([^"]+)"', page)
    return html.unescape(found[1]) if found else ""


async def test_no_page_grows_with_the_accounts(crowded: Console) -> None:
    """Whatever lists them, or has one of them chosen; and what is said where one is not there."""
    paths = ["/console/messages", "/console/preview", "/console/explorer", "/console/access", "/console/callbacks"]
    paths += ["/console/access/what-if", f"/console/access/account/{OWED}", f"/console/callbacks/{OWED}", "/console/carriers"]
    for path in paths:
        assert await weight(crowded, path) < MOST, path
    for path, form in (
        ("/console/access", {"name": "shop"}),
        ("/console/explorer", {"operation": "QueryMessage", "key": "nobody", "send": "1"}),
        ("/console/access/account/none", {"do": "add-user", "user": "till"}),
    ):
        assert len((await crowded.post(path, form)).text.encode()) < MOST, path


@pytest.mark.parametrize(("path", "kind"), [("/console/access", "account"), ("/console/callbacks", "box")])
async def test_accounts_are_leafed_through_and_found(crowded: Console, path: str, kind: str) -> None:
    """The links lead through all of them, once each, and back; a search is kept by them."""
    found, at = list[str](), path
    while at:
        page = (await crowded.get(at)).text
        found += rows(page, kind)
        back, at = way(page, "prev"), way(page, "next")
    assert sorted(found) == ["shop", *(f"shop-{n:04}" for n in range(MANY))]
    assert rows((await crowded.get(back)).text, kind) == found[-51:-1]  # the last leaf has the one that is over
    assert rows((await crowded.get(f"{path}?account=SHOP-29")).text, kind) == [f"shop-29{n:02}" for n in range(50)]
    second = way((await crowded.get(f"{path}?account=shop-29")).text, "next")
    assert rows((await crowded.get(second)).text, kind) == [f"shop-29{n:02}" for n in range(50, 100)]
    assert rows((await crowded.get(f"{path}?account=shop")).text, kind)[0] == "shop"
    nobody = (await crowded.get(f"{path}?{urlencode({'account': chr(34) + '><b>'})}")).text
    assert (rows(nobody, kind), "id contains this" in nobody, "<b>" in nobody) == ([], True, False)
    for leaf in ("0", "-1", "x", "9" * 9, "9" * 30):
        assert rows((await crowded.get(f"{path}?leaf={leaf}")).text, kind), leaf


async def test_callbacks_that_do_not_go_well_come_first(crowded: Console) -> None:
    """Its endpoint may not be pushed to, which is the first thing to be seen; those that have none come last."""
    kept = submission(1, at=now())
    kept = replace(kept, message=replace(kept.message, account=OWED))
    await crowded.house.books.hold.keep([kept], None)
    await crowded.house.books.hold.record(Became(kept.message.id, State.EXPIRED, now(), None, "EXPIRED", ""))

    async def first() -> bool | None:
        return rows((await crowded.get("/console/callbacks")).text, "box")[0] == OWED or None

    await eventually(first)
    assert rows((await crowded.get("/console/callbacks?leaf=999")).text, "box") == ["shop"]


async def test_an_account_s_page_does_not_grow_with_what_the_account_has(console: Console) -> None:
    """Keys, users and policies are found by their names; each form takes the name of one."""
    hold, at, shop = console.house.books.hold, now(), AccountId("shop")
    names = [f"{'n' * 58}-{n:03}" for n in range(300)]
    keys = [(AccessKeyId(f"key-{name}"), name, console.house.sealed(f"key-{name}", "s")) for name in names]
    await asyncio.gather(
        *(hold.put_policy(PolicyEntry(shop, name, SYSTEM_POLICIES["AliyunDysmsFullAccess"])) for name in names),
        *(hold.put_user(UserEntry(shop, name, (names[0], name))) for name in names),
        *(hold.put_key(KeyEntry(id, shop, name, sealed, False, at)) for id, name, sealed in keys),
    )
    home = "/console/access/account/shop"
    assert await weight(console, home) < MOST
    page = (await console.get(f"{home}?find=N-123")).text
    assert [rows(page, kind) for kind in ("key", "user")] == [[f"key-{names[123]}"], [names[123]]]
    assert rows(page, "policy")[0] == names[123]
    attached = await console.post(home, {"do": "attach", "user": names[299], "policy": names[7]})
    assert attached.status == 303
    assert f"Detach {names[7]} from {names[299]}" in (await console.get(f"{home}?find={names[299]}")).text


async def test_one_of_many_is_named_instead_of_chosen(crowded: Console) -> None:
    """A key, an account, a caller; of a name that is not known it is said."""
    seen = await crowded.post("/console/explorer", {"operation": "QueryMessage", "key": f" {KEY[0]} ", "show": "1"})
    assert "The signature, step by step" in seen.text
    assert "InvalidAccessKeyId.NotFound" in await outcome(crowded, "nobody")
    assert "till has no policy" in await outcome(crowded, f"key-of-{OWED}")
    preview = {"Message": "Hello", "To": "6591234567", "account": OWED}
    assert f"Calls a second of {OWED}" in (await crowded.get(f"/console/preview?{urlencode(preview)}")).text
    assert "There is no account" in (await crowded.get(f"/console/preview?{urlencode(preview | {'account': 'shop-29'})}")).text
    id = await crowded.house.customer.send("6591234567", "Hello")
    for account, there in (("shop", True), (OWED, False)):
        assert (f'id="m{id}"' in (await crowded.get(f"/console/messages?account={account}")).text) is there
