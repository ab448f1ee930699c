"""The database file: made whole or not at all, opened as the engine needs it, and refused with a sentence where it is damaged.

A file that is empty, cut short, or no database is never taken for a new one: what was in it is lost only once somebody says so.
"""

import os
from contextlib import ExitStack, closing
from pathlib import Path

import apsw

from globewire.errors import Unavailable, reason
from globewire.hold import sums
from globewire.hold.crash import refuse_cut
from globewire.hold.files import draft_of, publish
from globewire.hold.schema import RESTORE, SchemaFault, migrate, version
from globewire.hold.sums import connect

CHECKED = 256 * 1024 * 1024
"""Bytes up to which a file is looked through when a gateway starts. `quick_check` takes 0.05 s for 32 MB (90,000 messages) that
are in memory, and as long as a disk needs to read them where they are not; bigger ones are left to `globewire check`."""
CACHE, READERS_CACHE = 16_000, 4_000
"""KiB of pages that the first connection, which writes, keeps in memory, and each other one: what these have read is stale with the
next commit, so that all that is counted or looked through would be copied anew each time, as far as there is room."""


def open_database(path: Path, count: int, *, create: bool) -> list[apsw.Connection]:
    """`count` connections to the file, which is made where it is missing and `create` says so, and brought up to date. The first
    is to write, the others to read.

    With `create` a file up to CHECKED is looked through first, before anything is written to it. SchemaFault says what is wrong
    with it, and what to do."""
    with ExitStack() as opened:
        try:
            if create and not path.exists():
                _make(path)
            if not look_at(path):
                _bring_to_sums(path)
            caches = (CACHE, *[READERS_CACHE] * (count - 1))
            connections = [opened.enter_context(closing(_connect(path, cache))) for cache in caches]
            if create and path.stat().st_size <= CHECKED:
                refuse_damage(path, faults(connections[0], "quick_check"))
            migrate(connections[0])
        except (apsw.Error, OSError) as fault:
            raise fault_of(path, fault) from fault
        opened.pop_all()
        return connections


def open_alone(path: Path) -> apsw.Connection:
    """A connection that keeps all others out, and that nobody may have been before. SchemaFault as above, and apsw.BusyError
    where somebody has the file open."""
    look_at(path)
    connection = connect(path, patience=1000)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def faults(connection: apsw.Connection, check: str = "integrity_check", table: str = "") -> list[str]:
    """What SQLite finds wrong with the whole file or one of its tables, by `integrity_check` (indices too) or `quick_check`."""
    of = f'"{table}"' if table else "20"
    try:
        said = [line for (text,) in connection.execute(f"PRAGMA {check}({of})") for line in str(text).splitlines()]
    except apsw.Error as fault:
        return [_said(fault)]
    return [line for line in said if line != "ok" and not line.startswith("***")]


def refuse_damage(path: Path, found: list[str]) -> None:
    """SchemaFault where there is anything found."""
    if found:
        raise SchemaFault(f"the database {path} is damaged ({found[0]}): {RESTORE}")


def fault_of(path: Path, fault: Exception) -> SchemaFault:
    """What to say, and what to do, about a file that SQLite or the system refused."""
    if _code(fault) in _DAMAGED:
        return SchemaFault(f"the database {path} cannot be opened: it is damaged, or no database ({_said(fault)}): {RESTORE}")
    if isinstance(fault, apsw.BusyError):
        return SchemaFault(f"the database {path} cannot be opened: somebody (a `globewire copy`?) keeps all others out: let it end")
    if path.parent.is_dir() and os.statvfs(path.parent).f_flag & os.ST_RDONLY:
        return SchemaFault(f"the database {path} cannot be opened: {READ_ONLY}")
    return SchemaFault(f"the database {path} cannot be opened: {reason(fault)}: check the path, its permissions and the disk")


READ_ONLY = "its disk is mounted read-only: look into the system's log for why, and mount it writable"
_DISK = "its disk fails, or is mounted read-only: look into the system's log; what is mounted writable again goes on by itself"
_DAMAGED = (apsw.SQLITE_CORRUPT, apsw.SQLITE_NOTADB, apsw.SQLITE_IOERR_DATA)
_ADVICE = {
    apsw.SQLITE_FULL: "its disk is full: make room, and it goes on by itself",
    apsw.SQLITE_READONLY: _DISK,
    apsw.SQLITE_IOERR: _DISK,
    **dict.fromkeys(_DAMAGED, f"it is damaged: {RESTORE}"),
}


def unavailable(fault: Exception) -> Unavailable:
    """What was asked of an open database failed: why, and what to do where that is known."""
    return Unavailable(": ".join(filter(None, (type(fault).__name__, _said(fault), _ADVICE.get(_code(fault))))))


def _code(fault: Exception) -> int:
    """SQLite's code of a fault: the primary one, but for a page that does not fit its checksum. 0 where SQLite raised none."""
    whole: int = getattr(fault, "extendedresult", 0)
    return whole if whole == apsw.SQLITE_IOERR_DATA else whole & 0xFF


def _said(fault: Exception) -> str:
    return "a page does not fit its checksum" if _code(fault) == apsw.SQLITE_IOERR_DATA else str(fault)


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
        with closing(sums.create(draft)) as connection:
            migrate(connection)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    publish(draft, path)


def look_at(path: Path) -> bool:
    """Whether the file has the checksums that this installation can make. SchemaFault where it is not there, empty, another
    program's, has checksums that would not be kept, or a log that is damaged: before anything is written to it."""
    if not path.exists():
        raise SchemaFault(f"there is no database at {path}: start `globewire serve` once, or check [hold] url")
    if path.is_file() and path.stat().st_size == 0:
        raise SchemaFault(
            f"the database {path} is empty: restore your last backup (docs/backup.md), or remove the file to begin anew"
        )
    refuse_cut(path)
    with closing(connect(path)) as connection:
        version(connection)
        return sums.summed(connection) or not sums.available()


def _bring_to_sums(path: Path) -> None:
    """Bring a file up to date that has no checksums: an earlier program made it, or an installation that could not make them."""
    sums.check_room(path)
    try:
        with closing(open_alone(path)) as connection:
            refuse_damage(path, faults(connection, "quick_check"))
            migrate(connection)
            sums.add(path, connection)
    except apsw.BusyError as fault:
        raise SchemaFault(
            f"the database {path} is to be written anew once, with checksums over its pages, and somebody has it open: "
            "stop the gateway on it, and whatever else reads it"
        ) from fault


def _connect(path: Path, cache: int) -> apsw.Connection:
    connection = connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA cache_size = -{cache}")
    # Else what a statement may have to take back, texts too, is written to files in the system's folder for such.
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection
