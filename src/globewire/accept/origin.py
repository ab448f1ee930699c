"""Who is behind a trusted proxy: the client's address, and whether it came over TLS. It decides nothing else about them.

Only a peer that the operator named is believed, and of what it forwards only the part that named proxies wrote.
"""

import ipaddress
from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def trusted(peer: str, proxies: Sequence[Network]) -> bool:
    """Whether the operator named this address as a proxy's."""
    address = _address(peer)
    return address is not None and any(address in network for network in proxies)


def behind(peer: str, secure: bool, headers: Iterable[tuple[bytes, bytes]], proxies: Sequence[Network]) -> tuple[str, bool]:
    """Address and TLS of the client of a trusted `peer`: the last hop of X-Forwarded-For that is not a proxy itself.

    A hop that is no address ends the search at whoever reported it. The last X-Forwarded-Proto counts, where there is one.
    """
    hops: list[str] = []
    for name, value in headers:
        if name == b"x-forwarded-for":
            hops += value.decode("latin-1").split(",")
        elif name == b"x-forwarded-proto":
            secure = value.decode("latin-1").split(",")[-1].strip().lower() == "https"
    for hop in reversed(hops):
        address = _address(_without_port(hop.strip()))
        if address is None:
            break
        peer = str(address)
        if not any(address in network for network in proxies):
            break
    return peer, secure


def plain(peer: str) -> str:
    """A socket's peer as it is usually written: no zone, and no IPv6 around an IPv4 address."""
    address = _address(peer)
    return peer if address is None else str(address)


def _address(text: str) -> Address | None:
    """The address, an IPv4 one within IPv6 as IPv4; None for anything else."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _without_port(hop: str) -> str:
    """`192.0.2.1:555` and `[2001:db8::1]:555` without the port."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
