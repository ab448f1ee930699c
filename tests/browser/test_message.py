"""One message's page as a person uses it."""

from playwright.async_api import expect

from browser.conftest import Opening
from stories.callbacks import receiving
from stories.house import account, table


async def test_a_message_is_followed_to_its_end_and_its_push_replayed(opening: Opening) -> None:
    """Its life grows on the page by itself: submitted, delivered, pushed; a click pushes again, and that is there too."""
    async with receiving() as endpoint:
        look = await opening(table("[callbacks]", allow_private=True), table("[simulator]", late=2), account(callback=endpoint.url))
        id = await look.house.customer.send("6591239007", "A late receipt")  # this number's comes after a while
        page = await look.go(f"/console/messages/{id}")
        await expect(page.locator("h1 .state")).to_have_text("submitted")
        await expect(page.locator("h1 .state")).to_have_text("delivered")
        pushes = page.get_by_role("region", name="Pushes").locator("tbody tr")
        await expect(pushes).to_have_count(1)
        await page.get_by_role("button", name="Replay this push").click()
        await endpoint.arrived(2)
        await expect(pushes).to_have_count(2)
        await expect(page.locator(".life li").last).to_contain_text("acknowledged")


async def test_a_page_of_results_leads_to_a_file(opening: Opening) -> None:
    """What was searched for is downloaded with a click."""
    look = await opening()
    await look.house.customer.send("6591234567", "one")
    await look.house.customer.send("85261234567", "two")
    page = await look.go("/console/messages")
    await page.get_by_label("Number or MessageId").fill("+65 9123 4567")
    await page.get_by_role("button", name="Search").click()
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="CSV").click()
    file = await (await waiting.value).path()
    assert [line.split(",")[2] for line in file.read_text().splitlines()] == ['"To"', '"6591234567"']
