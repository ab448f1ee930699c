"""Callbacks, over HTTP: endpoints set, tried and replayed against a real receiver; what it got is what counts."""

import html
import re
from collections.abc import AsyncIterator

import pytest

from globewire.message import State
from globewire.wire import callback
from show.conftest import Console, Opening
from show.receiver import Receiver, receiving
from stories.house import eventually, table

HOME = "/console/callbacks/till"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """An endpoint on loopback."""
    async with receiving() as taking:
        yield taking


@pytest.fixture
async def private(opening: Opening) -> Console:
    """A console whose gateway may push to loopback and gives up at once, with an account of its own."""
    console = await opening(table("[callbacks]", allow_private=True, delays=[]))
    await console.post("/console/access", {"name": "till"})
    return console


async def test_the_secret_is_shown_once_and_signs_the_pushes(private: Console, receiver: Receiver) -> None:
    """A new one too, from then on; the page itself never has it."""
    shown = await private.post(HOME, {"do": "set", "url": receiver.url})
    assert (shown.status, shown.headers["cache-control"]) == (200, "no-store")
    (secret,) = re.findall(r'<code id="made-secret">([0-9a-f]{64})</code>', shown.text)
    assert secret not in (await private.get(HOME)).text
    again = await private.post(HOME, {"do": "set", "url": receiver.url})
    assert (again.status, again.headers["location"]) == (303, HOME)
    tried = await private.post(HOME, {"do": "test"})
    assert ">acknowledged</span>" in tried.text
    assert "HTTP 200" in tried.text
    sent, content = receiver.headers[0], receiver.bodies[0]
    signed = callback.headers(secret.encode(), int(sent[callback.TIMESTAMP_HEADER]), content)
    assert sent[callback.SIGNATURE_HEADER] == signed[callback.SIGNATURE_HEADER]
    fresh = await private.post(HOME, {"do": "set", "url": receiver.url, "new-secret": "yes"})
    assert 'id="made-secret"' in fresh.text
    assert secret not in fresh.text


async def test_a_test_says_what_the_endpoint_answered(private: Console, receiver: Receiver) -> None:
    """Whatever it was."""
    await private.post(HOME, {"do": "set", "url": receiver.url})
    receiver.status = 503
    assert "HTTP 503" in (await private.post(HOME, {"do": "test"})).text
    receiver.status, receiver.answer = 200, "<b>thank you"
    answered = (await private.post(HOME, {"do": "test"})).text
    assert "without {&#34;code&#34;" in answered
    assert "&lt;b&gt;thank you" in answered


@pytest.mark.parametrize("deed", ["replay-all", "replay"])
async def test_given_up_receipts_are_listed_and_pushed_again(private: Console, receiver: Receiver, deed: str) -> None:
    """They stay until somebody asks for all or for one; then they come."""
    receiver.status = 500
    await private.post(HOME, {"do": "set", "url": receiver.url})
    made = (await private.post("/console/access/account/till", {"do": "make-key"})).text
    id, secret = (re.findall(rf'<code id="made-{what}">([^<]+)<', made)[0] for what in ("id", "secret"))
    sent = await private.house.customer.with_key(id, secret).send("6591234567", "Hello")
    await private.house.books.until(sent, State.DELIVERED)

    async def listed() -> str | None:
        page = (await private.get(HOME)).text
        return page if f'id="dead-{sent}"' in page else None

    assert "Push all 1 again" in await eventually(listed)
    assert ">not acknowledged</span> HTTP 500" in (await private.get("/console/callbacks")).text
    receiver.status = 200
    pushes = len(receiver.bodies)
    assert (await private.post(HOME, {"do": deed, "message": str(sent)})).status == 303

    async def came() -> bool | None:
        return len(receiver.bodies) > pushes or None

    await eventually(came)

    async def acknowledged() -> bool | None:
        return ">acknowledged</span> HTTP 200" in (await private.get(HOME)).text or None

    await eventually(acknowledged)
    assert f'id="dead-{sent}"' not in (await private.get(HOME)).text
    assert str(sent).encode() in receiver.bodies[pushes]


async def test_an_endpoint_is_taken_away(private: Console, receiver: Receiver) -> None:
    """Nothing is pushed there any more."""
    await private.post(HOME, {"do": "set", "url": receiver.url})
    await private.post(HOME, {"do": "off"})
    assert "none: nothing is pushed" in (await private.get(HOME)).text


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"do": "set", "url": "http://169.254.169.254/"}, "is not a public address"),
        ({"do": "set", "url": "ftp://shop.example/"}, "begins neither with https://"),
        ({"do": "set", "url": ""}, "There is no address"),
        ({"do": "test"}, "has no endpoint"),
        ({"do": "replay", "message": "179564899300000000"}, "There is no receipt of this message"),
        ({"do": "replay", "message": "9" * 40}, "There is no receipt of this message"),
        ({"do": "dance"}, "none of the forms"),
    ],
)
async def test_what_cannot_be_done_is_said(private: Console, form: dict[str, str], why: str) -> None:
    """In a sentence."""
    refused = await private.post(HOME, form)
    assert (refused.status, why in html.unescape(refused.text)) == (409, True)


async def test_what_the_configuration_declares_is_not_changed_here(console: Console) -> None:
    """Its endpoint is set there."""
    refused = await console.post("/console/callbacks/shop", {"do": "set", "url": "https://shop.example/"})
    assert (refused.status, "is declared in the configuration" in refused.text) == (409, True)
    assert "The configuration declares this account" in (await console.get("/console/callbacks/shop")).text
    assert (await console.get("/console/callbacks/none")).status == 404
