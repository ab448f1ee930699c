"""SendMessageToGlobe: one message to one number (contract 1.1)."""

from globewire.accept import fields
from globewire.accept.desk import Asking, Common, Desk
from globewire.wire import number
from globewire.wire.reply import Fields
from globewire.wire.segment import cut

ACCEPTED = "The SMS Send Request was accepted"


async def send(desk: Desk, asking: Asking) -> Fields:
    """Judge, cut, keep; the reply's fields."""
    parameters = asking.call.parameters
    to, message = fields.required(parameters, "To"), fields.required(parameters, "Message")
    target, text = number.read(to), fields.text(message)
    common = read_common(desk, asking)
    decision = desk.route(asking.caller.account, target, common)
    pieces = cut(text)
    (id,) = desk.mint(1)
    detail = target.detail
    answer: Fields = {
        "ResponseCode": "OK",
        "NumberDetail": {"Carrier": detail.carrier, "Region": detail.region, "Country": detail.country},
        "RequestId": asking.request_id,
        "Segments": str(len(pieces.pieces)),
        "ResponseDescription": ACCEPTED,
        "From": desk.shown_sender(common, decision),
        "To": to,
        "MessageId": str(id),
    }
    return await desk.keep(asking, [desk.submission(asking, id, target, text, pieces, common, decision)], answer)


def read_common(desk: Desk, asking: Asking) -> Common:
    """From, Type, TaskId, ChannelId and ValidityPeriod, which Send and Batch share."""
    parameters = asking.call.parameters
    return Common(
        desk.sender(asking),
        fields.message_type(parameters),
        fields.task_id(parameters),
        desk.channel(asking),
        fields.validity(parameters, desk.validity),
    )
