"""What a command did, and a gateway that runs as a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@contextmanager
def running(*words: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """A command that runs on. It is told to stop at the end, if it still runs; what it logged is in the file `stderr`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GLOBEWIRE_")}
    command = [sys.executable, "-m", "globewire", *words]
    with (cwd / "stderr").open("w") as errors:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def started(*words: str, cwd: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The same, once it has printed a line of JSON, and that line."""
    with running(*words, cwd=cwd) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (cwd / "stderr").read_text()
        yield process, json.loads(line)
