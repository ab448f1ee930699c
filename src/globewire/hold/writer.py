"""What owns the writing connection to a SQLite file, as who asks it sees it: `writer_thread` and `writer_process` are the two."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from globewire.hold.transactions import Work


class Writer(Protocol):
    """Whoever owns the writing connection."""

    def ask(self, work: Work, payload: Any) -> asyncio.Future[Any]:
        """Have `work` done for `payload`; the future's result comes after the commit, or Unavailable."""

    async def gone(self) -> None:
        """Return when it has ended by itself."""

    async def close(self) -> None:
        """Do what was asked, then close the connection."""


def answer(answers: Sequence[asyncio.Future[Any]], results: Sequence[Any]) -> None:
    """Give each who asked its result."""
    for future, result in zip(answers, results, strict=True):
        if future.done():  # whoever asked was cancelled meanwhile
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
