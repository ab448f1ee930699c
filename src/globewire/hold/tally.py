"""What the hold counts: its commits, and the states that messages come to by them."""

from collections.abc import Sequence

from globewire.hold.changes import Written
from globewire.hold.transactions import Served
from globewire.meter.dials import Meter


class Tally:
    """The counts of one line of commits."""

    __slots__ = ("_failed", "_messages", "_seconds", "_sizes")

    def __init__(self, meter: Meter, line: str) -> None:
        self._sizes, self._seconds = meter.commits.of(line), meter.commit_seconds.of(line)
        self._failed, self._messages = meter.commits_failed.of(line), meter.messages

    def count(self, served: Served) -> None:
        """Count a transaction of SQLite."""
        if served.seconds is None:
            self.failed()
        else:
            self.committed(served.results, served.seconds)

    def committed(self, results: Sequence[object], seconds: float) -> None:
        """A transaction gave these results, one to each who asked, and took so long."""
        self._sizes.note(len(results))
        self._seconds.note(seconds)
        for result in results:
            if isinstance(result, Written):
                for state, count in result.states.items():
                    self._messages.of(state).add(count)

    def failed(self) -> None:
        """A transaction could not be committed."""
        self._failed.add()
