"""The inbox as a person sees it."""

import pytest
from playwright.async_api import expect

from browser.conftest import Look


async def test_a_message_appears_by_itself_and_its_code_is_copied(look: Look) -> None:
    """Without a reload: first the empty page, then the phone, then the message, delivered; one click copies the code."""
    page = await look.go("/console/")
    await expect(page.get_by_text("No message yet")).to_be_visible()
    await look.house.customer.send("6591234567", "Your code is 482913.")
    await page.get_by_role("link", name="+6591234567").click()
    await expect(page.locator(".bubble")).to_have_text("Your code is 482913.")
    await expect(page.locator(".facts .state")).to_have_text("delivered")
    await look.house.customer.send("6591234567", "Now it is code 550-192.")
    await page.get_by_role("button", name="Copy the code 550192").click()
    await expect(page.get_by_role("status")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == "550192"
    await expect(page.locator(".bubble")).to_have_count(2)


async def test_a_hidden_page_listens_no_more(look: Look) -> None:
    """A page that nobody looks at keeps no connection."""
    page = await look.go("/console/")
    assert await page.evaluate("stream.readyState") < 2
    await page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true}); document.dispatchEvent(new Event('visibilitychange'))"
    )
    assert await page.evaluate("stream") is None


@pytest.mark.parametrize("width", [375, 1440])
async def test_a_long_thread_shows_its_newest_message(look: Look, width: int) -> None:
    """When it is opened, and when one more comes; whose phone it is, and the way back, stay in view."""
    for number in range(40):
        await look.house.customer.send("6591234567", f"message {number}")
    await look.page.set_viewport_size({"width": width, "height": 800})
    page = await look.go("/console/inbox/6591234567")
    newest = page.locator(".bubble").last
    await expect(newest).to_have_text("message 39")
    await expect(newest).to_be_in_viewport()
    await look.house.customer.send("6591234567", "one more")
    await expect(newest).to_have_text("one more")
    await expect(newest).to_be_in_viewport()
    await expect(page.get_by_role("heading", name="+6591234567")).to_be_in_viewport()
    await expect(page.locator(".bubble").first).not_to_be_in_viewport()
    if width == 375:
        await page.get_by_role("link", name="All phones").click()
        await expect(page.get_by_role("link", name="+6591234567")).to_be_visible()
