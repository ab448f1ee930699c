"""The gateway as a process of its own, as an operator runs it: to be killed, to be told to stop, to run out of disk."""

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from stories.house import PATIENCE

SOURCE = Path(__file__).parents[2] / "src"
STARTING = 60.0
"""Seconds that a start may take: several start at once, on a machine that does other things too."""


@dataclass(slots=True)
class Process:
    """A running `globewire serve`. `log` is what it has written to stderr."""

    process: asyncio.subprocess.Process
    address: tuple[str, int]
    log: list[str] = field(default_factory=list)

    async def kill(self) -> None:
        """End it and what it started without a word of warning."""
        os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    @property
    def writer(self) -> int:
        """The pid of the process that writes its file."""
        (writer,) = (pid for pid in pids() if parent_of(pid) == self.process.pid)
        return writer

    async def stop(self) -> int:
        """Tell it to stop; its exit code."""
        self.process.terminate()
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


def pids() -> list[int]:
    """The pids of all processes."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def parent_of(pid: int) -> int:
    """The pid of a process's parent; 0 where there is no such process, or not any more."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@asynccontextmanager
async def serving(folder: Path, text: str, file_limit: int = 0, within: Sequence[str] = ()) -> AsyncIterator[Process]:
    """Run it with this configuration, in `folder`. With `file_limit` no file that it writes can grow beyond so many bytes. `within`
    is a command that runs it, in a place of its own."""
    config = folder / "globewire.toml"
    config.write_text(text)
    process = await asyncio.create_subprocess_exec(
        *(*within, sys.executable, "-m", "globewire", "serve", "--config", str(config), "--json"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=partial(_limit, file_limit) if file_limit else None,
        start_new_session=True,
    )
    running = Process(process, ("", 0))
    reading = asyncio.create_task(_read(process, running.log))
    try:
        running.address = await _listening(process, running.log)
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def refusal(folder: Path, text: str, within: Sequence[str] = ()) -> tuple[int, str]:
    """The exit code and what is said where it refuses to start."""
    config = folder / "globewire.toml"
    config.write_text(text)
    process = await asyncio.create_subprocess_exec(
        *(*within, sys.executable, "-m", "globewire", "serve", "--config", str(config), "--json"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(STARTING):
        said, complained = await process.communicate()
    assert said == b""
    assert process.returncode is not None
    return process.returncode, complained.decode()


def _limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))  # soft, so that a test may lift it


async def _listening(process: asyncio.subprocess.Process, log: list[str]) -> tuple[str, int]:
    assert process.stdout is not None
    async with asyncio.timeout(STARTING):
        line = await process.stdout.readline()
    assert line, "".join(log)
    host, _, port = str(json.loads(line)["api"]).removeprefix("http://").rpartition(":")
    return host, int(port)


async def _read(process: asyncio.subprocess.Process, log: list[str]) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        log.append(line.decode())
