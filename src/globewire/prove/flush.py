"""How long the disk under test takes to flush: the least time that an honest OK can take."""

import os
import tempfile
import time
from pathlib import Path

PROBES = 200
PAGE = 4096


def flush_times(folder: Path) -> tuple[float, float, float]:
    """Milliseconds from a page's write to its flush (fdatasync) in `folder`: median, 95th and 99th percentile of 200."""
    with tempfile.TemporaryFile(dir=folder) as file:
        times = sorted(_flush(file.fileno()) for _ in range(PROBES))
    return times[PROBES // 2], times[PROBES * 95 // 100], times[PROBES * 99 // 100]


def _flush(fd: int) -> float:
    os.write(fd, bytes(PAGE))
    began = time.perf_counter()
    os.fdatasync(fd)
    return round((time.perf_counter() - began) * 1000, 3)
