"""A copy of a SQLite database that is in use: everything that was committed when it began, in one file, looked through.

The copy is read within one transaction, so that whoever writes meanwhile neither waits nor disturbs it.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw

from globewire.errors import reason
from globewire.hold.database import faults, look_at
from globewire.hold.files import draft_of, publish
from globewire.hold.refused import fault_of
from globewire.hold.schema import SchemaFault, version
from globewire.hold.sums import connect, create, summed
from globewire.message import MessageId
from globewire.values import dataclass

Told = Callable[[int, int], None]
"""Is told of each step: the pages that are over, and all pages."""
STEP = 1024
"""Pages copied between two looks at the clock: 4 MiB."""


class BackupFault(Exception):
    """Why there is no backup; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What is in a backup: its size in bytes, how many messages, and the newest of them (0 for none)."""

    size: int
    messages: int
    newest: MessageId


def back_up(path: Path, to: Path, told: Told, *, replace: bool = False) -> Backup:
    """Copy the database at `path` to the file `to`, which only its owner can read and which is there whole or not at all.

    BackupFault where `to` is there and not to be replaced, cannot be written, or the copy is not sound; SchemaFault where the
    database cannot be used."""
    _refuse(path, to, replace)
    try:
        draft = draft_of(to)
    except OSError as fault:
        raise BackupFault(f"{to} cannot be made: {reason(fault)}: check its folder and the disk") from fault
    try:
        backup = _copy(path, draft, told)
        if not publish(draft, to, replace=replace):
            raise BackupFault(f"{to} has come to be there meanwhile: give another name")
    except (apsw.Error, OSError) as fault:
        raise BackupFault(f"{to} cannot be written: {reason(fault)}: check its folder and the disk") from fault
    finally:
        draft.unlink(missing_ok=True)
    return backup


def _refuse(path: Path, to: Path, replace: bool) -> None:
    if not path.exists():
        raise SchemaFault(f"there is no database at {path}: check [hold] url")
    if to.exists() and not to.is_file():
        raise BackupFault(f"{to} is no file: give the name of one")
    if to.exists() and to.samefile(path):
        raise BackupFault(f"{to} is the database itself: give another name")
    if to.exists() and not replace:
        raise BackupFault(f"{to} is there already: give another name, or --force to replace it")
    if any(to.with_name(to.name + suffix).exists() for suffix in ("-wal", "-journal")):
        raise BackupFault(
            f"{to.name}-wal or -journal lies beside {to}: it is a database in use, or what one left; give another name"
        )


def _copy(path: Path, draft: Path, told: Told) -> Backup:
    with closing(_begun(path)) as source, closing(create(draft) if summed(source) else connect(draft)) as target:
        with target.backup("main", source, "main") as copying:
            while not copying.step(STEP):
                told(copying.page_count - copying.remaining, copying.page_count)
        target.execute("PRAGMA journal_mode = DELETE")  # so that it is one file; whoever opens it as a hold turns that back
        if found := faults(target):
            raise BackupFault(f"the copy is not sound ({found[0]}), and the database neither: `globewire check`")
        count, newest = target.execute("SELECT count(*), coalesce(max(id), 0) FROM message").get
    return Backup(draft.stat().st_size, count, MessageId(newest))


def _begun(path: Path) -> apsw.Connection:
    """A connection whose transaction sees the database as it is now."""
    look_at(path)
    connection = connect(path)
    try:
        connection.execute("BEGIN")
        version(connection)
    except apsw.Error as fault:
        connection.close()
        raise fault_of(path, fault) from fault
    except SchemaFault:
        connection.close()
        raise
    return connection
