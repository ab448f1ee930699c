"""What holds for every page of the console: no accessibility fault, nothing to scroll sideways, light enough, by any theme."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from browser.conftest import Look
from globewire.hold.port import AccountEntry, UserEntry
from globewire.message import AccountId, Millis
from globewire.registry import EVERY
from globewire.show.page import PLACES

AXE = Path(__file__).parent.parent / "peers" / "node_modules" / "axe-core" / "axe.min.js"
WHAT_IF = "/console/access/what-if?who=key:shopkey&operation=QueryMessage&address=192.0.2.1&time=2026-01-31T09:00"
PAGES = [
    *(address for address, _ in PLACES),
    "/console/inbox/6591234567",
    "/console/access/account/shop",
    "/console/access/account/shop/policy",
    WHAT_IF,
    "/console/callbacks/shop",
    "/console/carriers/simulator",
]
MANY = [
    *("/console/access", "/console/access?leaf=2", "/console/access?account=nobody", "/console/access/account/shop"),
    *("/console/access/account/shop?find=nobody", "/console/access/what-if", "/console/callbacks", "/console/callbacks?leaf=3"),
    *("/console/explorer", "/console/messages?account=nobody", "/console/preview?account=nobody&To=6591234567"),
]
MOST = 150_000
"""Bytes of a page, its scripts and styles cached."""


async def bring_axe(look: Look) -> None:
    """Every page is opened with axe in it: the pages' policy forbids scripts that are added later."""
    if not AXE.exists():
        pytest.skip("axe-core is missing: npm ci --prefix tests/peers")
    await look.page.context.add_init_script(path=str(AXE))


async def faults(page: Page) -> list[str]:
    """What axe finds that is serious or worse, by WCAG 2.1 A and AA."""
    asked = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations']}"
    found = await page.evaluate(f"axe.run({asked}).then((told) => told.violations)")
    return [
        f"{fault['impact']}: {fault['id']}: {node['html'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


async def every(look: Look) -> list[str]:
    """All pages, with messages of every kind on them, and those that there are only for a message or a refused call."""
    for number, text in (("6591234567", "Your code is 482913."), ("6591239001", "This one fails"), ("85261234567", "long " * 80)):
        id = await look.house.customer.send(number, text, From="Shop")
    await look.house.customer.try_send("123", "refused")
    assert look.house.gateway.exchanges is not None
    (refused,) = look.house.gateway.exchanges.latest(1, refused=True)
    return [*PAGES, f"/console/messages/{id}", "/console/messages/1", f"/console/doctor?id={refused.request_id}"]


async def preview(page: Page) -> None:
    """A text of several parts, with characters that cost."""
    await page.get_by_label("Message").fill("It’s 10 o’clock – wake up 🙂, [your] code {1234} " * 6)
    await page.get_by_label("To", exact=True).fill("6591234567")
    await page.get_by_role("button", name="Preview", exact=True).click()
    await expect(page.locator(".parts li").first).to_be_visible()


async def explorer(page: Page) -> None:
    """A call that was sent, with all that is said of it opened."""
    await page.get_by_label("To required").fill("6591234567")
    await page.get_by_label("Message required").fill("Your code is 482913.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator("#reply")).to_be_visible()
    await page.evaluate("for (const each of document.querySelectorAll('details')) { each.name = ''; each.open = true; }")


async def doctor(page: Page) -> None:
    """A diagnosis."""
    target = (
        "/?Action=QueryMessage&AccessKeyId=shopkey&Signature=abc&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&Version=2018-05-01"
    )
    await page.get_by_role("textbox", name="Request").fill(f"POST {target} HTTP/1.1\nHost: localhost\n\n")
    await page.get_by_role("button", name="Diagnose").click()
    await expect(page.locator(".findings")).to_be_visible()


async def access(page: Page) -> None:
    """A refusal."""
    await page.get_by_label("Account", exact=True).fill("shop")
    await page.get_by_role("button", name="Open the account").click()
    await expect(page.get_by_role("alert")).to_be_visible()


async def account(page: Page) -> None:
    """A new key, whose secret is shown once."""
    await page.get_by_role("button", name="Make an AccessKey").click()
    await expect(page.locator("#made-secret")).to_be_visible()


async def policy(page: Page) -> None:
    """A document in which something is wrong."""
    await page.get_by_label("Document").fill("{")
    await page.get_by_role("button", name="Check").click()
    await expect(page.get_by_role("alert")).to_be_visible()


FILLED = {
    "/console/preview": preview,
    "/console/explorer": explorer,
    "/console/doctor": doctor,
    "/console/access": access,
    "/console/access/account/shop": account,
    "/console/access/account/shop/policy": policy,
}
"""What a page shows once its form was sent."""


def forgive_absence(look: Look) -> None:
    """The browser notes the message that is not there, as it should."""
    look.faults[:] = [fault for fault in look.faults if "404" not in fault]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1440])
async def test_axe_finds_nothing_serious(look: Look, theme: str, width: int) -> None:
    """Labels, roles, contrast."""
    paths = await every(look)
    await bring_axe(look)
    await look.page.set_viewport_size({"width": width, "height": 800})
    await look.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    found = {path: await faults(await look.go(path)) for path in paths}
    forgive_absence(look)
    assert {path: fault for path, fault in found.items() if fault} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_serious_in_what_forms_bring(look: Look, theme: str) -> None:
    """As narrow as a phone, where it fits too."""
    await bring_axe(look)
    await look.page.set_viewport_size({"width": 375, "height": 800})
    await look.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    for path, fill in FILLED.items():
        page = await look.go(path)
        await fill(page)
        assert await faults(page) == [], path
        assert await page.evaluate("document.documentElement.scrollWidth") <= 375, path
    look.faults[:] = [fault for fault in look.faults if "409" not in fault]  # the browser's own note of what was refused


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1440])
async def test_pages_over_many_accounts_are_as_good(look: Look, theme: str, width: int) -> None:
    """With more than can be chosen from: what finds one, what leads through all, and what is said where none fits."""
    hold = look.house.books.hold
    names = [AccountId(f"an-account-with-a-long-name-{n:03}") for n in range(120)]
    for name in names:
        await hold.put_account(AccountEntry(name, "", f"https://{name}.example/receipts", {}, Millis(0)))
        await hold.put_user(UserEntry(name, "till", ()))
        await hold.put_user(UserEntry(AccountId("shop"), name, ()))
    await asyncio.sleep(2 * EVERY)
    await bring_axe(look)
    await look.page.set_viewport_size({"width": width, "height": 800})
    await look.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    for path in MANY:
        page = await look.go(path)
        assert await faults(page) == [], path
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path


async def test_an_account_is_found_among_many(look: Look) -> None:
    """By its id, or by the links."""
    for n in range(60):
        await look.house.books.hold.put_account(AccountEntry(AccountId(f"till-{n:02}"), "", "", {}, Millis(0)))
    for path in ("/console/access", "/console/callbacks"):
        page = await look.go(path)
        await page.get_by_role("link", name="Next").click()
        await expect(page.get_by_role("link", name="till-59")).to_be_visible()
        await page.get_by_role("link", name="Previous").click()
        await expect(page.get_by_role("link", name="till-59")).to_have_count(0)
        await page.get_by_label("Account's id contains").fill("-59")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("row")).to_have_count(2)
        await page.get_by_role("link", name="till-59").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("till-59")


async def test_it_fits_a_phone_and_is_light(look: Look) -> None:
    """At 375 pixels nothing makes the page itself scroll sideways; what is not cached is small."""
    paths = await every(look)
    await look.page.set_viewport_size({"width": 375, "height": 800})
    for path in paths:
        page = await look.go(path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 375, path
        assert len((await page.content()).encode()) < MOST, path
    forgive_absence(look)


async def test_the_keyboard_reaches_the_content_first(look: Look) -> None:
    """The first stop of the Tab key skips what every page begins with, and leads to the content."""
    for path in PAGES:
        page = await look.go(path)
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip", path
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main", path


async def test_the_way_to_the_page_that_is_shown_is_in_view(look: Look) -> None:
    """On a phone the list of pages is longer than the screen is wide."""
    await look.page.set_viewport_size({"width": 375, "height": 800})
    for address, name in PLACES:
        page = await look.go(address)
        link = page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True)
        await expect(link).to_be_in_viewport(ratio=0.9)
        assert await page.evaluate("scrollY") == 0
