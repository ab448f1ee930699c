"""BatchSendMessageToGlobe: up to 1,000 numbers with a text each (contract 1.2). What can be kept is kept in one transaction."""

import asyncio

import orjson

from globewire import errors
from globewire.accept.desk import Asking, Desk
from globewire.accept.send import ACCEPTED
from globewire.errors import Refused, refuse
from globewire.hold.port import Submission
from globewire.verdict import judge
from globewire.verdict.route import Decision
from globewire.wire import number
from globewire.wire import parameters as given
from globewire.wire.operation import MOST_NUMBERS
from globewire.wire.reply import Fields

AT_ONCE = 250
"""Messages that are judged at once, in some two milliseconds: then others have their turn."""


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
    many = judge.Many(common, terms, desk.router)
    kept: list[Submission] = []
    failed: list[tuple[str, Refused]] = []
    first: Decision | None = None
    for place, (id, to, message) in enumerate(zip(desk.mint(len(numbers)), numbers, texts, strict=True), start=1):
        try:
            judged = many.placed(number.read(to), given.text(message))
            kept.append(desk.submission(asking, id, common, judged))
            first = first or judged.decision
        except Refused as refused:
            failed.append((to, refused))
        if place % AT_ONCE == 0:
            await asyncio.sleep(0)
    if first is None:
        raise failed[0][1]
    answer: Fields = {
        "ResponseCode": "OK",
        "RequestId": asking.request_id,
        "FailedList": orjson.dumps([to for to, _ in failed]).decode(),
        "ResponseDescription": ACCEPTED,
        "From": judge.shown_sender(common, first, desk.carriers),
        "MessageIdList": orjson.dumps([str(submission.message.id) for submission in kept]).decode(),
        "SuccessCount": str(len(kept)),
    }
    said = await desk.keep(asking, kept, answer)
    for _, why in failed if said is answer else ():
        desk.meter.numbers_refused.of(why.row.code).add()
    return said


def strings(value: str, name: str) -> list[str]:
    """A JSON array of strings; numbers in it may be written as JSON numbers."""
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list) or not all(isinstance(item, str) or type(item) is int for item in found):
        raise refuse(errors.INVALID_JSON_PARAM, f"{name} is a JSON array of strings")
    return [str(item) for item in found]
