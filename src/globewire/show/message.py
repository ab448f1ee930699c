"""One message: what it says, how it went, and why it went that way."""

from starlette.requests import Request
from starlette.responses import Response

from globewire.hold.port import Standing
from globewire.message import MessageId
from globewire.show.life import decision, life
from globewire.show.page import page
from globewire.show.window import window


async def message(request: Request) -> Response:
    """The message's page."""
    looking = window(request)
    id = request.path_params["id"]
    standing = await looking.hold.look(MessageId(id))
    if standing is None:
        return page(request, "no_message.html", 404, id=id)
    return page(
        request,
        "message.html",
        standing=standing,
        message=standing.message,
        number=_number(standing),
        life=life(standing),
        decision=decision(standing.decision),
        exchange=looking.exchanges.find(standing.message.request_id),
    )


def _number(standing: Standing) -> str:
    """What the numbering plan says of the number."""
    detail = standing.message.detail
    return ", ".join(filter(None, (detail.country or standing.message.country, detail.region, detail.carrier)))
