"""The write-ahead log that a crash left, before anybody opens its file: refused where SQLite would drop commits from it."""

import os
from contextlib import closing
from mmap import PROT_READ, mmap
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw

from globewire.hold.frames import INDEX, Index, cut_short, read_index
from globewire.hold.schema import RESTORE, SchemaFault


def refuse_cut(path: Path) -> None:
    """SchemaFault where a disk has altered the log of the file at `path`. All is left as it is, so that it is refused again."""
    log, index = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    if not log.exists() or not log.stat().st_size:
        return
    left, found = read_index(_beginning(index)), None
    while cut_short(_octets(log), left, again := _found(log)):
        if again == found:  # else somebody goes on writing it
            raise SchemaFault(
                f"the database {path} is damaged: what was committed last stands in {log.name}, behind a page that does not fit "
                f"its checksum: {RESTORE}, and that log with it"
            )
        found = again


def _beginning(index: Path) -> bytes:
    """Of the log's index, as whoever had the file open last left it."""
    if not index.exists():
        return b""
    return os.pread(os.open(index, os.O_RDONLY), INDEX, 0)  # closed, it would take this process's locks on the file along


def _octets(log: Path) -> bytes | mmap:
    with log.open("rb") as file:
        return mmap(file.fileno(), 0, prot=PROT_READ) if log.stat().st_size else b""


def _found(log: Path) -> Index:
    """What SQLite finds in a log: it is shown it beside a file of no content, of whose index it makes its own."""
    with TemporaryDirectory(prefix="globewire-", dir=log.parent) as folder:
        path = Path(folder, "empty.db")
        with closing(apsw.Connection(str(path))) as connection:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
        path.with_name("empty.db-wal").hardlink_to(log)
        with closing(apsw.Connection(str(path))) as connection:
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            connection.execute("BEGIN; PRAGMA user_version").fetchall()
            index = read_index(path.with_name("empty.db-shm").read_bytes())
    assert index is not None, "SQLite has made an index of another form"
    return index
