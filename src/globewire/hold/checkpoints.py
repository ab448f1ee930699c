"""Checkpoints: what a write-ahead log has is copied into its file again and again, beside the writer, which waits for none."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import apsw

from globewire.hold import sums

EVERY = 0.25
"""Seconds from one checkpoint's start to the next. While the file is flushed, the log's flushes wait: at every 2 s the slowest
answers (p99, 1,000 a second) took 27 ms, at this 17 ms."""
CAUGHT_UP = 8_000
"""Pages (4 KiB) of log past which the writer itself copies the little that the last checkpoint left, so that the log begins anew:
beside a writer that never rests no checkpoint catches up. It takes two milliseconds; emptying 128 MiB of log took fifty."""
LOG_LIMIT = 128 * 1024 * 1024
"""Bytes of log past which it is emptied all the same: somebody's reading kept it from beginning anew."""


class Checkpoints:
    """Those of the file at `path`: the copying goes by a connection and a thread of its own."""

    def __init__(self, path: Path, writing: apsw.Connection, copying: apsw.Connection) -> None:
        self._log = path.with_name(path.name + "-wal")
        self._writing, self._copying = writing, copying
        self._thread = ThreadPoolExecutor(1, "hold-checkpoint")
        self._copied = self._thread.submit(lambda: 0)
        self._due = monotonic() + EVERY

    def look(self) -> None:
        """Begin one where it is time; called by the writer between transactions."""
        if monotonic() < self._due or not self._copied.done():
            return
        self._due = monotonic() + EVERY
        if self._log.stat().st_size > LOG_LIMIT:
            _empty(self._writing)
            return
        if self._copied.result() > CAUGHT_UP:
            _copy(self._writing)
        self._copied = self._thread.submit(_copy, self._copying)

    def close(self) -> None:
        """Let the last one end."""
        self._thread.shutdown()


def _copy(connection: apsw.Connection, how: int = apsw.SQLITE_CHECKPOINT_PASSIVE) -> int:
    """Copy pages from the log into the file; how many the log had."""
    try:
        return connection.wal_checkpoint(mode=how)[0]
    except apsw.Error:
        return 0  # the log keeps what was not copied; the next checkpoint copies it


def _empty(connection: apsw.Connection) -> None:
    """Copy all that nobody's reading holds back, and empty the log where nobody reads: nobody is waited for meanwhile, since
    whoever sends waits too."""
    connection.set_busy_timeout(0)
    _copy(connection, apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.set_busy_timeout(sums.PATIENCE)
