"""What figures depend on: the machine, its kernel, its disk and what else it does."""

import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

from load import percentiles


def machine(folder: Path) -> dict[str, Any]:
    """Processor, kernel, Python, the folder's file system, and the load average now."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    kind = subprocess.run(["stat", "-f", "-c", "%T", str(folder)], capture_output=True, text=True, check=False).stdout.strip()
    return {
        "processor": models[0] if models else platform.machine(), "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(), "python": platform.python_version(), "file_system": kind or "?",
        "load_before": round(os.getloadavg()[0], 2), "at": time.strftime("%Y-%m-%d %H:%M:%S %z"),
    }  # fmt: skip


class Stolen:
    """How much of the processors' time the host has given to others since this was made."""

    def __init__(self) -> None:
        self._stolen, self._all = _ticks()

    def share(self) -> float:
        """Of all processors' time, 0 to 1."""
        stolen, all_ = _ticks()
        return round((stolen - self._stolen) / max(1, all_ - self._all), 3)


def _ticks() -> tuple[int, int]:
    ticks = [int(field) for field in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    return ticks[7], sum(ticks)


def flush_times(folder: Path, times: int = 200) -> list[float | None]:
    """How long the disk takes to flush 4 KiB that were appended to a file: p50, p95, p99 in ms."""
    took: list[float] = []
    with (folder / "flush").open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(b"\0" * 4096)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    (folder / "flush").unlink()
    return percentiles(sorted(took), 50, 95, 99)
