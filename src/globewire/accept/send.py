"""SendMessageToGlobe: one message to one number (contract 1.1)."""

from collections.abc import Awaitable

from globewire.accept.desk import Asking, Desk
from globewire.verdict import judge
from globewire.wire.reply import Fields

ACCEPTED = "The SMS Send Request was accepted"


def send(desk: Desk, asking: Asking) -> Awaitable[Fields]:
    """Judge, cut, keep; the reply's fields."""
    common, judged = judge.single(asking.call.parameters, desk.terms(asking), desk.router)
    (id,) = desk.mint(1)
    detail = judged.number.detail
    answer: Fields = {
        "ResponseCode": "OK",
        "NumberDetail": {"Carrier": detail.carrier, "Region": detail.region, "Country": detail.country},
        "RequestId": asking.request_id,
        "Segments": str(len(judged.cut.pieces)),
        "ResponseDescription": ACCEPTED,
        "From": judge.shown_sender(common, judged.decision, desk.carriers),
        "To": judged.number.digits,
        "MessageId": str(id),
    }
    return desk.keep(asking, [desk.submission(asking, id, common, judged)], answer)
