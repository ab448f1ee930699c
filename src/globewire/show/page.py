"""Pages from templates, with what every page shows; and how values are written for people."""

import hashlib
from datetime import UTC, datetime
from importlib.resources import files
from mimetypes import guess_type
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from globewire import __version__
from globewire.hold.port import Standing
from globewire.message import State
from globewire.show.window import window
from globewire.wire.code import one_time_code

PLACES = (
    ("/console/", "Inbox"),
    ("/console/messages", "Messages"),
    ("/console/preview", "Preview"),
    ("/console/explorer", "Explorer"),
    ("/console/doctor", "Doctor"),
    ("/console/carriers", "Carriers"),
    ("/console/callbacks", "Callbacks"),
    ("/console/access", "Access"),
    ("/console/reference", "API"),
)
"""The pages that every page leads to."""

_ASSETS = {file.name: file.read_bytes() for file in (files("globewire.show") / "static").iterdir() if file.is_file()}
_MARKS = {name: hashlib.blake2b(content, digest_size=6).hexdigest() for name, content in _ASSETS.items()}
_FOREVER = "public, max-age=31536000, immutable"
_LONG = 8_000
"""Characters of a request, a reply or a step that a page shows."""

_BRIEF = 200
"""Characters of an address that a row shows."""


def asset(name: str) -> str:
    """The address of a script, style or picture; another where its content is another, so that it may be cached for ever."""
    return f"/console/static/{name}?{_MARKS[name]}"


async def static(request: Request) -> Response:
    """A file of the pages' own."""
    name = request.path_params["name"]
    content = _ASSETS.get(name)
    if content is None:
        return PlainTextResponse("There is no such file.", 404)
    kind = guess_type(name)[0] or "application/octet-stream"
    cached = _FOREVER if request.url.query == _MARKS[name] else "no-cache"
    return Response(content, media_type=kind, headers={"cache-control": cached})


def page(request: Request, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """The page that `template` makes of `shown`."""
    looking = window(request)
    query = f"?{request.url.query}" if request.url.query else ""
    context = {
        "path": request.url.path,
        "here": request.url.path + query,
        "emulating": looking.emulating,
        "signed": request.app.state.sessions is not None,
        **shown,
    }
    return HTMLResponse(_TEMPLATES.get_template(template).render(context), status)


def moment(millis: int) -> str:
    """A time as ISO 8601 in UTC with milliseconds: the browser shows it in its own zone."""
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def millis(given: str) -> int | None:
    """The ms of a time as a form gives it, such as 2026-01-31T09:00, in UTC unless it says otherwise; None for what is none."""
    try:
        at = datetime.fromisoformat(given)
        return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def clock(millis: int) -> str:
    """A time for eyes, in UTC: what is shown where no script puts it into the reader's zone."""
    return datetime.fromtimestamp(millis / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def mood(state: State) -> str:
    """How a state is to look: good, bad, doubtful or under way."""
    return _MOODS[state]


def code(standing: Standing) -> str:
    """The one-time code that a message brings, "" for none."""
    return one_time_code(standing.message.text) or ""


def start(text: str, most: int = _BRIEF) -> str:
    """`text`, or its beginning where it is longer: of an address in a row, say."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def ends(text: str, most: int = _LONG) -> str:
    """`text`; where it is longer its beginning and its end, with a line between them that says how much is left out."""
    if len(text) <= most:
        return text
    tail = most // 4
    return f"{text[: most - tail]}\n\n… {len(text) - most:,} characters are left out here …\n\n{text[-tail:]}"


_MOODS = {
    State.ACCEPTED: "way",
    State.SUBMITTED: "way",
    State.UNKNOWN: "doubt",
    State.DELIVERED: "good",
    State.FAILED: "bad",
    State.EXPIRED: "bad",
    State.REJECTED: "bad",
}
_TEMPLATES = Environment(
    loader=PackageLoader("globewire.show"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_TEMPLATES.globals.update(asset=asset, places=PLACES, version=__version__)
_TEMPLATES.filters.update(moment=moment, clock=clock, mood=mood, code=code, start=start, ends=ends)
