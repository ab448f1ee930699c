"""A gateway that breaks its promise: it commits and never flushes. Run in the place of `python -m globewire`."""

import sys

import apsw

from globewire.cli import main


def careless(connection: apsw.Connection) -> None:
    """Have a connection hear FULL and do nothing."""
    connection.execute("PRAGMA synchronous = OFF")
    connection.authorizer = lambda operation, name, *_: apsw.SQLITE_IGNORE if name == "synchronous" else apsw.SQLITE_OK


if __name__ == "__main__":
    apsw.connection_hooks.append(careless)
    sys.exit(main())
