"""Who may see the pages, and what a browser may do with them: an ASGI layer around the site.

Without a password the pages are for this machine alone: a request must name it by a loopback name, so that no name of a
stranger's that points here (DNS rebinding) is answered. With one they are for whoever signed in. Either way a request that
changes something must come from a page of ours: browsers say whence (Sec-Fetch-Site, Origin), and programs, which say
nothing, hold no cookie of a person's.

The emulator's API is for programs on this machine: it is called by a loopback name, whether people sign in or not.
"""

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "globewire_session"
SIGN_IN = "/console/sign-in"
OPEN = (SIGN_IN, "/console/static/", "/openapi.json")
"""Paths that need no session."""
LOCAL = "/_emulator"
"""What begins so needs none either, and is never answered but by a loopback name."""
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """`app` behind the rules above. `known` tells whether a session's token is good; None where nobody needs to sign in."""

    def __init__(self, app: ASGIApp, known: Callable[[str], bool] | None) -> None:
        self._app, self._known = app, known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refusal(scope, Headers(scope=scope))
        await (refusal or self._app)(scope, receive, sealed)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """What is answered instead of the page, None where it may be seen."""
        local = scope["path"].startswith(LOCAL)
        if (local or self._known is None) and not here(headers.get("host", "")):
            return _refused(local, "This answers only where it is called by a name of this machine, such as localhost.")
        if scope["method"] not in ("GET", "HEAD") and not _ours(scope, headers):
            return _refused(local, "This request came from another site, so nothing was done.")
        if local or self._known is None or scope["path"].startswith(OPEN) or self._known(session(headers)):
            return None
        return _to_sign_in(scope, headers)


def _refused(local: bool, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, 403) if local else PlainTextResponse(sentence, 403)


def session(headers: Headers) -> str:
    """The token of the session that a request comes with, "" where it has none."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def here(host: str) -> bool:
    """Whether a Host header names this machine by a loopback name."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _ours(scope: Scope, headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _to_sign_in(scope: Scope, headers: Headers) -> Response:
    """Pages lead to the sign-in and back; what pages fetch by themselves leads the whole page there."""
    if not scope["path"].startswith("/console"):
        return PlainTextResponse("Sign in at /console first.", 401)
    if "hx-request" in headers:
        return Response(status_code=401, headers={"hx-redirect": SIGN_IN})
    if scope["method"] not in ("GET", "HEAD") or "text/event-stream" in headers.get("accept", ""):
        return PlainTextResponse("Your session has ended: sign in again.", 401)
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    return RedirectResponse(f"{SIGN_IN}?next={quote(scope['path'] + query)}", 303)
