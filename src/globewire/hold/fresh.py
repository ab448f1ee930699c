"""Messages that were kept a moment ago and are claimed for the first time: still in hand, so that they need not be read back."""

from collections.abc import Sequence

from globewire.hold.port import SendJob, Submission
from globewire.hold.rows import Row
from globewire.message import CarrierId, Message, State

MOST = 2_000
"""Messages of one carrier. The oldest ones, which are claimed first: what comes when there are so many is read."""
NEVER_TRIED = "[]"


class Fresh:
    """What one process kept, by carrier and id. What was kept by a transaction that came to nothing does no harm: its ids are on no
    lane."""

    def __init__(self) -> None:
        self._messages: dict[CarrierId, dict[int, Message]] = {}

    def add(self, submission: Submission) -> None:
        """It is on its carrier's lane."""
        messages = self._messages.setdefault(submission.carrier, {})
        if len(messages) < MOST:
            messages[submission.message.id] = submission.message

    def jobs(self, carrier: CarrierId, due: Sequence[Row], *, all_due: bool) -> dict[int, SendJob]:
        """The jobs of those of `due` (id, tried, leased) that are in hand, by id. `all_due`: there is no more to claim, so what
        is in hand besides has gone another way."""
        messages = self._messages.get(carrier)
        if not messages:
            return {}
        found = ((id, messages.pop(id, None)) for id, tried, leased in due if tried == NEVER_TRIED and not leased)
        jobs = {id: SendJob(message, State.ACCEPTED, carrier, (), False) for id, message in found if message is not None}
        if all_due:
            messages.clear()
        return jobs
