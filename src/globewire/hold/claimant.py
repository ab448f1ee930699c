"""A stage of a gateway with a SQLite file belongs to one process: it says so with a lock that its death gives up."""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from globewire.hold.schema import SchemaFault


class Claimant:
    """Locks of stages, each a byte of the file beside the database; the system frees them when the process ends."""

    def __init__(self, path: Path, stages: Iterable[str], known: tuple[str, ...]) -> None:
        """SchemaFault where another process does one of these stages on this file."""
        self._descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for stage in stages:
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, known.index(stage))
            except OSError as fault:
                self.release_now()
                raise SchemaFault(
                    f"another process already does `{stage}` on {path}: stop it first, or name another database in [hold] url"
                ) from fault

    def release_now(self) -> None:
        """Give the stages up."""
        os.close(self._descriptor)

    async def release(self) -> None:
        """Give the stages up, as one of the stops of a gateway."""
        self.release_now()
