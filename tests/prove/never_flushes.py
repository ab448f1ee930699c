"""A gateway that breaks its promise: it commits and never flushes. Run in the place of `python -m globewire`."""

import sqlite3
import sys
from functools import partial
from typing import Any

from globewire.cli import main


class Careless(sqlite3.Connection):
    """A connection that hears FULL and does OFF."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("synchronous = FULL", "synchronous = OFF"), *parameters)


if __name__ == "__main__":
    setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Careless))  # noqa: B010 - what the module itself gives out
    sys.exit(main())
