"""The connections callbacks are allowed to make: every address is checked where the socket for it is opened.

A name is resolved once, and only to addresses that `verdict.endpoint` allows; the socket is opened to one of these, so a name
that means something else a moment later changes nothing. Literal addresses and whatever else reaches a connect without
having been resolved here pass the same check at the socket.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from aiohappyeyeballs import AddrInfoType
from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from globewire.verdict import endpoint

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""A name's numeric addresses, or OSError."""

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: less than the five after which common servers close theirs."""


class AddressRefused(OSError):
    """The address is not one that callbacks may go to."""


def connector(resolve: Resolve, *, private: bool, connections: int) -> TCPConnector:
    """A connector that opens sockets to allowed addresses only; `private` permits private and loopback ones too."""

    def opened(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        if not endpoint.allowed(str(address[0]), private):
            raise AddressRefused("the address is not one that callbacks may go to")
        return socket.socket(family, kind, protocol)

    return TCPConnector(
        resolver=Resolver(resolve, private),
        use_dns_cache=False,
        socket_factory=opened,
        limit=connections,
        keepalive_timeout=KEEP_ALIVE,
    )


class Resolver(AbstractResolver):
    """Resolves a name to its allowed addresses; AddressRefused where it has others only. (aiohttp demands this parent.)"""

    def __init__(self, resolve: Resolve, private: bool) -> None:
        self._resolve = resolve
        self._private = private

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """The allowed addresses of `host`, in the resolver's order; at least one."""
        found = await self._resolve(host)
        if not found:
            raise OSError("the name has no address")
        addresses = [address for address in found if endpoint.allowed(address, self._private)]
        if not addresses:
            raise AddressRefused("the name has no address that callbacks may go to")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing to let go of: the resolving function belongs to whoever gave it."""


def system_resolve(threads: ThreadPoolExecutor) -> Resolve:
    """Resolve by the machine's own resolver, in `threads`: it blocks, so each endpoint in flight needs one of its own."""

    async def resolve(host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(threads, _getaddrinfo, host)
        return list(dict.fromkeys(str(info[4][0]) for info in found))

    return resolve


def _getaddrinfo(host: str) -> list[AddrInfoType]:
    return list(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG))
