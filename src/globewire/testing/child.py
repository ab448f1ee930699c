"""A gateway in a child process: written a configuration, started, and ended with whoever started it. `__main__` is the child."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

KEY = "globewire-test"
ACCOUNT = "test"
STOPPED_WITHIN = 15.0
"""Seconds that it has to end; then it is killed."""


class Child:
    """A gateway that runs. `endpoint` is host:port; the key is one made for it."""

    def __init__(self, process: "subprocess.Popen[str]", folder: "TemporaryDirectory[str]", endpoint: str, secret: str) -> None:
        self.endpoint = endpoint
        self.access_key_id, self.access_key_secret = KEY, secret
        self._process, self._folder = process, folder

    @classmethod
    def start(cls, callback: str, quota: Mapping[str, int], configuration: str) -> Self:
        """Start one and return when it serves. ChildProcessError with what it said where it does not."""
        folder = TemporaryDirectory(prefix="globewire-", ignore_cleanup_errors=True)
        secret = secrets.token_urlsafe(24)
        file, log = Path(folder.name, "globewire.toml"), Path(folder.name, "log")
        file.write_text(_written(secret, callback, quota, configuration), encoding="utf-8")
        command = [sys.executable, "-m", "globewire.testing", "serve", "--config", str(file), "--json"]
        with log.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=_environment(folder.name)
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            process.wait()
            said = log.read_text(encoding="utf-8", errors="replace")[-2000:].strip()
            folder.cleanup()
            raise ChildProcessError(f"the emulator did not start: {said}")
        return cls(process, folder, json.loads(line)["api"].partition("://")[2], secret)

    def stop(self) -> None:
        """End it and remove its files; nothing the second time."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOPPED_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._folder.cleanup()


def _written(secret: str, callback: str, quota: Mapping[str, int], configuration: str) -> str:
    """The configuration: what is wanted, and an account with a key."""
    calls = ", ".join(f"{operation} = {most}" for operation, most in quota.items())
    return f"""{configuration}
[[account]]
id = "{ACCOUNT}"
key = [{{ id = "{KEY}", secret = "{secret}" }}]
callback = {json.dumps(callback)}
quota = {{ {calls} }}
"""


def _environment(folder: str) -> dict[str, str]:
    """The environment, which wins over the configuration: a free port, a database of its own, endpoints on this machine.
    Settings of a gateway that is not this one are left out."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("GLOBEWIRE_")}
    own = {"API_LISTEN": "127.0.0.1:0", "HOLD_URL": f"sqlite://{folder}/emulator.db", "CALLBACKS_ALLOW_PRIVATE": "true"}
    return others | {f"GLOBEWIRE_{name}": value for name, value in own.items()}
