"""Connections to SQLite files, and the checksums over a file's pages: what a disk alters is not read, but refused.

SQLite's own extension `cksumvfs`, which the wheels of apsw bring along, keeps a checksum in the last eight octets of each page; a
page that does not fit its own raises IOError with SQLITE_IOERR_DATA. It guards against disks, not against people. What stands in
the write-ahead log has SQLite's checksums of that, which are looked at when it is recovered, and gets these as it is copied into
the file.
"""

from functools import cache
from pathlib import Path

import apsw
import apsw.sqlite_extra

from globewire.hold.schema import SchemaFault
from globewire.hold.sql import PREPARED

PATIENCE = 10_000
"""Milliseconds that a connection waits for others."""
CACHE, WRITERS_CACHE = 4_000, 16_000
"""KiB of pages that a connection keeps in memory, and one that writes: what the others have read is stale with the next commit, so
that all that is counted or looked through would be copied anew each time, as far as there is room."""
OCTETS = 8
"""What the extension wants reserved at the end of each page. A file that has exactly this is looked at, and no other."""
_EXTENSION = "cksumvfs"


@cache
def available() -> bool:
    """Whether this installation can make and look at checksums. Where it can, it does for every file from here on."""
    if apsw.sqlite_extra.has(_EXTENSION) is None:
        return False
    try:
        apsw.sqlite_extra.load(apsw.Connection(":memory:"), _EXTENSION)
    except apsw.ExtensionLoadingError:
        return False
    return True


def connect(path: Path, patience: int = PATIENCE) -> apsw.Connection:
    """A connection to a file. SchemaFault where it has checksums that would not be kept: before anything is written to it."""
    summing = available()
    connection = apsw.Connection(str(path), statementcachesize=PREPARED)
    connection.set_busy_timeout(patience)
    if summed(connection) and not summing:
        connection.close()
        raise SchemaFault(
            f"the database {path} has checksums over its pages, which this installation cannot keep: install apsw from its wheel, "
            "which has SQLite's extension cksumvfs (`pip install --only-binary apsw apsw`)"
        )
    return connection


def create(path: Path) -> apsw.Connection:
    """A connection to a new file, with checksums where they are available."""
    connection = connect(path)
    if available():
        connection.reserve_bytes(reserve=OCTETS)
        connection.execute("PRAGMA user_version = 0")  # the first page, which says so: what is written before it has none
    return connection


def summed(connection: apsw.Connection) -> bool:
    """Whether the pages of a file have checksums."""
    return connection.reserve_bytes() == OCTETS


def connected(path: Path, cache: int = CACHE) -> apsw.Connection:
    """A connection to a file that is up to date, as the engine needs it, with so many KiB of pages in memory."""
    connection = connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA cache_size = -{cache}")
    # Else what a statement may have to take back, texts too, is written to files in the system's folder for such.
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection
