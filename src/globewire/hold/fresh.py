"""Messages that were kept a moment ago and are claimed for the first time: still in hand, so that they need not be read back."""

from collections.abc import Sequence

from globewire.hold.port import SendJob, Submission
from globewire.hold.rows import Row
from globewire.message import CarrierId, Message, State

MOST = 2_000
"""Messages of one carrier. The oldest ones, which are claimed first: what comes when there are so many is read."""
NEVER_TRIED = "[]"
NOBODYS = "[ ]"
"""`tried` of a message that nobody has claimed yet, where others than who kept it may have claimed it and given it back."""


class Fresh:
    """What one process kept, by carrier and id. What was kept by a transaction that came to nothing does no harm: its ids are on no
    lane. What is as it was kept has this in `tried`."""

    def __init__(self, tried: str = NEVER_TRIED) -> None:
        self._tried = tried
        self._messages: dict[CarrierId, dict[int, Message]] = {}
        self._left: dict[CarrierId, tuple[int, ...]] = {}

    def add(self, submission: Submission) -> None:
        """It is on its carrier's lane."""
        messages = self._messages.setdefault(submission.carrier, {})
        if len(messages) < MOST:
            messages[submission.message.id] = submission.message

    def jobs(self, carrier: CarrierId, due: Sequence[Row], *, all_due: bool) -> dict[int, SendJob]:
        """The jobs of those of `due` (id, tried, leased) that are in hand, by id. `all_due`: there is no more to claim, so
        what is in hand besides, and was when that was so before, has gone another way."""
        messages = self._messages.get(carrier)
        if not messages:
            return {}
        found = ((id, messages.pop(id, None)) for id, tried, leased in due if tried == self._tried and not leased)
        jobs = {id: SendJob(message, State.ACCEPTED, carrier, (), False) for id, message in found if message is not None}
        if all_due:  # what is being kept right now may be on no lane yet
            for id in self._left.get(carrier, ()):
                messages.pop(id, None)
            self._left[carrier] = tuple(messages)
        return jobs
