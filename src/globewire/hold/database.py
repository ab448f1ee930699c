"""The database file: made whole or not at all, opened as the engine needs it, and refused with a sentence where it is damaged.

A file that is empty, cut short, or no database is never taken for a new one: what was in it is lost only once somebody says so.
"""

from contextlib import ExitStack, closing
from pathlib import Path

import apsw

from globewire.hold import anew, sums
from globewire.hold.crash import refuse_cut
from globewire.hold.files import draft_of, publish
from globewire.hold.refused import fault_of, said
from globewire.hold.schema import RESTORE, SchemaFault, migrate, version
from globewire.hold.sums import connect, connected

CHECKED = 256 * 1024 * 1024
"""Bytes up to which a file is looked through when a gateway starts. `quick_check` takes 0.05 s for 32 MB (90,000 messages) that
are in memory, and as long as a disk needs to read them where they are not; bigger ones are left to `globewire check`."""


def open_database(path: Path, count: int, *, create: bool) -> list[apsw.Connection]:
    """`count` connections to the file, which is made where it is missing and `create` says so, and brought up to date.

    With `create` a file up to CHECKED is looked through first, before anything is written to it. SchemaFault says what is wrong
    with it, and what to do."""
    with ExitStack() as opened:
        try:
            if create and not path.exists():
                _make(path)
            if not look_at(path):
                _bring_to_sums(path)
            connections = [opened.enter_context(closing(connected(path))) for _ in range(count)]
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
        lines = [line for (text,) in connection.execute(f"PRAGMA {check}({of})") for line in str(text).splitlines()]
    except apsw.Error as fault:
        return [said(fault)]
    return [line for line in lines if line != "ok" and not line.startswith("***")]


def refuse_damage(path: Path, found: list[str]) -> None:
    """SchemaFault where there is anything found."""
    if found:
        raise SchemaFault(f"the database {path} is damaged ({found[0]}): {RESTORE}")


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
    anew.check_room(path)
    try:
        with closing(open_alone(path)) as connection:
            refuse_damage(path, faults(connection, "quick_check"))
            migrate(connection)
            anew.write_anew(path, connection)
    except apsw.BusyError as fault:
        raise SchemaFault(
            f"the database {path} is to be written anew once, with checksums over its pages, and somebody has it open: "
            "stop the gateway on it, and whatever else reads it"
        ) from fault
