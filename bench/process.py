"""Processes that the benchmark starts, and what the kernel says of them: CPU time and memory of each and its descendants."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any

_TICK, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGESIZE")


def end_when_told() -> None:
    """Make SIGTERM end this process as Ctrl-C does, so that what it started is stopped."""

    def end(signum: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + signum)

    signal.signal(signal.SIGTERM, end)


@contextmanager
def running(command: list[str], **how: Any) -> Iterator[subprocess.Popen[str]]:
    """Start it; at the end ask it to stop, wait fifteen seconds, and kill it if it still runs."""
    child = subprocess.Popen(command, text=True, **how)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def first_line(child: subprocess.Popen[str]) -> str:
    """The first line that it prints; SystemExit where it ends without one."""
    stream: IO[str] | None = child.stdout
    line = stream.readline() if stream else ""
    if not line:
        raise SystemExit(f"{child.args!r} did not start")
    return line


def tell(child: subprocess.Popen[str], line: str) -> None:
    """Give it a line to read."""
    if child.stdin:
        child.stdin.write(f"{line}\n")
        child.stdin.flush()


def tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


def cpu_seconds(pids: list[int]) -> float:
    """User and system time so far, that of ended children included."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            total += sum(int(ticks) for ticks in _stat(pid)[11:15])
    return total / _TICK


def written(pids: list[int]) -> int:
    """Bytes that they had written to disks so far, as far as this user may know."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            total += int(Path(f"/proc/{pid}/io").read_text().partition("\nwrite_bytes: ")[2].split()[0])
    return total


def resident(pids: list[int]) -> int:
    """Bytes of memory in use."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return total


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the name before them may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


class Peak:
    """The most memory that processes had together, looked at five times a second until `stop`."""

    def __init__(self, pids: list[int]) -> None:
        self._pids, self._over, self._most = pids, threading.Event(), resident(pids)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """How many bytes it was."""
        self._over.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self._most = max(self._most, resident(self._pids))
