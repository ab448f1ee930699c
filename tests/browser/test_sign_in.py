"""Signing in to a console that other machines may reach, over TLS."""

from pathlib import Path

from playwright.async_api import expect

from browser.conftest import Look, Opening
from browser.test_every_page import bring_axe, faults
from clients.certificate import write_certificate
from globewire.show.sessions import hashed
from stories.house import table

PASSWORD = "a password of a test"


async def test_signing_in_and_out(opening: Opening, tmp_path: Path) -> None:
    """Every page asks first; a wrong password is told, a right one leads on; after signing out it asks again."""
    certificate = write_certificate(tmp_path)
    api = table("[api]", listen="0.0.0.0:0", certificate=str(certificate), certificate_key=str(certificate.with_suffix(".key")))
    look: Look = await opening(api, table("[console]", password_hash=hashed(PASSWORD)), scheme="https")
    await bring_axe(look)
    page = await look.go("/console/explorer?operation=QueryMessage")
    assert await faults(page) == []
    await page.get_by_label("Password").fill("not this one")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("This is not the password.")
    assert await faults(page) == []
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Operation")).to_have_value("QueryMessage")
    (cookie,) = await page.context.cookies()
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Strict")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    await page.goto(look.base + "/console/")
    await expect(page.get_by_label("Password")).to_be_visible()
    look.faults[:] = [fault for fault in look.faults if "403" not in fault]  # the browser's own note of the wrong password
