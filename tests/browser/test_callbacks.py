"""Callbacks as a person sees them."""

from playwright.async_api import expect

from browser.conftest import Opening
from show.receiver import receiving
from stories.house import table


async def test_an_endpoint_is_set_and_tried(opening: Opening) -> None:
    """The secret is copied from the one page that has it; a test push shows what came of it without a reload."""
    look = await opening(table("[callbacks]", allow_private=True))
    async with receiving() as receiver:
        await look.page.request.post(look.base + "/console/access", form={"name": "till"})
        page = await look.go("/console/callbacks")
        await page.get_by_role("link", name="till").click()
        await page.get_by_label("Address to POST to").fill(receiver.url)
        await page.get_by_role("button", name="Save").click()
        await page.get_by_role("button", name="Copy the secret").click()
        assert len(await page.evaluate("navigator.clipboard.readText()")) == 64
        await page.get_by_role("link", name="Done").click()
        await page.evaluate("window.sameDocument = true")
        await page.get_by_role("button", name="Push a test").click()
        await expect(page.locator("#tried .state")).to_have_text("acknowledged")
        receiver.status = 500
        await page.get_by_role("button", name="Push a test").click()
        await expect(page.locator("#tried")).to_contain_text("HTTP 500")
        assert await page.evaluate("window.sameDocument")
        assert len(receiver.bodies) == 2
