"""Cut the power of a killed gateway: take back from its files what was never flushed, except what chance lets survive.

SIGKILL alone leaves all that was written with the system, flushed or not. So the gateway runs with `powercut.c` preloaded,
which logs what each change destroys. Here that log is read and applied backwards; then each change that was not flushed
survives or not, by itself, whole or torn at a sector, as on a disk that lost its power between them. Names that were made or
removed come and go in their order, as file systems with a journal keep them, up to a moment after the last flush of the folder.
"""

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from random import Random

import apsw

from globewire.hold.database import faults
from globewire.hold.sums import connect
from globewire.prove.plan import ProofFault

SECTOR = 512
"""Octets that a disk writes whole or not at all."""
SURVIVAL = (0.0, 0.5, 0.9)
"""Shares of unflushed changes that survive a cut; each cut has one of them."""
TORN = 0.1
"""Share of the surviving writes that survive only in part."""
SLOW = 0.004
"""Seconds that each flush is held back, as on a slow disk, so that more cuts find something that is not flushed."""
_SOURCE = Path(__file__).with_name("powercut.c")
_MAGIC = 0x50574355
_ENTRY = struct.Struct("=II5Q64s")


class Kind(IntEnum):
    """What an entry of the log tells of."""

    WRITE = 1
    RESIZE = 2
    FLUSH = 3
    MADE = 4
    GONE = 5
    FLUSH_NAMES = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """A change or a flush. `file` is an inode; `kept` what the change destroyed; `size` the file's before it.

    `offset` is where it was written, the new size of RESIZE, or for flushes the number of entries that they made safe.
    """

    kind: Kind
    file: int
    offset: int
    length: int
    size: int
    name: str
    kept: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """What one cut took: changes that were not flushed, how many of them survived, in part among those, and names undone."""

    unflushed: int = 0
    survived: int = 0
    torn: int = 0
    names: int = 0


class PowerSwitch:
    """The power of a gateway whose database is `database`, an absolute path without symbolic links."""

    def __init__(self, database: Path) -> None:
        self._database = database
        memory = Path("/dev/shm")
        # In memory where possible: the log must not load the disk whose flushes are under test.
        place = memory if os.access(memory, os.W_OK) else database.parent
        self._work = Path(tempfile.mkdtemp(prefix="globewire-power-", dir=place))
        self._log = self._work / "log"
        self._aside = database.parent / "aside"
        self._library = self._work / "powercut.so"
        self._aside.mkdir()

    def build(self) -> None:
        """Build what is preloaded. ProofFault where there is no C compiler, or it fails."""
        compiler = shutil.which("cc")
        if os.uname().sysname != "Linux" or compiler is None:
            raise ProofFault("power cuts need Linux and a C compiler, `cc`", "install one (gcc or clang), or use --kills")
        command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(self._library), str(_SOURCE), "-ldl", "-lpthread"]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode:
            raise ProofFault(f"`cc` cannot build what power cuts need: {built.stderr[:500]}", "install the C library's headers")

    def environment(self) -> Mapping[str, str]:
        """The variables under which a gateway's changes are logged. What an earlier one logged is forgotten."""
        for log in (self._log, self._log.with_name("log.shared")):
            log.unlink(missing_ok=True)
        shutil.rmtree(self._aside)
        self._aside.mkdir()
        files = {"POWER_CUT_FILES": self._database, "POWER_CUT_LOG": self._log, "POWER_CUT_ASIDE": self._aside}
        more = {name: str(path) for name, path in files.items()}
        return {"LD_PRELOAD": str(self._library), "POWER_CUT_SLOW": str(round(SLOW * 1e6)), **more}

    def cut(self, dice: Random) -> Cut:
        """Leave the files as a power cut would have. The gateway must be dead."""
        entries = read(self._log.read_bytes()) if self._log.exists() else []
        changes, names = unflushed(entries)
        for name in self._database.parent.glob(self._database.name + "*-shm"):
            name.unlink()
        share = dice.choice(SURVIVAL)
        survived = torn = 0
        for file in dict.fromkeys(entry.file for entry in changes):
            whole, part = self._undo([entry for entry in changes if entry.file == file], share, dice)
            survived, torn = survived + whole + part, torn + part
        undone = names[dice.randint(0, len(names)) :]
        for entry in reversed(undone):
            self._unname(entry)
        return Cut(len(changes), survived, torn, len(undone))

    def close(self) -> None:
        """Remove what only the cuts needed."""
        shutil.rmtree(self._work)
        shutil.rmtree(self._aside)

    def _undo(self, changes: Sequence[Entry], share: float, dice: Random) -> tuple[int, int]:
        """Take back all changes of one file, then let some survive: how many did whole, and how many in part."""
        path = self._path(changes[0].file)
        if path is None:
            return 0, 0
        with path.open("r+b") as file:
            fd = file.fileno()
            fresh = [_take_back(fd, entry) for entry in reversed(changes)][::-1]
            whole = part = 0
            for entry, octets in zip(changes, fresh, strict=True):
                if dice.random() >= share:
                    continue
                if entry.kind is Kind.RESIZE:
                    os.ftruncate(fd, entry.offset)
                elif len(octets) > SECTOR and dice.random() < TORN:
                    os.pwrite(fd, octets[: dice.randrange(SECTOR, len(octets), SECTOR)], entry.offset)
                    part += 1
                    continue
                else:
                    os.pwrite(fd, octets, entry.offset)
                whole += 1
        return whole, part

    def _path(self, file: int) -> Path | None:
        places = (*self._database.parent.glob(self._database.name + "*"), *self._aside.iterdir())
        return next((path for path in places if path.stat().st_ino == file), None)

    def _unname(self, entry: Entry) -> None:
        path = self._database.parent / entry.name
        if entry.kind is Kind.MADE:
            path.unlink(missing_ok=True)
        elif not path.exists():
            path.hardlink_to(self._aside / str(entry.file))


def read(octets: bytes) -> list[Entry]:
    """The entries of a log. Its last may be cut off by the kill: then what it tells of never began."""
    entries, at = [], 0
    while at + _ENTRY.size <= len(octets):
        magic, kind, file, offset, length, size, kept, name = _ENTRY.unpack_from(octets, at)
        assert magic == _MAGIC, "powercut.c and power.py differ"
        begin, at = at + _ENTRY.size, at + _ENTRY.size + kept
        if at > len(octets):
            break
        entries.append(Entry(Kind(kind), file, offset, length, size, os.fsdecode(name.rstrip(b"\0")), octets[begin:at]))
    return entries


def unflushed(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """The changes to files, and those of names, that no flush made safe; each in their order."""
    safe: dict[int, int] = {}
    names_safe = 0
    for entry in entries:
        if entry.kind is Kind.FLUSH:
            safe[entry.file] = max(safe.get(entry.file, 0), entry.offset)
        elif entry.kind is Kind.FLUSH_NAMES:
            names_safe = max(names_safe, entry.offset)
    changes = [e for at, e in enumerate(entries) if e.kind in (Kind.WRITE, Kind.RESIZE) and at >= safe.get(e.file, 0)]
    return changes, [e for at, e in enumerate(entries) if e.kind in (Kind.MADE, Kind.GONE) and at >= names_safe]


def corruption(database: Path) -> str:
    """What SQLite's integrity_check says is wrong, "" where nothing is. It looks at a copy: opening one recovers it."""
    if not database.exists():
        return ""
    with tempfile.TemporaryDirectory(dir=database.parent) as folder:
        for suffix in ("", "-wal", "-journal"):
            file = database.with_name(database.name + suffix)
            if file.exists():
                shutil.copyfile(file, Path(folder, file.name))
        try:
            with closing(connect(Path(folder, database.name))) as connection:
                return "; ".join(faults(connection)[:10])
        except apsw.Error as fault:
            return str(fault)


def _take_back(fd: int, entry: Entry) -> bytes:
    """Undo one change; what it had written."""
    octets = os.pread(fd, entry.length, entry.offset) if entry.kind is Kind.WRITE else b""
    if entry.kind is Kind.RESIZE:
        os.ftruncate(fd, entry.size)
    os.pwrite(fd, entry.kept, entry.offset)
    os.ftruncate(fd, entry.size)
    return octets
