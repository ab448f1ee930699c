"""The connections callbacks are allowed to make: every address is checked right where the socket to it is opened.

A name is resolved once for each connection, and only addresses that `verdict.endpoint` allows are connected to, so a name that
means something else a moment later changes nothing. A literal address passes the same check.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from aiohappyeyeballs import AddrInfoType, start_connection

from globewire.verdict import endpoint

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""A name's numeric addresses, or OSError."""

HEAD_START = 0.25
"""Seconds that one address of a name has before the next one is tried beside it (RFC 8305 section 5)."""


class AddressRefused(OSError):
    """The address is not one that callbacks may go to."""


async def connected(host: str, port: int, resolve: Resolve, *, private: bool) -> socket.socket:
    """A socket connected to an allowed address of `host`; `private` permits private and loopback ones too.

    AddressRefused where it has others only, OSError where none answers.
    """
    addresses = await _allowed(host, resolve, private)
    try:
        return await start_connection([_info(address, port) for address in addresses], happy_eyeballs_delay=HEAD_START)
    except RuntimeError as fault:  # which uvloop raises for some errors of the socket
        raise OSError("the socket cannot be connected") from fault


async def _allowed(host: str, resolve: Resolve, private: bool) -> list[str]:
    """The allowed addresses of `host`, in the resolver's order; at least one."""
    found = [host] if _literal(host) else await resolve(host)
    if not found:
        raise OSError("the name has no address")
    addresses = [address for address in found if endpoint.allowed(address, private)]
    if not addresses:
        raise AddressRefused("the name has no address that callbacks may go to")
    return addresses


def _literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _info(address: str, port: int) -> AddrInfoType:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)


def system_resolve(threads: ThreadPoolExecutor) -> Resolve:
    """Resolve by the machine's own resolver, in `threads`: it blocks, so each endpoint in flight needs one of its own."""

    async def resolve(host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(threads, _getaddrinfo, host)
        return list(dict.fromkeys(str(info[4][0]) for info in found))

    return resolve


def _getaddrinfo(host: str) -> list[AddrInfoType]:
    return list(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG))
