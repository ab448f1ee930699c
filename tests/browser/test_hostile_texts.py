"""Texts, senders and ids that would like to be markup, code or another text's direction: shown, and never carried out."""

from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, expect

from browser.conftest import Look, Opening
from show.receiver import receiving
from stories.house import account, table

HOSTILE = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"><svg onload=window.hit=1>',
    "' onmouseover='window.hit=1",
    "javascript:window.hit=1//",
    "</textarea><script>window.hit=1</script>",
    "</pre></code><iframe srcdoc='<script>parent.hit=1</script>'>",
    "{{ 7*7 }}{% raw %}${7*7}#{7*7}",
    "<a href='javascript:window.hit=1' hx-get='/console/sign-out' hx-trigger='load'>x</a>",
    "<form action=https://evil.example><button>Sign in",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css><style>*{display:none}</style>",
    "<!--<script>-->window.hit=1",
    "\u202eexe.yadot ruoy \u2066mrow\u2069",
    "a\u200bb\u200c\u200d\ufeffc\u2060",
    "\u0301" * 200,
    "W" * 1500,
    "&lt;script&gt;window.hit=1&lt;/script&gt;",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16") * 100,
)


@pytest.mark.parametrize("channel", ["message", "task"])
async def test_nothing_hostile_is_carried_out(look: Look, channel: str) -> None:
    """On the inbox, the list and the message's page: 0 executions, nothing asked of others, no page wider than a phone."""
    sent = {}
    for number, text in enumerate(HOSTILE):
        to = f"6591234{number:03}"
        given = {"Message": text} if channel == "message" else {"Message": "hello", "TaskId": text[:200]}
        reply = await look.house.customer.call("SendMessageToGlobe", {"To": to, **given})
        if reply.code == "OK":
            sent[to] = reply.id
    assert len(sent) >= len(HOSTILE) - 1
    await look.page.set_viewport_size({"width": 375, "height": 800})
    paths = [
        "/console/",
        "/console/messages",
        *(f"/console/inbox/{to}" for to in sent),
        *(f"/console/messages/{id}" for id in sent.values()),
    ]
    for path in paths:
        page = await look.go(path)
        assert await page.evaluate("window.hit") is None, path
        assert await page.evaluate("document.documentElement.scrollWidth") <= 375, path
        assert page.url == look.base + path


ASKED = (
    ("/console/messages", ("number", "task", "text", "state", "country", "carrier", "account", "error", "since")),
    ("/console/explorer", ("p.To", "p.Message", "p.From", "key", "once")),
    ("/console/access/what-if", ("who", "operation", "address", "time")),
    ("/console/access/account/shop/policy", ("name", "document")),
    ("/console/reference", ("country",)),
    ("/console/doctor", ("id",)),
)


async def unharmed(page: Page, what: str) -> None:
    """Nothing was carried out, and the page is no wider than a phone."""
    assert await page.evaluate("window.hit") is None, what
    assert await page.evaluate("document.documentElement.scrollWidth") <= 375, what


async def test_addresses_and_forms_carry_nothing_out(look: Look) -> None:
    """What is asked for in an address, and what is typed into a form, comes back as text; the browser's own word of a page that is
    a refusal is no fault."""
    await look.page.set_viewport_size({"width": 375, "height": 800})
    for text in HOSTILE:
        for path, names in ASKED:
            page = await look.go(f"{path}?{urlencode(dict.fromkeys(names, text[:500]))}")
            await unharmed(page, page.url)
        page = await look.go("/console/preview")
        for field in ("Message", "From", "ChannelId", "TaskId"):
            await page.get_by_label(field, exact=True).fill(text)
        await page.get_by_role("button", name="Preview", exact=True).click()
        await expect(page.locator("#answer")).to_be_visible()
        await unharmed(page, text)
        page = await look.go("/console/doctor")
        await page.get_by_role("textbox", name="Request").fill(text)
        await page.get_by_role("button", name="Diagnose").click()
        await expect(page.locator("#diagnosis")).to_be_attached()
        await unharmed(page, text)
        page = await look.go("/console/explorer")
        await page.get_by_label("To required").fill(text.replace("\n", " "))
        await page.get_by_label("Message required").fill(text)
        await page.get_by_role("button", name="Send unchecked").click()
        await expect(page.locator("#reply")).to_be_visible()
        await unharmed(page, text)
    look.faults[:] = [fault for fault in look.faults if "409" not in fault]


async def test_an_endpoint_s_answer_carries_nothing_out(opening: Opening) -> None:
    """What it says to a push is on the page of the message, in the list of endpoints and on the endpoint's own page."""
    async with receiving() as receiver:
        look = await opening(table("[callbacks]", allow_private=True), account(callback=receiver.url))
        await look.page.set_viewport_size({"width": 375, "height": 800})
        for text in HOSTILE:
            receiver.answer = text
            page = await look.go("/console/callbacks/shop")
            await page.get_by_role("button", name="Push a test").click()
            await expect(page.locator("#tried .state")).to_be_visible()
            await unharmed(page, text)
        receiver.answer = "".join(HOSTILE[:8])
        id = await look.house.customer.send("6591234567", "Hello")
        page = await look.go(f"/console/messages/{id}")
        await expect(page.get_by_role("region", name="Pushes")).to_contain_text("<script>")
        await unharmed(page, "the message")
        for path in ("/console/callbacks", "/console/callbacks/shop"):
            await unharmed(await look.go(path), path)
