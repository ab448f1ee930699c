"""A disk that is read-only: at the start, at once under a running gateway, and only for a while.

Each needs something of the system that not every place permits, and is skipped where it does not.
"""

import asyncio
import fcntl
import struct
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import pytest

from globewire.message import MessageId, State
from stories.carriers import simulated
from stories.client import Customer, customer
from stories.house import PATIENCE, account, books, carrier, eventually, written
from stories.process import Process, refusal, serving

APART = ("unshare", "--mount", "--map-root-user")
ENOUGH = 20


async def ran(*words: str) -> int:
    """Run a command; its exit code, 127 where there is none of that name."""
    try:
        process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
    except FileNotFoundError:
        return 127
    async with asyncio.timeout(PATIENCE):
        return await process.wait()


async def refused(caller: Customer) -> None:
    """Sends are refused, all in the one way."""
    for n in range(ENOUGH):
        reply = await caller.try_send(f"852612{20_000 + n}", "x")
        assert (reply.status, reply.code) == (503, "ServiceUnavailable")


def told(process: Process) -> bool:
    """Whether the log says why and what to do, without a traceback."""
    log = "".join(process.log)
    return "the hold does not serve" in log and "its disk fails, or is mounted read-only" in log and "Traceback" not in log


@pytest.mark.parametrize("made", [False, True], ids=["no database yet", "a database"])
async def test_a_start_on_a_read_only_disk_is_refused_and_says_why(tmp_path: Path, made: bool) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    read_only = (*APART, "sh", "-c", f'mount --bind "{disk}" "{disk}" && mount -o remount,bind,ro "{disk}" && exec "$@"', "sh")
    if await ran(*read_only, "true"):
        pytest.skip("a mount of one's own is not permitted here")
    text = written(disk, account())
    if made:
        async with serving(tmp_path, text) as process:
            assert await process.stop() == 0
    code, said = await refusal(tmp_path, text, read_only)
    assert code == 2
    assert "its disk is mounted read-only: look into the system's log for why, and mount it writable" in said
    assert "Traceback" not in said
    async with serving(tmp_path, text) as process, customer(process.address) as caller:
        assert (await caller.try_send("85261230000", "x")).code == "OK"


# --- a file system that meets an error, as disks make it do -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Disk:
    """An ext4 of its own, mounted at `folder` for whoever is started `within`."""

    folder: Path
    within: Sequence[str]
    errors: Path

    def fail(self) -> None:
        """Let it meet an error: it is read-only from here on, until it is unmounted and repaired."""
        self.errors.write_text("1")


@asynccontextmanager
async def mounted(image: Path, folder: Path) -> AsyncIterator[Disk]:
    """The file system in `image`, mounted where nobody else sees it."""
    script = (
        f'mount -o loop,errors=remount-ro "{image}" "{folder}" && findmnt -no SOURCE "{folder}" && read -r _; umount "{folder}"'
    )
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--mount", "sh", "-c", script), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    device = Path((await process.stdout.readline()).decode().strip()).name
    try:
        if not device:
            pytest.skip("a disk of one's own is not permitted here")
        inside = ("nsenter", f"--mount=/proc/{process.pid}/ns/mnt", "--")
        yield Disk(folder, inside, Path("/sys/fs/ext4", device, "trigger_fs_error"))
    finally:
        process.stdin.close()
        await process.wait()


async def test_a_disk_that_becomes_read_only_under_a_running_gateway_is_no_false_promise(tmp_path: Path) -> None:
    """Nothing is said to be accepted that is not; repaired, it has all that was."""
    image, folder = tmp_path / "image", tmp_path / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    if await ran("mkfs.ext4", "-q", str(image)):
        pytest.skip("mkfs.ext4 is not here")
    text = written(folder, account())
    async with (
        mounted(image, folder) as disk,
        serving(tmp_path, text, within=disk.within) as process,
        customer(process.address) as caller,
    ):
        accepted = [await caller.send(f"852612{10_000 + n}", "x") for n in range(ENOUGH)]
        assert await ran(*disk.within, "sync") == 0
        disk.fail()
        await refused(caller)
        for message in accepted:
            assert (await caller.query(message))["Message"] == "x"
        await process.kill()
    assert told(process)
    assert await ran("e2fsck", "-fy", str(image)) in (0, 1)
    async with (
        mounted(image, folder) as disk,
        serving(tmp_path, text, within=disk.within) as process,
        customer(process.address) as caller,
    ):
        for message in accepted:
            assert (await caller.query(message))["Message"] == "x"
        assert (await caller.try_send("85261230000", "x")).code == "OK"
        assert await process.stop() == 0


# --- for a while -----------------------------------------------------------------------------------------------------------

GET_FLAGS, SET_FLAGS, IMMUTABLE = 0x80086601, 0x40086602, 0x10
"""ioctl_iflags(2)."""


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """No file of `folder` can be written, not even by whoever has it open, while this lasts.

    SQLite's index to its log is left out: it is mapped memory, and what has it mapped goes on writing to it on a disk that is
    read-only, but is killed for it by the flag."""
    kept: list[tuple[Path, int]] = []
    try:
        for path in (path for path in folder.iterdir() if not path.name.endswith("-shm")):
            kept.append((path, flags(path, IMMUTABLE)))
        yield
    finally:
        for path, before in kept:
            flags(path, IMMUTABLE, before)


def flags(path: Path, mask: int, value: int | None = None) -> int:
    """Set the flags of `mask`, or give them `value`; what all were before."""
    with path.open("rb") as file:
        (before,) = struct.unpack("l", fcntl.ioctl(file, GET_FLAGS, bytes(struct.calcsize("l"))))
        fcntl.ioctl(file, SET_FLAGS, struct.pack("l", before | mask if value is None else value))
    return int(before)


def flagged(folder: Path) -> bool:
    """Whether `unwritable` can be had here."""
    probe = folder / "probe"
    with probe.open("wb", buffering=0) as file:
        try:
            with unwritable(folder):
                return _refuses(file)
        except OSError:
            return False
        finally:
            probe.unlink()


def _refuses(file: FileIO) -> bool:
    try:
        file.write(b"x")
    except PermissionError:
        return True
    return False


async def test_when_it_is_writable_again_it_goes_on_by_itself(tmp_path: Path) -> None:
    """The same process accepts again, and all that it had accepted arrives, each once."""
    place = tmp_path / "disk"
    place.mkdir()
    if not flagged(place):
        pytest.skip("files here have no flag that makes them immutable for whoever has them open, or it is not permitted")
    async with simulated() as (simulator, address):
        text = written(place, carrier("north", address), account())
        async with serving(tmp_path, text) as process, customer(process.address) as caller, books(place) as looking:
            accepted: list[MessageId] = [await caller.send(f"852612{10_000 + n}", "x") for n in range(ENOUGH)]
            with unwritable(place):
                await refused(caller)

            async def accepts() -> MessageId | None:
                reply = await caller.try_send("85261230000", "x")
                return reply.id if reply.code == "OK" else None

            accepted.append(await eventually(accepts))
            for message in accepted:
                await looking.until(message, State.DELIVERED)
            assert await process.stop() == 0
        assert told(process)
        parts = Counter(taken.destination for taken in simulator.taken.values())
        assert set(parts.values()) == {1}
        assert len(parts) == len(accepted)
