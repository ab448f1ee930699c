"""A gateway whose console is looked at over HTTP, as a browser would."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from globewire.show.sessions import hashed
from stories.house import House, house, table

PASSWORD = "a password of a test"
HASH = hashed(PASSWORD)
"""Made once, for it takes a while by intention."""
Opening = Callable[..., Awaitable["Console"]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as it came."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Console:
    """A running gateway, and a browser's cookie jar before its console. Redirects are not followed."""

    house: House
    browser: aiohttp.ClientSession

    async def get(self, path: str, **headers: str) -> Seen:
        """A page, with these request headers besides (`_` stands for `-`)."""
        return await self.ask("GET", path, {}, **headers)

    async def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> Seen:
        """What a form's sending brings."""
        return await self.ask("POST", path, form or {}, **headers)

    async def ask(self, method: str, path: str, form: dict[str, str], **headers: str) -> Seen:
        """Any request."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.browser.request(method, path, data=form or None, headers=named, allow_redirects=False) as response:
            return Seen(response.status, {k.lower(): v for k, v in response.headers.items()}, await response.text())

    async def sign_in(self, password: str = PASSWORD) -> Seen:
        """Give a password."""
        return await self.post("/console/sign-in", {"password": password})


@pytest.fixture
async def opening(tmp_path: Path) -> AsyncIterator[Opening]:
    """Opens a gateway with these pieces of configuration and goes before its console."""
    async with AsyncExitStack() as stack:

        async def opened(*pieces: str) -> Console:
            running = await stack.enter_async_context(house(tmp_path, *pieces))
            jar = aiohttp.CookieJar(unsafe=True)
            base = "http://{}:{}".format(*running.address)
            return Console(running, await stack.enter_async_context(aiohttp.ClientSession(base, cookie_jar=jar)))

        yield opened


@pytest.fixture
async def console(opening: Opening) -> Console:
    """An emulator's console, where nobody signs in."""
    return await opening()


@pytest.fixture
async def guarded(opening: Opening) -> Console:
    """A console under PASSWORD."""
    return await opening(table("[console]", password_hash=HASH))
