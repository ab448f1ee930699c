"""A gateway that breaks its promise: it commits and never flushes. Run in the place of `python -m globewire`."""

import sys
from typing import Any

import apsw

from globewire.cli import main


class Careless(apsw.Connection):
    """A connection that hears FULL and does OFF."""

    def execute(self, statements: str, *parameters: Any, **options: Any) -> apsw.Cursor:
        return super().execute(statements.replace("synchronous = FULL", "synchronous = OFF"), *parameters, **options)


if __name__ == "__main__":
    setattr(apsw, "Connection", Careless)  # noqa: B010 - what the module itself gives out
    sys.exit(main())
