"""Messages as a table for other programs: a page of them after another, as lines of CSV."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

from globewire.hold.port import Hold, Question, Standing
from globewire.message import Millis
from globewire.wire import table

HEADS = (
    *("MessageId", "Accepted", "To", "From", "Country", "State", "Carrier", "Segments", "Encoding", "Type", "TaskId", "Account"),
    *("ErrorCode", "Error", "Ended", "Callback"),
)
TEXT = "Text"
"""The head of one column more, where texts are wanted."""
PAGE = 500
"""Messages asked for at once."""
HIDDEN = "****"


async def sheet(hold: Hold, question: Question, *, full: bool) -> AsyncIterator[tuple[str, int]]:
    """Lines of CSV, the heads first, a page at a time, and how many messages are over: those that fit, newest first, up to the
    question's limit. With `full` whole numbers and texts; else numbers lack their last four digits."""
    yield table.line((*HEADS, TEXT) if full else HEADS), 0
    over = 0
    while over < question.limit:
        found = await hold.find(replace(question, limit=min(PAGE, question.limit - over)))
        over += len(found.standings)
        yield "".join(table.line(row(one, full=full)) for one in found.standings), over
        if found.looked_to is None:
            return
        question = replace(question, before=found.looked_to)


def row(one: Standing, *, full: bool) -> tuple[str | int, ...]:
    """A message as a row under HEADS."""
    message = one.message
    return (
        *(str(message.id), _moment(message.accepted_at), message.to if full else message.to[:-4] + HIDDEN, message.sender),
        *(message.country, str(one.state), one.carrier or "", message.segments, str(message.encoding), message.type),
        *(message.task_id, message.account, one.error_code, one.error, _moment(one.ended_at), one.told),
        *((message.text,) if full else ()),
    )


def _moment(at: Millis) -> str:
    """A time in ISO 8601 (UTC), "" for 0."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else ""
