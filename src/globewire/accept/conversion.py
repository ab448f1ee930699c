"""SmsConversion and ConversionData: what the customer reports of its own success with messages (contract 1.5 and 1.6)."""

from globewire import errors
from globewire.accept.desk import Asking, Desk
from globewire.accept.query import find
from globewire.errors import refuse
from globewire.hold.port import Conversion, Question
from globewire.message import MessageId, Millis
from globewire.wire import parameters as given
from globewire.wire.reply import Fields


async def sms_conversion(desk: Desk, asking: Asking) -> Fields:
    """Whether one message, named by MessageId or as the latest to a number, reached its purpose."""
    parameters = asking.call.parameters
    delivered = given.truth(given.required(parameters, "Delivered"), "Delivered")
    at = given.moment(parameters, "ConversionTime", asking.now)
    if parameters.get("MessageId"):
        message = (await find(desk, asking, parameters["MessageId"])).message
    else:
        to = given.required(parameters, "To") if "To" in parameters else given.required(parameters, "MessageId")
        latest = await desk.hold.search(Question(account=asking.caller.account, to=to, limit=1))
        if not latest:
            raise refuse(errors.DATA_NOT_EXIST)
        message = latest[0].message
    if at < message.accepted_at:
        raise refuse(errors.INVALID_PARAMETERS, "ConversionTime is before the message was sent")
    conversion = Conversion(asking.caller.account, message.id, delivered, 0.0, Millis(at))
    return await desk.keep(asking, (), _accepted(asking), [conversion])


async def conversion_data(desk: Desk, asking: Asking) -> Fields:
    """The account's conversion rate, 0 to 1."""
    parameters = asking.call.parameters
    written = given.required(parameters, "ConversionRate")
    try:
        rate = float(written) if written.isascii() and len(written) <= 32 else -1.0
    except ValueError:
        rate = -1.0
    if not 0.0 <= rate <= 1.0:
        raise refuse(errors.INVALID_PARAMETERS, "ConversionRate is a number from 0 to 1")
    at = given.moment(parameters, "ReportTime", asking.now)
    conversion = Conversion(asking.caller.account, MessageId(0), False, rate, Millis(at))
    return await desk.keep(asking, (), _accepted(asking), [conversion])


def _accepted(asking: Asking) -> Fields:
    return {"ResponseCode": "OK", "ResponseDescription": "OK", "RequestId": asking.request_id}
