"""The explorer as a person uses it."""

import asyncio

from playwright.async_api import expect

from browser.conftest import Look


async def test_a_call_is_sent_and_its_message_appears_in_the_inbox(look: Look) -> None:
    """Two pages side by side: what is sent on the one appears on the other without a reload, and is followed to delivered."""
    inbox = await look.page.context.new_page()
    await inbox.goto(look.base + "/console/")
    page = await look.go("/console/explorer")
    await page.get_by_label("To required").fill("6591234567")
    await page.get_by_label("Message required").fill("Your code is 482913.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_role("heading", name="Reply OK")).to_be_visible()
    await expect(inbox.get_by_text("Your code is 482913.")).to_be_visible()
    await page.get_by_role("link", name="Message").last.click()
    await expect(page.locator("h1 .state")).to_have_text("delivered")
    await expect(page.locator(".life li").first).to_contain_text("accepted")


async def test_the_curl_of_a_call_makes_it(look: Look) -> None:
    """What is copied from the page and run in a shell is accepted, though the page sent the same call before."""
    page = await look.go("/console/explorer")
    await page.get_by_label("To required").fill("6591234567")
    await page.get_by_label("Message required").fill("It's a 'quoted' $HOME `text`")
    await page.get_by_role("button", name="Send", exact=True).click()
    command = await page.locator("#code-1").text_content()
    assert command is not None
    shell = await asyncio.create_subprocess_exec(
        "sh", "-c", command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, _ = await shell.communicate()
    assert b'"ResponseCode":"OK"' in out
    assert [s.message.text for s in await look.house.books.everything()] == ["It's a 'quoted' $HOME `text`"] * 2


async def test_another_operation_has_another_form(look: Look) -> None:
    """Chosen with the keyboard, it is there at once; a wrong value is told before it is sent, and may be sent all the same."""
    page = await look.go("/console/explorer")
    await page.get_by_label("Operation").select_option("QueryMessage")
    await page.get_by_label("MessageId required").fill("12")
    await page.get_by_role("button", name="Send", exact=True).click()
    assert await page.get_by_label("MessageId required").evaluate("field => field.validity.patternMismatch")
    await page.get_by_role("button", name="Send unchecked").click()
    await expect(page.get_by_role("heading", name="Reply DATA_NOT_EXIST")).to_be_visible()
