"""The gateway as a child process: started, waited for, killed, or stopped as an operator would."""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import orjson

PATIENCE = 60.0
"""Seconds that a start or a stop may take."""
LAST_LINES = 5


class ChildFault(Exception):
    """The gateway did what it must not: it did not start, it ended by itself, or it did not stop."""


class Child:
    """One life of the gateway. It has a process group of its own, so that Ctrl-C here does not stop it behind our back."""

    def __init__(self, process: Process, log: Path) -> None:
        self._process, self._log = process, log
        self._ended = asyncio.create_task(process.wait())

    @classmethod
    async def start(cls, command: Sequence[str], folder: Path, more: Mapping[str, str]) -> "Child":
        """Run `command` in `folder` with `more` in its environment; what it logs is added to gateway.log. OSError."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GLOBEWIRE_")}
        log = folder / "gateway.log"
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=folder, env=environment | dict(more), stdout=PIPE, stderr=errors, start_new_session=True
            )
        return cls(process, log)

    async def ready(self) -> tuple[str, int]:
        """Where its API listens, once it does."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE):
                line = await self._process.stdout.readline()
                host, _, port = str(orjson.loads(line)["api"]).rpartition("/")[2].rpartition(":")
                return host, int(port)
        except (TimeoutError, ValueError, KeyError, TypeError) as fault:
            raise ChildFault(f"the gateway did not start: {self._last()}") from fault

    async def lives(self, seconds: float) -> None:
        """Return after `seconds`. ChildFault where it ends by itself before."""
        await asyncio.wait([self._ended], timeout=seconds)
        if self._ended.done():
            raise ChildFault(f"the gateway ended by itself, with code {self._ended.result()}: {self._last()}")

    async def kill(self) -> None:
        """SIGKILL, and return when it is gone."""
        if not self._ended.done():
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        await self._ended

    async def stop(self) -> None:
        """SIGTERM. ChildFault where it does not end well."""
        if not self._ended.done():
            self._process.terminate()
        await asyncio.wait([self._ended], timeout=PATIENCE)
        if not self._ended.done():
            raise ChildFault(f"the gateway did not stop within {PATIENCE:.0f} s")
        if self._ended.result():
            raise ChildFault(f"the gateway stopped with code {self._ended.result()}: {self._last()}")

    def _last(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return " | ".join(lines[-LAST_LINES:]) or "it said nothing"
