"""The pages at the API's address: which function shows what is under which path."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from globewire.errors import Amiss, Unavailable
from globewire.show import emulator, preview
from globewire.show.access import access, account
from globewire.show.callbacks import callbacks, endpoint
from globewire.show.carriers import carrier, carriers, history
from globewire.show.doctor import doctor
from globewire.show.exchange import exchange
from globewire.show.explorer import explorer
from globewire.show.guard import Guard
from globewire.show.inbox import inbox
from globewire.show.live import events
from globewire.show.message import message
from globewire.show.messages import as_csv, messages
from globewire.show.page import page, static
from globewire.show.reference import openapi, reference
from globewire.show.sessions import Sessions
from globewire.show.sign import sign_in, sign_out
from globewire.show.what_if import what_if
from globewire.show.window import Window, window
from globewire.show.writing import policy

PAGES = ("/console", "/openapi.json")
"""What the paths of the pages begin with."""


async def _console(request: Request) -> Response:
    """The inbox is the first page of an emulator; who sends to real phones looks messages up."""
    return RedirectResponse("/console/" if window(request).emulating else "/console/messages", 303)


async def _amiss(request: Request, fault: Exception) -> Response:
    return page(request, "amiss.html", 404, fault=fault)


async def _away(request: Request, fault: Exception) -> Response:
    return PlainTextResponse("The database cannot be read or written now. Try again.", 503)


async def _absent(request: Request, fault: Exception) -> Response:
    return PlainTextResponse("There is no such page. The console is at /console/", 404)


ROUTES = (
    Route("/console", _console),
    Route("/console/", inbox),
    Route("/console/inbox/{number}", inbox),
    Route("/console/messages", messages),
    Route("/console/messages.csv", as_csv),
    Route("/console/messages/{id:int}", message, methods=["GET", "POST"]),
    Route("/console/exchanges/{request_id}", exchange),
    Route("/console/explorer", explorer, methods=["GET", "POST"]),
    Route("/console/access", access, methods=["GET", "POST"]),
    Route("/console/access/what-if", what_if),
    Route("/console/access/account/{account}", account, methods=["GET", "POST"]),
    Route("/console/access/account/{account}/policy", policy, methods=["GET", "POST"]),
    Route("/console/doctor", doctor, methods=["GET", "POST"]),
    Route("/console/carriers", carriers),
    Route("/console/carriers/{carrier}", carrier, methods=["GET", "POST"]),
    Route("/console/carriers/{carrier}/history", history),
    Route("/console/callbacks", callbacks),
    Route("/console/callbacks/{account}", endpoint, methods=["GET", "POST"]),
    Route("/console/events", events),
    Route("/console/preview", preview.show, methods=["GET", "POST"]),
    Route("/console/preview.json", preview.as_json, methods=["GET", "POST"]),
    Route("/console/reference", reference),
    Route("/openapi.json", openapi),
    Route("/console/sign-in", sign_in, methods=["GET", "POST"]),
    Route("/console/sign-out", sign_out, methods=["POST"]),
    Route("/console/static/{name}", static),
)


def prefixes(console: bool, emulating: bool) -> tuple[str, ...]:
    """What the paths begin with that are served here; all others are the API's."""
    return (*(PAGES if console else ()), *((emulator.PREFIX,) if emulating else ()))


def site(window: Window, sessions: Sessions | None) -> ASGIApp:
    """The pages, and the emulator's API, as an ASGI app; nobody needs to sign in where `sessions` is None."""
    routes = [*(ROUTES if window.console else ()), *(emulator.routes(window.emulation) if window.emulation else ())]
    app = Starlette(routes=routes, exception_handlers={404: _absent, Amiss: _amiss, Unavailable: _away})
    app.state.window, app.state.sessions = window, sessions
    return Guard(app, sessions.known if sessions else None)
