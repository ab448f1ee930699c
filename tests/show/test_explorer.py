"""The explorer, over HTTP."""

import html
import re

import pytest

from globewire.message import MessageId, State
from globewire.wire.operation import OPERATIONS
from show.conftest import Console, Seen

SEND = {"operation": "SendMessageToGlobe", "p.To": "6591234567", "p.Message": "Your code is 482913.", "key": "shopkey", "send": "1"}


def shown(seen: Seen) -> str:
    """The page's text as a reader sees it."""
    return html.unescape(re.sub(r"<[^>]+>", "", seen.text))


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_every_operation_has_a_form(console: Console, operation: str) -> None:
    """With a field for each parameter, and what it is for."""
    seen = await console.get(f"/console/explorer?operation={operation}")
    for parameter in OPERATIONS[operation].parameters:
        assert f'name="p.{parameter.name}"' in seen.text
        assert parameter.description in shown(seen)


@pytest.mark.parametrize("scheme", ["v3", "v3-sm3", "v1", "v1-get"])
async def test_a_call_is_signed_sent_and_given_as_code(console: Console, scheme: str) -> None:
    """By every scheme: the message is kept and delivered; the steps and eight pieces of code are shown, no secret among them."""
    seen = await console.post("/console/explorer", {**SEND, "scheme": scheme})
    text = shown(seen)
    (id,) = set(re.findall(r"/console/messages/(\d{18})", seen.text))
    standing = await console.house.books.until(MessageId(int(id)), State.DELIVERED)
    assert standing.message.text == "Your code is 482913."
    for words in (
        "String to sign",
        "Signature",
        "curl --globoff",
        "SendMessageToGlobeRequest(",
        "composer require",
        "HTTP/1.1 200 OK",
    ):
        assert words in text, words
    assert "shopsecret" not in text


async def test_what_is_only_shown_is_not_sent(console: Console) -> None:
    """The signature and the code, and nothing kept."""
    text = shown(await console.post("/console/explorer", {**{k: v for k, v in SEND.items() if k != "send"}, "show": "1"}))
    assert "String to sign" in text
    assert await console.house.books.everything() == []


async def test_a_refusal_is_shown_as_the_api_says_it(console: Console) -> None:
    """What the API refuses, it refuses here too."""
    text = shown(await console.post("/console/explorer", {**SEND, "p.To": "12"}))
    assert "MOBILE_NUMBER_ILLEGAL" in text


async def test_an_idempotency_key_goes_along(console: Console) -> None:
    """The same call under the same key is kept once."""
    for _ in range(2):
        await console.post("/console/explorer", {**SEND, "once": "order-17"})
    assert len(await console.house.books.everything()) == 1


@pytest.mark.parametrize("change", [{"key": "nobody"}, {"key": ""}, {"once": "\u20ac"}, {"once": "a\tb"}])
async def test_what_cannot_be_signed_is_said(console: Console, change: dict[str, str]) -> None:
    """In a sentence; nothing is sent."""
    seen = await console.post("/console/explorer", {**SEND, **change})
    assert seen.status == 200
    assert 'role="alert"' in seen.text
    assert await console.house.books.everything() == []


async def test_a_call_may_hold_any_text(console: Console) -> None:
    """What would be markup or code elsewhere is text here, in every language's snippet."""
    nasty = "</pre><script>alert(1)</script> ${x} `y` \"q\" 'a' \\ \u202e\U0001f600"
    seen = await console.post("/console/explorer", {**SEND, "p.Message": nasty})
    assert "<script>alert" not in seen.text
    assert [standing.message.text for standing in await console.house.books.everything()] == [nasty]
