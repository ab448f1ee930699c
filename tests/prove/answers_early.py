"""A gateway that breaks its promise: it answers OK before the message is committed. Run in the place of `python -m globewire`."""

import asyncio
import sys
from typing import Any

from globewire.cli import main
from globewire.hold.sqlite import SqliteHold

LATE = 0.02
keep = SqliteHold.keep
tasks: set[asyncio.Task[None]] = set()


async def keep_later(hold: SqliteHold, *asked: Any, **more: Any) -> None:
    """What a lazy engine does: it says that it is done, and does it soon."""

    async def later() -> None:
        await asyncio.sleep(LATE)
        await keep(hold, *asked, **more)

    task = asyncio.create_task(later())
    tasks.add(task)
    task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    setattr(SqliteHold, "keep", keep_later)  # noqa: B010 - it is the class's own name that is to be another
    sys.exit(main())
