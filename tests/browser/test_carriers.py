"""Carriers as a person sees them."""

from playwright.async_api import Page, expect

from browser.conftest import Look
from globewire.message import State
from stories.house import eventually

HOME = "/console/carriers/simulator"


async def soon(page: Page, true: str) -> None:
    """Return once this is so. (Playwright's own wait evaluates in the page, whose policy forbids it.)"""

    async def look() -> bool | None:
        return await page.evaluate(true) or None

    await eventually(look)


async def test_charts_are_drawn_and_follow(look: Look) -> None:
    """Each is a canvas with something on it, and draws what comes after the page was opened."""
    page = await look.go(HOME)
    await expect(page.locator(".plot canvas")).to_have_count(6)
    painted = """canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(octet => octet)"""
    assert await page.locator(".plot canvas").first.evaluate(painted)
    drawn = await page.evaluate("latest.at.length")
    sent = await look.house.customer.send("6591234567", "Hello")
    await look.house.books.until(sent, State.DELIVERED)
    await soon(page, f"latest.at.length > {drawn} && latest.receipt_p95.at(-1) > 0")


async def test_refusals_are_drawn_by_their_status(look: Look) -> None:
    """A status that the carrier never said before gets a line of its own while the page is open."""
    page = await look.go(HOME)
    labels = page.locator("[data-chart=amiss] .u-legend .u-label")
    await expect(labels).to_have_text(["at", "throttled", "unanswered"])
    for number, status in (("6591234567", "ESME_RINVDSTADR"), ("6591234568", "ESME_RINVSRCADR")):
        order = {"outcome": "refused", "to": number, "status": status}
        assert (await page.request.post(look.base + "/_emulator/outcomes", data=order)).ok
        await look.house.books.until(await look.house.customer.send(number, "Hello"), State.REJECTED)
    await expect(labels).to_have_text(["at", "throttled", "unanswered", "ESME_RINVDSTADR", "ESME_RINVSRCADR"])
    await soon(page, "latest['refused ESME_RINVDSTADR'].some((rate) => rate > 0)")


async def test_a_carrier_is_paused_after_a_question(look: Look) -> None:
    """One click asks, another does it; the page shows by itself that it was done."""
    page = await look.go(HOME)
    await page.get_by_label("Pause simulator").click()
    await expect(page.get_by_text("Nothing is submitted until it is resumed")).to_be_visible()
    await page.get_by_role("button", name="Pause simulator").click()
    await expect(page.locator("#live .state")).to_have_text("paused; bound")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.locator("#live .state")).to_have_text("bound")


async def test_charts_change_with_the_theme_and_the_window(look: Look) -> None:
    """They are drawn anew in the colours and the width that there are."""
    page = await look.go(HOME)
    await expect(page.locator(".plot canvas")).to_have_count(6)
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size({"width": 375, "height": 800})
    await expect(page.locator(".plot canvas")).to_have_count(6)
    await soon(page, "[...document.querySelectorAll('.uplot')].every(plot => plot.clientWidth <= 375)")
