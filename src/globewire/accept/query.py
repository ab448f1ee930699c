"""QueryMessage: where one message stands (contract 1.4). Another account's message does not exist."""

from globewire import errors
from globewire.accept.desk import Asking, Desk
from globewire.accept.send import ACCEPTED
from globewire.errors import refuse
from globewire.hold.port import Standing
from globewire.message import MessageId
from globewire.verdict.outcome import query_status
from globewire.wire import parameters as given
from globewire.wire.callback import date
from globewire.wire.reply import Fields


async def query(desk: Desk, asking: Asking) -> Fields:
    """Look the message up; the reply's given. ReceiveDate, ErrorCode and ErrorDescription are empty while it is under way."""
    standing = await find(desk, asking, given.required(asking.call.parameters, "MessageId"))
    message, detail = standing.message, standing.message.detail
    return {
        "Status": query_status(standing.state),
        "ErrorDescription": standing.error,
        "ResponseCode": "OK",
        "ReceiveDate": date(standing.ended_at) if standing.ended_at else "",
        "NumberDetail": {"Carrier": detail.carrier, "Region": detail.region, "Country": detail.country},
        "Message": message.text,
        "ResponseDescription": ACCEPTED,
        "ErrorCode": standing.error_code,
        "SendDate": date(message.accepted_at),
        "To": message.to,
        "MessageId": str(message.id),
        "RequestId": asking.request_id,
    }


async def find(desk: Desk, asking: Asking, message_id: str) -> Standing:
    """The caller's message of this id, or DATA_NOT_EXIST."""
    if not (message_id.isascii() and message_id.isdigit() and len(message_id) <= 18):
        raise refuse(errors.DATA_NOT_EXIST)
    standing = await desk.hold.look(MessageId(int(message_id)))
    if standing is None or standing.message.account != asking.caller.account:
        raise refuse(errors.DATA_NOT_EXIST)
    return standing
