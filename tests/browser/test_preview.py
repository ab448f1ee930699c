"""The preview while it is typed, and the dialling codes while they are searched, in a real Chromium."""

import asyncio

from playwright.async_api import Route, expect

from browser.conftest import Look


async def test_it_follows_the_typing(look: Look) -> None:
    """Without a click: parts, strangers, number; the caret stays where it was. A swap is one click."""
    page = await look.go("/console/preview")
    await page.get_by_label("Message").press_sequentially("It’s ")
    await expect(page.get_by_role("heading", name="1 segment, UCS2")).to_be_visible()
    await page.get_by_label("Message").press_sequentially("late. " * 12)
    await expect(page.get_by_role("heading", name="2 segments, UCS2")).to_be_visible()
    await expect(page.locator(".parts li")).to_have_count(2)
    assert await page.evaluate("document.activeElement.id") == "Message"
    await page.get_by_label("To", exact=True).fill("6591234567")
    await expect(page.get_by_text("Singapore (SG, +65)")).to_be_visible()
    await page.get_by_role("button", name="Use it").click()
    await expect(page.get_by_role("heading", name="1 segment, GSM7")).to_be_visible()
    await expect(page.get_by_label("Message")).to_have_value("It's " + "late. " * 12)


async def test_an_emoji_is_named_as_what_forces_ucs2(look: Look) -> None:
    """It is marked in the text, takes two units, and has nothing to be swapped for."""
    page = await look.go("/console/preview")
    await page.get_by_label("Message").fill("Table for two 🙂")
    await expect(page.get_by_role("heading", name="1 segment, UCS2")).to_be_visible()
    await expect(page.locator("mark.foreign")).to_have_text("🙂")
    await expect(page.locator(".parts .facts")).to_have_text("1 of 1 · 16 of 70")
    strangers = page.get_by_role("region", name="What forces UCS-2").locator("tbody tr")
    await expect(strangers).to_contain_text("SLIGHTLY SMILING FACE")
    await expect(strangers).to_contain_text("nothing")


async def test_what_is_typed_while_a_preview_is_under_way_is_previewed_next(look: Look) -> None:
    """By a click or without one; nothing is broken off, so the browser has nothing to complain of."""
    page = await look.go("/console/preview")
    under_way, release = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        under_way.set()
        await release.wait()
        await route.continue_()

    await page.route("**/console/preview", hold, times=1)
    await page.get_by_label("Message").fill("It's late.")
    await under_way.wait()
    await page.get_by_label("Message").fill("It’s late.")
    await page.get_by_role("button", name="Preview", exact=True).click()
    release.set()
    await expect(page.get_by_role("heading", name="1 segment, UCS2")).to_be_visible()


async def test_dialling_codes_are_found_while_typed(look: Look) -> None:
    page = await look.go("/console/reference")
    rows = page.locator("#codes tbody tr")
    assert await rows.count() > 240
    await page.get_by_label("Country, ISO code").press_sequentially("singapore")
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("65")


async def test_previews_fit_every_width(look: Look) -> None:
    """From a phone to a desk, filled with what is long."""
    page = await look.go("/console/preview")
    await page.get_by_label("Message").fill("验证码🙂“x”" * 40 + "w" * 300)
    await page.get_by_label("To", exact=True).fill("85261234567")
    await page.get_by_role("button", name="Preview", exact=True).click()
    await expect(page.locator(".parts li").first).to_be_visible()
    for width in (375, 768, 1024, 1440):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, width
