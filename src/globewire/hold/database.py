"""The database file: made whole or not at all, opened as the engine needs it, and refused with a sentence where it is damaged.

A file that is empty, cut short, or no database is never taken for a new one: what was in it is lost only once somebody says so.
"""

import os
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from globewire.errors import Unavailable, reason
from globewire.hold.files import draft_of, publish
from globewire.hold.schema import SchemaFault, migrate, version

CHECKED = 256 * 1024 * 1024
"""Bytes up to which a file is looked through when a gateway starts. `quick_check` takes 0.05 s for 32 MB (90,000 messages) that
are in memory, and as long as a disk needs to read them where they are not; bigger ones are left to `globewire check`."""
RESTORE = "restore your last backup (docs/backup.md), and keep this file: some of it may be read by `sqlite3 FILE .recover`"


def open_database(path: Path, count: int, *, create: bool) -> list[sqlite3.Connection]:
    """`count` connections to the file, which is made where it is missing and `create` says so, and brought up to date.

    With `create` a file up to CHECKED is looked through first, before anything is written to it. SchemaFault says what is wrong
    with it, and what to do."""
    with ExitStack() as opened:
        try:
            if create and not path.exists():
                _make(path)
            _look_at(path)
            connections = [opened.enter_context(closing(_connect(path))) for _ in range(count)]
            if create and path.stat().st_size <= CHECKED:
                refuse_damage(path, faults(connections[0], "quick_check"))
            migrate(connections[0])
        except (sqlite3.Error, OSError) as fault:
            raise fault_of(path, fault) from fault
        opened.pop_all()
        return connections


def open_alone(path: Path) -> sqlite3.Connection:
    """A connection that keeps all others out, and that nobody may have been before. SchemaFault as above, and
    sqlite3.OperationalError with SQLITE_BUSY where somebody has the file open."""
    _look_at(path)
    connection = sqlite3.connect(path, isolation_level=None, timeout=1.0)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def faults(connection: sqlite3.Connection, check: str = "integrity_check", table: str = "") -> list[str]:
    """What SQLite finds wrong with the whole file or one of its tables, by `integrity_check` (indices too) or `quick_check`."""
    of = f'"{table}"' if table else "20"
    try:
        said = [str(row[0]) for row in connection.execute(f"PRAGMA {check}({of})")]
    except sqlite3.DatabaseError as fault:
        return [str(fault)]
    return [] if said == ["ok"] else said


def refuse_damage(path: Path, found: list[str]) -> None:
    """SchemaFault where there is anything found."""
    if found:
        raise SchemaFault(f"the database {path} is damaged ({found[0].splitlines()[-1]}): {RESTORE}")


def fault_of(path: Path, fault: Exception) -> SchemaFault:
    """What to say, and what to do, about a file that SQLite or the system refused."""
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return SchemaFault(f"the database {path} cannot be opened: it is damaged, or no database ({fault}): {RESTORE}")
    if code == sqlite3.SQLITE_BUSY:
        return SchemaFault(f"the database {path} cannot be opened: somebody (a `globewire copy`?) keeps all others out: let it end")
    if path.parent.is_dir() and os.statvfs(path.parent).f_flag & os.ST_RDONLY:
        return SchemaFault(f"the database {path} cannot be opened: {READ_ONLY}")
    return SchemaFault(f"the database {path} cannot be opened: {reason(fault)}: check the path, its permissions and the disk")


READ_ONLY = "its disk is mounted read-only: look into the system's log for why, and mount it writable"
_DISK = "its disk fails, or is mounted read-only: look into the system's log; what is mounted writable again goes on by itself"
_ADVICE = {
    sqlite3.SQLITE_FULL: "its disk is full: make room, and it goes on by itself",
    sqlite3.SQLITE_READONLY: _DISK,
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_CORRUPT: RESTORE,
    sqlite3.SQLITE_NOTADB: RESTORE,
}


def unavailable(fault: Exception) -> Unavailable:
    """What was asked of an open database failed: why, and what to do where that is known."""
    advice = _ADVICE.get(getattr(fault, "sqlite_errorcode", 0) & 0xFF)
    return Unavailable(": ".join(filter(None, (type(fault).__name__, str(fault), advice))))


def _make(path: Path) -> None:
    """A new database, complete before it has its name; where another process was quicker, that one's stays."""
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise SchemaFault(
            f"the database {path} is missing, but its write-ahead log {log.name} is there, and holds what was written last: "
            "bring the database back, or move the log away to begin anew"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = draft_of(path)
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            migrate(connection)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    publish(draft, path)


def _look_at(path: Path) -> None:
    """SchemaFault where the file is not there, empty, or another program's: before anything is written to it."""
    if not path.exists():
        raise SchemaFault(f"there is no database at {path}: start `globewire serve` once, or check [hold] url")
    if path.is_file() and path.stat().st_size == 0:
        raise SchemaFault(
            f"the database {path} is empty: restore your last backup (docs/backup.md), or remove the file to begin anew"
        )
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10.0)) as connection:
        version(connection)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA cache_size = -16000")
    return connection
