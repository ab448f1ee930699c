"""What SQLite or the system refuses, in words: why, and what to do where that is known."""

import os
from pathlib import Path

import apsw

from globewire.errors import Unavailable, reason
from globewire.hold.schema import RESTORE, SchemaFault


def fault_of(path: Path, fault: Exception) -> SchemaFault:
    """What to say, and what to do, about a file that SQLite or the system refused."""
    if _code(fault) in _DAMAGED:
        return SchemaFault(f"the database {path} cannot be opened: it is damaged, or no database ({said(fault)}): {RESTORE}")
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
    return Unavailable(": ".join(filter(None, (type(fault).__name__, said(fault), _ADVICE.get(_code(fault))))))


def _code(fault: Exception) -> int:
    """SQLite's code of a fault: the primary one, but for a page that does not fit its checksum. 0 where SQLite raised none."""
    whole: int = getattr(fault, "extendedresult", 0)
    return whole if whole == apsw.SQLITE_IOERR_DATA else whole & 0xFF


def said(fault: Exception) -> str:
    """What SQLite said."""
    return "a page does not fit its checksum" if _code(fault) == apsw.SQLITE_IOERR_DATA else str(fault)
