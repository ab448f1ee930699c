"""Access as a person sees it."""

from playwright.async_api import Page, expect

from browser.conftest import Look
from stories.house import eventually

HOME = "/console/access/account/till"


async def opened(look: Look) -> Page:
    """A fresh account's page."""
    page = await look.go("/console/access")
    await page.get_by_label("Account", exact=True).fill("till")
    await page.get_by_role("button", name="Open the account").click()
    await expect(page.get_by_role("heading", name="Access · till")).to_be_visible()
    return page


async def test_a_key_is_made_copied_used_and_disabled(look: Look) -> None:
    """By the keyboard where it can be; the page that shows the secret is not come back to."""
    page = await opened(look)
    await page.get_by_role("button", name="Make an AccessKey").press("Enter")
    id = await page.locator("#made-id").inner_text()
    await page.get_by_role("button", name="Copy the AccessKey secret").click()
    secret = await page.evaluate("navigator.clipboard.readText()")
    calling = look.house.customer.with_key(id, secret)
    assert (await calling.try_send("6591234567", "Hello")).code == "OK"
    await page.get_by_role("link", name="Done").click()
    await page.get_by_role("button", name=f"Disable {id}").click()
    await expect(page.locator(f"#key-{id} .state")).to_have_text("disabled")
    assert (await calling.try_send("6591234567", "Hello")).code == "InvalidAccessKeyId.Inactive"
    assert secret not in await page.content()
    assert page.url == look.base + HOME


async def test_what_was_opened_and_typed_outlives_a_refresh(look: Look) -> None:
    """The page refreshes as messages come: a question that is open stays open, a field keeps what was typed."""
    page = await opened(look)
    await page.get_by_label("Name", exact=True).fill("cashier")
    await page.get_by_role("button", name="Add the user").click()
    await page.get_by_label("Name", exact=True).fill("half a na")
    await page.get_by_label("Delete cashier").click()
    sure = page.get_by_role("button", name="Delete cashier")
    await expect(sure).to_be_visible()
    async with page.expect_response(lambda came: came.url == look.base + HOME and came.request.headers.get("hx-target") == "live"):
        await look.house.customer.send("6591234567", "Hello")
    await expect(sure).to_be_visible()
    assert await page.get_by_label("Name", exact=True).input_value() == "half a na"
    await sure.click()
    await expect(page.locator("#user-cashier")).to_have_count(0)


async def test_a_policy_is_written_from_fields_and_asked_about(look: Look) -> None:
    """From nothing to a verdict, without a line of JSON typed."""
    page = await opened(look)
    await page.get_by_label("Name", exact=True).fill("cashier")
    await page.get_by_role("button", name="Add the user").click()
    await page.get_by_role("link", name="Write a policy").click()
    await page.get_by_label("Name", exact=True).fill("near")
    await page.get_by_label("dysms:SendMessageToGlobe", exact=True).check()
    await page.get_by_label("Values, with commas between").fill("127.0.0.0/8")
    await page.get_by_role("button", name="Add the statement").click()
    await expect(page.get_by_text("it has 1 statement")).to_be_visible()
    await page.get_by_role("button", name="Store the policy").click()
    await page.locator("#attach-policy").select_option("near")
    await page.get_by_role("button", name="Attach", exact=True).click()
    await page.get_by_role("link", name="What would happen?").click()
    await page.get_by_label("Who calls").select_option("user:till/cashier")
    await page.get_by_role("button", name="Ask").click()
    await expect(page.get_by_text("allows it, and nothing denies it")).to_be_visible()
    await page.get_by_label("From address").fill("203.0.113.7")
    await page.get_by_role("button", name="Ask").click()
    await expect(page.get_by_text("its condition does not hold")).to_be_visible()


async def test_quotas_are_live(look: Look) -> None:
    """What is left lessens under calls without anything being clicked."""
    page = await look.go("/console/access/account/shop")
    row = page.get_by_role("row", name="BatchSendMessageToGlobe")
    await expect(row.get_by_role("cell").nth(1)).to_have_text("1")

    async def spent() -> bool | None:
        await look.house.customer.call("BatchSendMessageToGlobe", {"To": "[]", "Message": "[]"})
        return await row.get_by_role("cell").nth(1).inner_text() == "0" or None

    await eventually(spent)


async def test_all_of_it_works_without_a_script(look: Look) -> None:
    """A user is added, asked about and deleted; nothing but forms and links."""
    context = await look.browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(look.base + "/console/access/account/shop")
    await page.get_by_label("Name", exact=True).fill("cashier")
    await page.get_by_role("button", name="Add the user").click()
    await page.locator("#attach-policy").select_option("AliyunDysmsReadOnlyAccess")
    await page.get_by_role("button", name="Attach", exact=True).click()
    await page.get_by_role("link", name="What would happen?").click()
    await page.get_by_label("Who calls").select_option("user:shop/cashier")
    await page.get_by_role("button", name="Ask").click()
    await expect(page.get_by_text("No statement of cashier's policies allows it")).to_be_visible()
    await page.goto(look.base + "/console/access/account/shop")
    await page.get_by_label("Delete cashier").click()
    await page.get_by_role("button", name="Delete cashier").click()
    await expect(page.locator("#user-cashier")).to_have_count(0)
    await context.close()
