"""What the process runs that writes for a gateway: `python -m globewire.hold.writer_main DESCRIPTOR PARENT PATH`.

It serves what comes over the socket, as long as the process that started it lives: once that one is gone nobody is told what came
of anything, another may have taken its place, and what it leased now would be nobody's. It ends when it is told so, never by a
signal that a terminal or a supervisor gives to all processes of the gateway.
"""

import gc
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from globewire.child import ignore_signals
from globewire.hold.checkpoints import Checkpoints
from globewire.hold.sums import WRITERS_CACHE, connected
from globewire.hold.transactions import MOST, Asked, Transactions
from globewire.hold.triggers import add_triggers
from globewire.pickles import OVER, Pickles, pickled

_RECEIVED = 1 << 18
"""Octets read at once."""


def main(descriptor: int, parent: int, path: Path) -> None:
    """Serve until the gateway says that it is over, or is gone."""
    ignore_signals()
    link = socket.socket(fileno=descriptor)
    writing, copying = connected(path, WRITERS_CACHE), connected(path)
    add_triggers(writing)
    transactions = Transactions(writing, lambda: None if os.getppid() == parent else _abandon())
    checkpoints = Checkpoints(path, writing, copying)
    gc.freeze()
    _send(link, pickled(None))
    try:
        _serve(link, transactions, checkpoints)
    finally:
        checkpoints.close()
        copying.close()
        writing.close()


def _serve(link: socket.socket, transactions: Transactions, checkpoints: Checkpoints) -> None:
    for asked in _asked(link):
        for served in transactions.serve(asked):
            _send(link, pickled(served))
        checkpoints.look()


def _asked(link: socket.socket) -> Iterator[list[Asked]]:
    """What comes, as much as one transaction is to serve, until nothing more will."""
    pickles = Pickles()
    while True:
        came = list(pickles.feed(_received(link)))
        asked = [one for some in came if some is not OVER for one in some]
        yield from (asked[at : at + MOST] for at in range(0, len(asked), MOST))
        if OVER in came:
            return


def _received(link: socket.socket) -> bytes:
    try:
        octets = link.recv(_RECEIVED)
    except OSError:
        octets = b""
    return octets or _abandon()


def _send(link: socket.socket, octets: bytes) -> None:
    try:
        link.sendall(octets)
    except OSError:
        _abandon()


def _abandon() -> NoReturn:
    """The gateway is gone: leave all as it is, as a crash does."""
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
