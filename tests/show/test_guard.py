"""Who may see the console, and what other sites may do with it."""

import re
from urllib.parse import urlencode

from globewire.show.site import ROUTES
from show.conftest import PASSWORD, Console


async def test_a_strangers_name_for_this_machine_is_not_answered(console: Console) -> None:
    """DNS rebinding: a page of evil.example, whose name now points here, reads nothing."""
    for host in ("evil.example", "evil.example:8018", "127.0.0.1.evil.example", "[::2]", "", "localhost.evil", "[bad"):
        seen = await console.get("/console/", Host=host)
        assert seen.status in (400, 403), host
        assert "Inbox" not in seen.text, host


async def test_names_of_this_machine_are_answered(console: Console) -> None:
    """However it is called from here."""
    for host in ("localhost", "localhost:1", "127.0.0.1", "127.8.9.1:80", "[::1]:80", "app.localhost"):
        assert (await console.get("/console/", Host=host)).status == 200, host


ELSEWHERE: list[dict[str, str]] = [
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Sec_Fetch_Site": "cross-site", "Origin": "http://127.0.0.1"},
]
"""What browsers say of requests that pages of other sites make."""
NAMED = {"account": "shop", "carrier": "simulator", "id": "1"}
TAKING = sorted(
    re.sub(r"{(\w+)(:\w+)?}", lambda found: NAMED[found[1]], route.path) for route in ROUTES if "POST" in (route.methods or ())
)
"""Every address that takes a form."""


async def test_no_form_is_taken_from_another_site(guarded: Console) -> None:
    """Whoever is signed in; and from a page of ours each is."""
    for path in TAKING:
        await guarded.sign_in()
        for whence in ELSEWHERE:
            assert (await guarded.post(path, {"password": PASSWORD}, **whence)).status == 403, (path, whence)
        assert (await guarded.post(path, {"password": PASSWORD}, Sec_Fetch_Site="same-origin")).status != 403, path


async def test_other_sites_change_nothing(guarded: Console) -> None:
    """A form on another site is refused though the browser sends the cookie along, and the session goes on."""
    await guarded.sign_in()
    for whence in ELSEWHERE:
        assert (await guarded.post("/console/sign-out", {}, **whence)).status == 403, whence
        assert (await guarded.get("/console/")).status == 200, whence


async def test_pages_need_a_session(guarded: Console) -> None:
    """Without one a page leads to the sign-in and back; what pages fetch leads the whole page there; a stream ends."""
    led = await guarded.get("/console/messages?state=failed")
    assert (led.status, led.headers["location"]) == (303, "/console/sign-in?next=/console/messages%3Fstate%3Dfailed")
    assert (await guarded.get("/console/", HX_Request="true")).headers["hx-redirect"] == "/console/sign-in"
    assert (await guarded.get("/console/events", Accept="text/event-stream")).status == 401
    assert (await guarded.post("/console/sign-out")).status == 401
    assert (await guarded.get("/console/static/console.css")).status == 200


async def test_signing_in_and_out(guarded: Console) -> None:
    """The password opens a session for this browser alone; a wrong one does not; after signing out it is over."""
    wrong = await guarded.sign_in("another password")
    assert (wrong.status, "not the password" in wrong.text) == (403, True)
    right = await guarded.sign_in()
    assert (right.status, right.headers["location"]) == (303, "/console/")
    cookie = right.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict"))
    assert (await guarded.get("/console/")).status == 200
    assert (await guarded.post("/console/sign-out")).status == 303
    assert (await guarded.get("/console/")).status == 303


async def test_nobody_is_led_to_another_site(guarded: Console) -> None:
    """Whatever stands in `next`."""
    for target in ("//evil.example/console/", "https://evil.example", "/console/\\evil", "/other", "/console/\r\nX: y"):
        led = await guarded.post(f"/console/sign-in?{urlencode({'next': target})}", {"password": PASSWORD})
        assert (led.status, led.headers["location"]) == (303, "/console/"), target


async def test_pages_bring_no_script_of_others(console: Console) -> None:
    """Every answer of the console says what a page may load, the refusals too."""
    for path in ("/console/", "/console/nothing", "/console/static/console.js"):
        policy = (await console.get(path)).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


async def test_files_are_cached_by_what_is_in_them(console: Console) -> None:
    """The page names its files by their content; under such a name they are kept for ever, under another they are not."""
    page = (await console.get("/console/")).text
    address = page.split('src="')[1].split('"')[0]
    assert "immutable" in (await console.get(address)).headers["cache-control"]
    assert "immutable" not in (await console.get(address.partition("?")[0] + "?old")).headers["cache-control"]
    assert (await console.get("/console/static/..%2fsite.py")).status == 404
