"""The signature doctor as a person uses it."""

import aiohttp
from playwright.async_api import expect
from yarl import URL

from browser.conftest import Look
from globewire.wire.signature import sign_v3, stamp
from stories.house import now


async def test_a_refused_call_appears_and_is_diagnosed(look: Look) -> None:
    """A client whose clock is in another zone: its call appears among the refused by itself, and one click says what is wrong."""
    page = await look.go("/console/doctor")
    await expect(page.get_by_text("None is in memory.")).to_be_visible()
    host = look.base.removeprefix("http://")
    at = stamp(now() + 8 * 3_600_000)
    target, headers = sign_v3("POST", host, {"MessageId": "1"}, b"", "shopkey", "shopsecret", "QueryMessage", at, "nonce")
    async with aiohttp.ClientSession() as http, http.post(URL(look.base + target, encoded=True), headers=dict(headers)) as response:
        assert response.status == 400
    await page.locator("#refused a").click()
    await expect(page.locator(".findings h3").first).to_contain_text("Local time instead of UTC")
    await expect(page.locator(".findings")).to_contain_text("8 h")
