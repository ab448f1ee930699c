"""Connections to SQLite files, and the checksums over a file's pages: what a disk alters is not read, but refused.

SQLite's own extension `cksumvfs`, which the wheels of apsw bring along, keeps a checksum in the last eight octets of each page; a
page that does not fit its own raises IOError with SQLITE_IOERR_DATA. It guards against disks, not against people. What stands in
the write-ahead log has SQLite's checksums of that, which are looked at when it is recovered, and gets these as it is copied into
the file.
"""

import shutil
from contextlib import closing
from functools import cache
from pathlib import Path

import apsw
import apsw.sqlite_extra
import structlog

from globewire.hold.schema import SchemaFault
from globewire.hold.sql import PREPARED

log = structlog.get_logger()

PATIENCE = 10_000
"""Milliseconds that a connection waits for others."""
_OCTETS = 8
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
        connection.reserve_bytes(reserve=_OCTETS)
        connection.execute("PRAGMA user_version = 0")  # the first page, which says so: what is written before it has none
    return connection


def summed(connection: apsw.Connection) -> bool:
    """Whether the pages of a file have checksums."""
    return connection.reserve_bytes() == _OCTETS


def check_room(path: Path) -> None:
    """SchemaFault where the disk has no room for `add`: for what is written, and for what may have to be taken back."""
    if shutil.disk_usage(path.parent).free < 2 * path.stat().st_size:
        raise _no_room(path)


def add(path: Path, connection: apsw.Connection) -> None:
    """Write a file anew that has no checksums yet, so that it has: all of it or, whenever the power goes, nothing.

    Nobody else may have it open, and what is in it must have been found sound. SchemaFault where the disk has no room after all."""
    size = path.stat().st_size
    log.warning("the database is written anew, once, with checksums over its pages: a big one takes a while", octets=size)
    connection.pragma("journal_mode", "delete")
    connection.pragma("temp_store_directory", str(path.parent.resolve()))
    draft = path.with_name(f"{path.name}.anew")
    _remove(draft)  # what a crash left
    draft.touch(0o600)
    try:
        connection.reserve_bytes(reserve=_OCTETS)
        connection.execute("VACUUM INTO ?", (str(draft),))
        with closing(connect(draft)) as whole:
            # What does not fit into memory has gone to the disk before the first page said that there are checksums.
            whole.pragma("checksum_verification", "off")
            whole.pragma("journal_mode", "off")
            whole.execute("VACUUM")
            whole.pragma("checksum_verification", "on")
            with connection.backup("main", whole, "main") as copying:
                copying.step()
    except apsw.FullError as fault:
        raise _no_room(path) from fault
    finally:
        _remove(draft)
        connection.pragma("temp_store_directory", "")


def _remove(draft: Path) -> None:
    for suffix in ("", "-journal"):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def _no_room(path: Path) -> SchemaFault:
    return SchemaFault(
        f"the database {path} is to be written anew once, with checksums over its pages, and its disk has no room for that: "
        f"make room for {2 * path.stat().st_size // 1024**2 + 1:,} MiB"
    )
