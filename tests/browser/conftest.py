"""A real Chromium before the console of a running gateway.

It takes a second of computing to start, so one serves all tests, and they run in the event loop in which it is spoken to. A test
looks at a context of its own, which shares nothing with others: no cookies, no storage, no cache.
"""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from stories.house import House, house

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
Opening = Callable[..., Awaitable["Look"]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of this folder run in the session's loop."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@dataclass(frozen=True, slots=True)
class Look:
    """A page of the console in a context of its own, and the gateway behind it. `faults` are what the browser complained of, and
    requests to other hosts: none is allowed unless a test takes it out."""

    house: House
    browser: Browser
    page: Page
    faults: list[str]
    scheme: str = "http"

    @property
    def base(self) -> str:
        """Where the gateway listens."""
        return f"{self.scheme}://127.0.0.1:{self.house.address[1]}"

    async def go(self, path: str) -> Page:
        """Open a page of the console."""
        await self.page.goto(self.base + path)
        return self.page


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A browser, for all tests."""
    if CHROMIUM is None:
        pytest.skip("browser tests need Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="session")
async def opening(browser: Browser, tmp_path: Path) -> AsyncIterator[Opening]:
    """Opens a gateway with these pieces of configuration, and a page that watches for faults; no context outlives the test."""
    async with AsyncExitStack() as stack:
        looks: list[Look] = []

        async def opened(*pieces: str, scheme: str = "http") -> Look:
            running = await stack.enter_async_context(house(tmp_path, *pieces))
            context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"], ignore_https_errors=True)
            look = Look(running, browser, await context.new_page(), [], scheme)
            look.page.on("console", lambda said: look.faults.append(said.text) if said.type in ("error", "warning") else None)
            look.page.on("pageerror", lambda fault: look.faults.append(str(fault)))
            look.page.on("request", lambda asked: None if _ours(asked.url, look.base) else look.faults.append(f"asked {asked.url}"))
            looks.append(look)
            return look

        yield opened
        faults = [fault for look in looks for fault in look.faults]
        for context in browser.contexts:
            await context.close()
    assert faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def look(opening: Opening) -> Look:
    """An emulator's console, where nobody signs in."""
    return await opening()


def _ours(url: str, base: str) -> bool:
    return url.startswith((base + "/", "data:", "blob:", "about:"))
