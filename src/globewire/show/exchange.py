"""A request and its reply as they went over the wire, whole, as text: pages show the two ends of long ones."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from globewire.show.window import window

BETWEEN = "\n\n" + "-" * 80 + "\n\n"


async def exchange(request: Request) -> Response:
    """Both of them, secrets masked."""
    found = window(request).exchanges.find(request.path_params["request_id"])
    if found is None:
        return PlainTextResponse("This request is no longer in memory.", 404)
    return PlainTextResponse(found.request_text + BETWEEN + found.reply_text)
