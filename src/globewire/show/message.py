"""One message: what it says, how it went, and why it went that way."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from globewire.hold.port import Standing
from globewire.message import MessageId
from globewire.show.life import decision, life
from globewire.show.page import page
from globewire.show.window import Window, window


async def message(request: Request) -> Response:
    """The message's page; a form on it pushes its report again."""
    looking = window(request)
    id = request.path_params["id"]
    if request.method == "POST":
        await looking.hold.replay(MessageId(id), looking.now())
        return RedirectResponse(request.url.path, 303)
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
        endpoint=_endpoint(looking, standing),
        decision=decision(standing.decision),
        exchange=looking.exchanges.find(standing.message.request_id),
    )


def _endpoint(looking: Window, standing: Standing) -> str:
    """Where the message's account has its receipts pushed now, "" for nowhere."""
    entry = looking.accounts().get(standing.message.account)
    return entry.callback if entry else ""


def _number(standing: Standing) -> str:
    """What the numbering plan says of the number."""
    detail = standing.message.detail
    return ", ".join(filter(None, (detail.country or standing.message.country, detail.region, detail.carrier)))
