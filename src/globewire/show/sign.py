"""Signing in to the console, and out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from globewire.show.guard import COOKIE, session
from globewire.show.page import page
from globewire.show.sessions import Sessions

HOME = "/console/"


async def sign_in(request: Request) -> Response:
    """Ask for the password; a right one opens a session and leads to where its owner wanted to go."""
    sessions: Sessions | None = request.app.state.sessions
    target = _within(request.query_params.get("next", HOME))
    if sessions is None:
        return RedirectResponse(target, 303)
    if request.method != "POST":
        return page(request, "sign_in.html", next=target, wrong=False)
    form = await request.form()
    token = await sessions.sign_in(str(form.get("password", "")))
    if token is None:
        return page(request, "sign_in.html", 403, next=target, wrong=True)
    response = RedirectResponse(target, 303)
    response.set_cookie(COOKIE, token, path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https")
    return response


async def sign_out(request: Request) -> Response:
    """End the session."""
    if request.app.state.sessions is not None:
        request.app.state.sessions.sign_out(session(request.headers))
    response = RedirectResponse(HOME, 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _within(target: str) -> str:
    """`target` where it is one of our pages, else the first: nobody is led to another site."""
    return target if target.startswith("/console/") and "\\" not in target and target.isprintable() else HOME
