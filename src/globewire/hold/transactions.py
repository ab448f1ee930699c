"""What was asked meanwhile is done in one transaction, and those that asked for the same are served by one call: a batch costs a
few statements whatever its size. Nothing here knows of messages.
"""

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import apsw

from globewire.hold.refused import unavailable

Work = Callable[[apsw.Cursor, Sequence[Any]], Sequence[Any]]
"""Does one kind of thing for a batch of payloads; gives one result for each. A result that is an exception is raised where it was
asked for."""
Asked = tuple[Work, Any]
"""What is to be done, and for which payload."""

MOST = 4096
"""Payloads in one transaction: bounds the time that the first of them waits."""


class Served(NamedTuple):
    """What came of one transaction: the results for the next ones of those who asked, and how many seconds it took; None where
    it failed."""

    results: list[Any]
    seconds: float | None


class Transactions:
    """Those of one connection. `begun` is called in each before anything is done."""

    def __init__(self, connection: apsw.Connection, begun: Callable[[], None] = lambda: None) -> None:
        self._connection, self._begun = connection, begun

    def serve(self, asked: Sequence[Asked]) -> Iterator[Served]:
        """Serve all of them by one transaction; where one of them spoils it, each gets its own, so that the others are served."""
        began = perf_counter()
        try:
            results = self._transact(asked)
        except Exception as fault:  # noqa: BLE001 - whatever failed, whoever asked must get an answer
            if len(asked) == 1:
                yield Served([unavailable(fault)], None)
                return
            yield Served([], None)
            for one in asked:
                yield from self.serve([one])
        else:
            yield Served(results, perf_counter() - began)

    def _transact(self, asked: Sequence[Asked]) -> list[Any]:
        places: dict[Work, list[int]] = {}
        for place, (work, _) in enumerate(asked):
            places.setdefault(work, []).append(place)
        results: list[Any] = [None] * len(asked)
        cursor = self._connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            self._begun()
            for work, where in places.items():
                for place, result in zip(where, work(cursor, [asked[i][1] for i in where]), strict=True):
                    results[place] = result
            cursor.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                cursor.execute("ROLLBACK")
            raise
        return results
