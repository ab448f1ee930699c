"""Kannel beside us: Debian's bearerbox and smsbox, with no store, on ports of 127.0.0.1 that are free.

Its configuration is that of the neutral harness. It takes messages unsigned, and keeps nothing on disk.
"""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import traffic
from gateway import Sink, free_port, said, until
from load import YES
from process import running

CONFIGURATION = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = bench
admin-deny-ip = "*.*.*.*"
admin-allow-ip = 127.0.0.1
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = 127.0.0.1
log-file = "{folder}/bearerbox.log"
log-level = 1

group = smsc
smsc = smpp
smsc-id = sink
host = 127.0.0.1
port = {smpp}
transceiver-mode = true
smsc-username = bench
smsc-password = bench
system-type = ""
instances = {binds}

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {api}
sendsms-interface = 127.0.0.1
log-file = "{folder}/smsbox.log"
log-level = 1

group = sendsms-user
username = bench
password = bench
"""


def programs() -> list[str]:
    """Where bearerbox and smsbox are; fewer than two where Kannel is not installed (Debian's package kannel)."""
    found = [shutil.which(name) or shutil.which(name, path="/usr/sbin") for name in ("bearerbox", "smsbox")]
    return [program for program in found if program]


@dataclass(frozen=True, slots=True)
class Kannel:
    """A running Kannel: its processes, and the port of its sendsms."""

    pids: list[int]
    port: int
    accounts: int = 1
    name: str = "kannel"

    def commits(self) -> int | None:
        """It has no store."""
        return None

    @classmethod
    @contextmanager
    def started(cls, folder: Path, sink: Sink, binds: int = 1) -> Iterator[Self]:
        """A Kannel that delivers to the sink, until the block ends."""
        folder.mkdir(exist_ok=True)
        file, log = folder / "kannel.conf", folder / "kannel.log"
        boxes, api = free_port(), free_port()
        file.write_text(CONFIGURATION.format(admin=free_port(), boxes=boxes, api=api, smpp=sink.smpp, binds=binds, folder=folder))
        bearerbox, smsbox = programs()
        with (
            log.open("wb") as output,
            running([bearerbox, "-v", "4", str(file)], stdout=output, stderr=output) as core,
        ):
            until(lambda: _listens(boxes), [core], log)
            with running([smsbox, "-v", "4", str(file)], stdout=output, stderr=output) as box:
                until(lambda: _connected(folder / "smsbox.log"), [core, box], log)  # a message before that makes it panic
                k = sink.take(1)
                (request,) = traffic.sendsms(k, 1, api, sink.http)
                until(lambda: YES["kannel"][1] in said(api, request), [core, box], log)
                until(lambda: sink.told(k) and sink.ask("/stats")["bound"] == binds, [core, box], log)
                yield cls([core.pid, box.pid], api)


def _connected(log: Path) -> bool:
    return log.exists() and "Connected to bearerbox" in log.read_text(errors="replace")


def _listens(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0
