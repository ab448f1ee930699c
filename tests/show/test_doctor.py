"""The signature doctor's page, over HTTP. What it finds is tested in tests/verdict."""

import html
import re

import aiohttp
from yarl import URL

from globewire.wire.signature import sign_v3, stamp
from show.conftest import Console, Seen
from stories.client import KEY
from stories.house import now


def shown(seen: Seen) -> str:
    """The page's text as a reader sees it."""
    return html.unescape(re.sub(r"<[^>]+>", "", seen.text))


def signed(console: Console, secret: str, **parameters: str) -> tuple[str, dict[str, str]]:
    """Target and headers of a QueryMessage under this secret."""
    host = "{}:{}".format(*console.house.address)
    given = {"MessageId": "1"} | parameters
    target, headers = sign_v3("POST", host, given, b"", KEY[0], secret, "QueryMessage", stamp(now()), f"nonce-{now()}")
    return target, dict(headers)


async def test_a_pasted_request_is_diagnosed(console: Console) -> None:
    """With which step differs and what to do; the secret is not shown."""
    target, headers = signed(console, KEY[1] + "\n")
    text = "\n".join([f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""])
    said = shown(await console.post("/console/doctor", {"request": text}))
    assert "around the secret" in said.lower()
    assert "String to sign" in said
    assert KEY[1] not in said


async def test_a_sound_request_is_found_sound(console: Console) -> None:
    """It would be admitted."""
    target, headers = signed(console, KEY[1])
    text = "\n".join([f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""])
    assert "Nothing is wrong with it" in shown(await console.post("/console/doctor", {"request": text}))


async def test_a_refused_request_is_picked_and_diagnosed(console: Console) -> None:
    """From the list of those refused last; the wire had the hint in a header."""
    target, headers = signed(console, "another secret")
    url = URL("http://{}:{}".format(*console.house.address) + target, encoded=True)
    async with aiohttp.ClientSession() as http, http.post(url, headers=headers) as response:
        assert response.status == 400
        assert "x-globewire-hint" in response.headers
    page = await console.get("/console/doctor")
    assert "SignatureDoesNotMatch" in page.text
    (link,) = re.findall(r'href="(/console/doctor\?id=[^"]+)"', page.text)
    said = shown(await console.get(link))
    assert "Another secret" in said
    assert "another secret" not in said.replace("Another secret", "")


async def test_what_is_no_request_is_said(console: Console) -> None:
    """In a sentence; an id that is no longer kept likewise."""
    pasted = await console.post("/console/doctor", {"request": "<b>hello</b>"})
    for seen in (pasted, await console.get("/console/doctor?id=nothing")):
        assert (seen.status, 'role="alert"' in seen.text) == (200, True)
        assert "<b>hello" not in seen.text
