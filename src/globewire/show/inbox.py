"""The inbox: phones as threads, and their messages as a handset would show them."""

from dataclasses import dataclass
from html import escape
from itertools import accumulate

from starlette.requests import Request
from starlette.responses import Response

from globewire.hold.port import Question, Standing
from globewire.show.page import page
from globewire.show.window import window

RECENT = 200
"""The newest messages, from which the threads are made."""
PHONES = 100
"""Threads that are listed."""
LONGEST = 60
"""Messages of one thread."""
ROOM = 40_000
"""Octets of HTML that the texts of a thread may take together."""


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
    newest = await hold.search(Question(to=number, limit=LONGEST)) if number else []
    shown = _fitting(newest)
    return page(
        request,
        "inbox.html",
        threads=threads[:PHONES],
        more=len(threads) > PHONES,
        number=number,
        messages=shown[::-1],
        older=len(shown) < len(newest) or len(newest) == LONGEST,
    )


def _threads(recent: list[Standing]) -> list[Thread]:
    """A thread for each number, the one with the newest message first."""
    by_number: dict[str, list[Standing]] = {}
    for standing in recent:
        by_number.setdefault(standing.message.to, []).append(standing)
    return [Thread(number, found[0], len(found)) for number, found in by_number.items()]


def _fitting(newest: list[Standing]) -> list[Standing]:
    """The first of these whose texts have room, and one at least."""
    sizes = accumulate(len(escape(standing.message.text).encode()) for standing in newest)
    return newest[: max(1, sum(size <= ROOM for size in sizes))]
