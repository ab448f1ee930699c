"""The inbox: phones as threads, and their messages as a handset would show them."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from globewire.hold.port import Question, Standing
from globewire.show.page import page
from globewire.show.window import window

RECENT = 200
"""The newest messages, from which the threads are made."""
LONGEST = 100
"""Messages of one thread."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A phone's newest message, and how many of the recent ones went to it."""

    number: str
    newest: Standing
    count: int


async def inbox(request: Request) -> Response:
    """All threads, and beside them the messages of the phone that was asked for, oldest first."""
    hold = window(request).hold
    number = "".join(filter(str.isdigit, request.path_params.get("number", "")))
    threads = _threads(await hold.search(Question(limit=RECENT)))
    shown = await hold.search(Question(to=number, limit=LONGEST)) if number else []
    return page(request, "inbox.html", threads=threads, number=number, messages=shown[::-1])


def _threads(recent: list[Standing]) -> list[Thread]:
    """A thread for each number, the one with the newest message first."""
    by_number: dict[str, list[Standing]] = {}
    for standing in recent:
        by_number.setdefault(standing.message.to, []).append(standing)
    return [Thread(number, found[0], len(found)) for number, found in by_number.items()]
