"""Kannel as a foreign ESME: Debian's bearerbox and smsbox as child processes, on loopback and ephemeral ports."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from peers.ports import free_ports

PATIENCE = 20.0

CONFIGURATION = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = test
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = simulated
host = 127.0.0.1
port = {smsc}
transceiver-mode = true
smsc-username = {system_id}
smsc-password = {password}
system-type = test

group = smsbox
smsbox-id = box
bearerbox-host = 127.0.0.1
sendsms-port = {http}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = test
password = test

group = sms-service
keyword = default
max-messages = 0
text = none
"""


@asynccontextmanager
async def kannel(directory: Path, smsc: int, system_id: str, password: str) -> AsyncIterator[int]:
    """Run Kannel against the SMSC on loopback port `smsc`; gives the port of its sendsms service. Skips where not installed."""
    bearerbox, smsbox = (shutil.which(name) or shutil.which(name, path="/usr/sbin") for name in ("bearerbox", "smsbox"))
    if bearerbox is None or smsbox is None:
        pytest.skip("install Debian's package kannel")
    admin, boxes, http = free_ports(3)
    file = directory / "kannel.conf"
    words = {"admin": admin, "boxes": boxes, "http": http, "smsc": smsc, "system_id": system_id, "password": password}
    file.write_text(CONFIGURATION.format(**words))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_running(bearerbox, file, "entering mainloop"))
        await stack.enter_async_context(_running(smsbox, file, "Connected to bearerbox"))
        yield http


@asynccontextmanager
async def _running(program: str, file: Path, ready: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        program, str(file), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    reading: asyncio.Task[None] | None = None
    try:
        async with asyncio.timeout(PATIENCE):
            await _read_until(process.stdout, ready)
        reading = asyncio.create_task(_read_until(process.stdout, None))  # so that its log never fills the pipe
        yield
    finally:
        if process.returncode is None:
            process.kill()  # its orderly end takes seconds, and there is nothing to keep
        if reading is not None:
            await reading
        await process.wait()


async def _read_until(stream: asyncio.StreamReader, words: str | None) -> None:
    last = b""
    async for line in stream:
        if words is not None and words.encode() in line:
            return
        last = line
    if words is not None:
        raise RuntimeError(f"it ended before it was ready: {last!r}")
