"""A child of this process: Python that runs a module of this program, with a socket between the two of them.

It is told its end of the socket by number, before all other arguments. `pickles` is what goes over it.
"""

import asyncio
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from typing import TypeVar

P = TypeVar("P", bound=asyncio.Protocol)


async def child(program: tuple[str, ...], *arguments: str, make: Callable[[], P]) -> tuple[P, Process]:
    """Start Python with `program`, then these; what `make` made speaks to it. OSError where it cannot be started."""
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            command = (sys.executable, *program, str(theirs.fileno()), *arguments)
            process = await asyncio.create_subprocess_exec(*command, pass_fds=[theirs.fileno()])
        _, speaker = await asyncio.get_running_loop().create_connection(make, sock=ours)
    except BaseException:  # by which the child, if there is one, knows that it is over
        ours.close()
        raise
    return speaker, process


def module(name: str) -> tuple[str, ...]:
    """The program that is a module of this one; nothing that lies in the working directory."""
    return ("-P", "-m", name)


def ignore_signals() -> None:
    """In a child: end when the parent says so or is gone, never by a signal that a terminal or a supervisor gives to all processes
    of the gateway."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
