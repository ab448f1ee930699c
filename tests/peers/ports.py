"""Ports for programs that cannot be told "any port"."""

import socket
from itertools import islice
from random import SystemRandom

OURS = range(20_000, 32_000)
"""Below those that the system gives to whoever asks for any, and to every connection (on Linux from 32768 on)."""


def free_ports(count: int) -> list[int]:
    """So many ports of 127.0.0.1 that are free, and that nobody is likely to get before they are used."""
    return list(islice(filter(_free, SystemRandom().sample(OURS, len(OURS))), count))


def free_port() -> int:
    """One of them."""
    (port,) = free_ports(1)
    return port


def _free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
