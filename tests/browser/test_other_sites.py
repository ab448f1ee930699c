"""A page of another site, open in the same browser as the console: whatever it sends, nothing is done; whatever it asks, it reads
nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape

import pytest
from aiohttp import web
from playwright.async_api import Response

from browser.conftest import Look
from globewire.message import State
from stories.house import eventually

SEND = {"operation": "SendMessageToGlobe", "p.To": "6591234567", "p.Message": "evil", "key": "shopkey", "send": "1"}
FORMS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/console/access", {"name": "evil"}),
    ("/console/access/account/shop", {"do": "make-key"}),
    ("/console/access/account/shop", {"do": "add-user", "user": "evil"}),
    ("/console/access/account/shop/policy", {"do": "store", "name": "evil", "document": "{}"}),
    ("/console/carriers/simulator", {"do": "pause"}),
    ("/console/callbacks/shop", {"do": "set", "url": "http://evil.example"}),
    ("/console/explorer", SEND),
    ("/console/doctor", {"request": "GET / HTTP/1.1"}),
    ("/console/preview", {"Message": "evil"}),
    ("/console/sign-in", {"password": "evil"}),
    ("/console/sign-out", {}),
    ("/_emulator/outcomes", {'{"outcome": "failed", "to": "6591234567", "x": "': '"}'}),
    ("/_emulator/reset", {}),
)
"""What a form of theirs may send, one each."""
FETCHED = ("/console/messages.csv", "/console/access/account/shop", "/_emulator/messages", "/metrics", "/openapi.json")


def form(number: int, address: str, fields: dict[str, str]) -> str:
    """A form that is sent when the page says so, into a frame of its own."""
    inputs = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items())
    kind = ' enctype="text/plain"' if "_emulator" in address else ""
    return f'<iframe name="f{number}"></iframe><form method="post" target="f{number}" action="{address}"{kind}>{inputs}</form>'


@asynccontextmanager
async def evil(base: str) -> AsyncIterator[int]:
    """A site of its own, with a page of such forms; its port."""
    forms = "".join(form(number, base + path, fields) for number, (path, fields) in enumerate(FORMS))

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=f"<!doctype html>{forms}", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_another_site_does_nothing_and_reads_nothing(look: Look, name: str) -> None:
    """From another host, and from another port of the same."""
    id = await look.house.customer.send("6591234567", "Hello")
    await look.house.books.until(id, State.DELIVERED)
    before = await look.house.books.hold.book()
    async with evil(look.base) as port:
        page = await (await look.browser.new_context()).new_page()
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer) if answer.request.method == "POST" else None)
        await page.goto(f"http://{name}:{port}/")
        await page.evaluate("for (const form of document.forms) form.submit()")

        async def answered() -> bool | None:
            return len(answers) >= len(FORMS) or None

        await eventually(answered, lambda: f"{len(answers)} answers")
        assert {answer.url.removeprefix(look.base): answer.status for answer in answers} == {path: 403 for path, _ in FORMS}
        for path in FETCHED:
            reading = f"fetch('{look.base}{path}', {{credentials: 'include'}}).then((answer) => answer.text(), () => null)"
            assert await page.evaluate(reading) is None, path
        await page.evaluate(f"document.body.innerHTML = '<iframe name=framed src={look.base}/console/></iframe>'")

        async def refused() -> bool | None:
            frame = page.frame("framed")
            return (frame is not None and frame.url.startswith("chrome-error:")) or None

        await eventually(refused)
        await page.context.close()
    assert await look.house.books.hold.book() == before
    assert [standing.message.id for standing in await look.house.books.everything()] == [id]
    assert await look.house.books.hold.orders() == {}
