"""BatchSendMessageToGlobe: up to 1,000 numbers with a text each (contract 1.2). What can be kept is kept in one transaction."""

import orjson

from globewire import errors
from globewire.accept.desk import Asking, Desk
from globewire.accept.send import ACCEPTED
from globewire.errors import Refused, refuse
from globewire.hold.port import Submission
from globewire.message import MessageId
from globewire.verdict import judge
from globewire.verdict.judge import Common, Terms
from globewire.verdict.route import Decision
from globewire.wire import number
from globewire.wire import parameters as given
from globewire.wire.operation import MOST_NUMBERS
from globewire.wire.reply import Fields


async def batch(desk: Desk, asking: Asking) -> Fields:
    """Keep every message that can be sent; numbers that cannot be are listed. Where none can, the first reason is the answer."""
    parameters = asking.call.parameters
    numbers = strings(given.required(parameters, "To"), "To")
    texts = strings(given.required(parameters, "Message"), "Message")
    if len(numbers) > MOST_NUMBERS:
        raise refuse(errors.MOBILE_COUNT_OVER_LIMIT)
    if not numbers or len(numbers) != len(texts):
        raise refuse(
            errors.INVALID_PARAMETERS, f"To has {len(numbers)} numbers and Message {len(texts)} texts; they must be as many"
        )
    terms = desk.terms(asking)
    common = judge.common(parameters, terms, desk.router)
    kept: list[tuple[Submission, Decision]] = []
    failed: list[tuple[str, Refused]] = []
    for id, to, message in zip(desk.mint(len(numbers)), numbers, texts, strict=True):
        try:
            kept.append(_one(desk, asking, id, to, message, common, terms))
        except Refused as refused:
            failed.append((to, refused))
    if not kept:
        raise failed[0][1]
    answer: Fields = {
        "ResponseCode": "OK",
        "RequestId": asking.request_id,
        "FailedList": orjson.dumps([to for to, _ in failed]).decode(),
        "ResponseDescription": ACCEPTED,
        "From": judge.shown_sender(common, kept[0][1], desk.carriers),
        "MessageIdList": orjson.dumps([str(submission.message.id) for submission, _ in kept]).decode(),
        "SuccessCount": str(len(kept)),
    }
    said = await desk.keep(asking, [submission for submission, _ in kept], answer)
    for _, why in failed if said is answer else ():
        desk.meter.numbers_refused.of(why.row.code).add()
    return said


def _one(
    desk: Desk, asking: Asking, id: MessageId, to: str, message: str, common: Common, terms: Terms
) -> tuple[Submission, Decision]:
    judged = judge.placed(number.read(to), given.text(message), common, terms, desk.router)
    return desk.submission(asking, id, common, judged), judged.decision


def strings(value: str, name: str) -> list[str]:
    """A JSON array of strings; numbers in it may be written as JSON numbers."""
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list) or not all(isinstance(item, str) or type(item) is int for item in found):
        raise refuse(errors.INVALID_JSON_PARAM, f"{name} is a JSON array of strings")
    return [str(item) for item in found]
