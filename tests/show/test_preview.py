"""The preview page, over HTTP and without a script, and its JSON; what it says is what a send then meets."""

import json

from show.conftest import Console, Opening
from stories.house import account

FORM = {"To": "6591234567", "Message": "It’s <late>", "From": "Shop"}


async def test_the_empty_page_asks_for_something(console: Console) -> None:
    seen = await console.get("/console/preview")
    assert (seen.status, "Type a text or a number." in seen.text) == (200, True)
    assert "<option selected>shop</option>" in seen.text


async def test_a_form_is_previewed_without_a_script(console: Console) -> None:
    """Text escaped, strangers marked and named, the route and its reasons; what was typed stays in the form."""
    page = (await console.post("/console/preview", FORM)).text
    assert 'It<mark class="foreign">’</mark>s &lt;late&gt;' in page
    assert "RIGHT SINGLE QUOTATION MARK" in page and "With all swapped: 1 segment, GSM7" in page
    assert 'value="6591234567"' in page and "It’s &lt;late&gt;</textarea>" in page
    assert "route route-1: taken" in page
    assert "<late>" not in page


async def test_refusals_are_named(console: Console) -> None:
    page = (await console.post("/console/preview", {"To": "+65", "Message": "x" * 2001, "Type": "SALE"})).text
    assert '<span class="state bad">MOBILE_NUMBER_ILLEGAL</span>' in page
    assert "<b>Message</b> <code>PARAM_LENGTH_LIMIT</code>" in page and "<b>Type</b>" in page
    assert '<h2 id="text">14 segments, GSM7</h2>' in page


async def test_a_line_s_end_is_one_character(console: Console) -> None:
    """Browsers send two, which would count."""
    seen = json.loads((await console.post("/console/preview.json", {**FORM, "Message": "a\r\nb"})).text)
    assert seen["text"]["characters"] == 3
    page = (await console.post("/console/preview", {**FORM, "Message": "\r\na"})).text
    assert ">\n\r\na</textarea>" in page or ">\n\na</textarea>" in page


async def test_json_is_the_preview_and_what_a_send_meets(opening: Opening) -> None:
    """The account chosen, its sender and quota; and the same call sent for real."""
    console = await opening(account("shop", sender="Shop", quota={"SendMessageToGlobe": 77}))
    seen = await console.get("/console/preview.json?To=85261234567&Message=Hello&account=shop")
    assert seen.headers["content-type"] == "application/json"
    said = json.loads(seen.text)
    assert {one["operation"]: one["calls_a_second"] for one in said["quotas"]}["SendMessageToGlobe"] == 77
    sent = await console.house.customer.send("85261234567", "Hello")
    kept = (await console.house.books.standing(sent)).message
    assert (said["sender"], said["segments"], said["number"]["country"]) == (kept.sender, kept.segments, kept.country)
    assert said["answer"]["code"] == "OK"


async def test_it_is_for_those_who_signed_in(guarded: Console) -> None:
    for path in ("/console/preview", "/console/preview.json", "/console/reference"):
        assert (await guarded.get(path)).status == 303
    assert (await guarded.get("/openapi.json")).status == 200
    await guarded.sign_in()
    assert (await guarded.get("/console/preview")).status == 200


async def test_other_sites_may_not_ask(console: Console) -> None:
    assert (await console.post("/console/preview", FORM, Sec_Fetch_Site="cross-site")).status == 403
