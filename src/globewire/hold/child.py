"""The program of the process that writes for a gateway (`apart`): `python -m globewire.hold.child DESCRIPTOR PARENT PATH`.

It serves what comes over the socket, as long as the process that started it lives: once that one is gone nobody is told what came
of anything, another may have taken its place, and what it leased now would be nobody's. It ends when it is told so, never by a
signal that a terminal or a supervisor gives to all processes of the gateway.
"""

import gc
import os
import signal
import socket
import sys
from collections import deque
from math import inf
from pathlib import Path
from time import perf_counter
from typing import NoReturn

from globewire.hold.checkpoints import Checkpoints
from globewire.hold.frame import OVER, Frames, frame
from globewire.hold.rest import ENOUGH, rest
from globewire.hold.sums import WRITERS_CACHE, connected
from globewire.hold.transactions import MOST, Asked, Transactions
from globewire.hold.triggers import add_triggers

_RECEIVED = 1 << 18
"""Octets read at once."""


class Inbox:
    """What the gateway asked and has not been served."""

    def __init__(self, link: socket.socket) -> None:
        self._link, self._frames = link, Frames()
        self._asked: deque[Asked] = deque()
        self._over = False

    def wait(self, wanted: int, until: float) -> bool:
        """Return when so much was asked, or the time is over, or nothing more will be; whether anything was asked."""
        while len(self._asked) < wanted and not self._over and (left := until - perf_counter()) > 0:
            self._link.settimeout(None if left == inf else left)
            try:
                octets = self._link.recv(_RECEIVED)
            except TimeoutError:
                break
            except OSError:
                octets = b""
            if not octets:
                _abandon()
            for asked in self._frames.feed(octets):
                if asked is OVER:
                    self._over = True
                else:
                    self._asked += asked
        return bool(self._asked)

    def take(self) -> list[Asked]:
        """What one transaction is to serve."""
        return [self._asked.popleft() for _ in range(min(len(self._asked), MOST))]


def main(descriptor: int, parent: int, path: Path) -> None:
    """Serve until the gateway says that it is over, or is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    link = socket.socket(fileno=descriptor)
    writing, copying = connected(path, WRITERS_CACHE), connected(path)
    add_triggers(writing)
    transactions = Transactions(writing, lambda: None if os.getppid() == parent else _abandon())
    checkpoints = Checkpoints(path, writing, copying)
    gc.freeze()
    _send(link, frame(None))
    try:
        _serve(link, transactions, checkpoints)
    finally:
        checkpoints.close()
        copying.close()
        writing.close()


def _serve(link: socket.socket, transactions: Transactions, checkpoints: Checkpoints) -> None:
    inbox = Inbox(link)
    rested = 0.0
    while inbox.wait(1, inf):
        inbox.wait(ENOUGH, rested)
        asked = inbox.take()
        began = perf_counter()
        for served in transactions.serve(asked):
            _send(link, frame(served))
        checkpoints.look()
        ended = perf_counter()
        rested = ended + rest(ended - began, len(asked))


def _send(link: socket.socket, octets: bytes) -> None:
    link.settimeout(None)
    try:
        link.sendall(octets)
    except OSError:
        _abandon()


def _abandon() -> NoReturn:
    """The gateway is gone: leave all as it is, as a crash does."""
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
