"""A foreign SMSC to test our client against: npm's `smpp` under node, as a child process on an ephemeral port."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PATIENCE = 10.0


@dataclass
class ForeignSmsc:
    """A running foreign SMSC: where it listens, and what it said so far (`smsc.js` has the events)."""

    port: int
    process: asyncio.subprocess.Process
    host: str = "127.0.0.1"
    events: list[dict[str, Any]] = field(default_factory=list)

    async def until(self, event: str, count: int = 1) -> dict[str, Any]:
        """The `count`th event of this name, waiting for it where it has not come. TimeoutError after 10 s."""
        async with asyncio.timeout(PATIENCE):
            while len(found := [said for said in self.events if said["event"] == event]) < count:
                self.events.append(await _next(self.process))
        return found[count - 1]


@asynccontextmanager
async def foreign_smsc(*, ids: str = "decimal", password: str = "", receipts: str = "yes") -> AsyncIterator[ForeignSmsc]:
    """Run the foreign SMSC; `ids` is decimal, hex or hex-decimal (response, then receipt), `receipts` yes or no. Skips the test
    where it cannot run."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node (Debian's package nodejs)")
    if not (HERE / "node_modules" / "smpp").is_dir():
        pytest.skip("needs npm's smpp: run npm ci --prefix tests/peers")
    process = await asyncio.create_subprocess_exec(
        node,
        str(HERE / "smsc.js"),
        *("--ids", ids, "--password", password, "--receipts", receipts),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            listening = await _next(process)
        yield ForeignSmsc(listening["port"], process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _next(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("the foreign SMSC ended")
    said: dict[str, Any] = json.loads(line)
    return said
