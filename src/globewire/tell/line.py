"""One connection to an endpoint's server: a request goes out, enough of its answer comes back, then perhaps the next."""

import asyncio
from typing import NamedTuple, cast

from globewire.alarm import Alarm
from globewire.tell.answer import AnswerFault, Answers

SOON = 1.0
"""Seconds for which the body of an answer that refuses is waited for."""
KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: less than the five after which common servers close theirs."""


class Closed(OSError):
    """The connection was closed before an answer."""


class Answer(NamedTuple):
    """What came back: the status, and as much of the body as is wanted."""

    status: int
    body: bytes


class Line(asyncio.Protocol):
    """A connection once it is made. One request at a time; whoever gives one up closes the line."""

    _transport: asyncio.Transport
    _deadline: float

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._answers = Answers()
        self._answered: asyncio.Future[Answer] | None = None
        self._alarm = Alarm()

    @property
    def open(self) -> bool:
        """Whether the other side has not closed it, as far as is known."""
        return not self._transport.is_closing()

    @property
    def reusable(self) -> bool:
        """Whether it can take another request."""
        return self._answers.reusable and self.open

    def ask(self, request: bytes, deadline: float) -> asyncio.Future[Answer]:
        """Send a request; the answer, if it comes by `deadline` on the loop's clock. TimeoutError otherwise, Closed where the
        connection ended before it, AnswerFault where it is none."""
        self._answers.begin()
        self._deadline, self._answered = deadline, self._loop.create_future()
        self._alarm.set(deadline, self._late)
        self._transport.write(request)
        return self._answered

    def rest(self) -> None:
        """Close after a while, unless it is asked something."""
        self._alarm.set(self._loop.time() + KEEP_ALIVE, self._transport.close)

    def close(self) -> None:
        """Close it at once, whatever was to be sent or heard."""
        self._transport.abort()

    # --- what the transport calls -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._answered is None:  # nobody asked: what would come next could be taken for another's answer
            self.close()
            return
        known = self._answers.status
        try:
            if self._answers.feed(data):
                self._end(self._answer)
            elif self._refuses and not known:
                self._alarm.set(min(self._deadline, self._loop.time() + SOON), self._late)
        except AnswerFault as fault:
            self._end(fault)

    def connection_lost(self, exc: Exception | None) -> None:
        try:
            self._answers.end(broken=exc is not None)
            self._end(self._answer)
        except AnswerFault as fault:
            self._end(fault if self._answers.status else Closed())
        self._answers.close()

    # --- what came of a request -------------------------------------------------------------------

    @property
    def _refuses(self) -> bool:
        return self._answers.status not in (0, 200)

    @property
    def _answer(self) -> Answer:
        return Answer(self._answers.status, self._answers.body)

    def _late(self) -> None:
        self._end(self._answer if self._refuses else TimeoutError())

    def _end(self, result: Answer | Exception) -> None:
        """Whoever asked is told; a connection that is lost ends so too, where nobody did."""
        self._alarm.unset()
        answered, self._answered = self._answered, None
        if answered is None or answered.done():  # nobody asked, or gave up
            return
        if isinstance(result, Exception):
            answered.set_exception(result)
        else:
            answered.set_result(result)
