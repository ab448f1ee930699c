"""What holds for every page of the console: no accessibility fault, nothing to scroll sideways, light enough, by any theme."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from browser.conftest import Look
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
MOST = 150_000
"""Bytes of a page, its scripts and styles cached."""


async def faults(page: Page) -> list[str]:
    """What axe finds that is serious or worse, by WCAG 2.1 A and AA."""
    if not AXE.exists():
        pytest.skip("axe-core is missing: npm ci --prefix tests/peers")
    await page.context.add_init_script(path=str(AXE))  # the pages' policy forbids scripts that are added later
    await page.reload()
    found = await page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    return [
        f"{fault['impact']}: {fault['id']}: {node['html'][:200]}"
        for fault in found["violations"]
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


def forgive_absence(look: Look) -> None:
    """The browser notes the message that is not there, as it should."""
    look.faults[:] = [fault for fault in look.faults if "404" not in fault]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1440])
async def test_axe_finds_nothing_serious(look: Look, theme: str, width: int) -> None:
    """Labels, roles, contrast."""
    paths = await every(look)
    await look.page.set_viewport_size({"width": width, "height": 800})
    await look.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    found = {path: await faults(await look.go(path)) for path in paths}
    forgive_absence(look)
    assert {path: fault for path, fault in found.items() if fault} == {}


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
