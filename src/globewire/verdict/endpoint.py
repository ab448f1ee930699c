"""Whether callbacks may go to a URL, and to an address: so that an account's endpoint cannot be a door into our own network.

Values in, a decision out. Nothing is resolved or connected to here: `tell.address` asks `allowed` of the address that a
connection really uses; `fault` is for the moment at which an endpoint is set, and catches what can be seen in the URL alone.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

URL_LENGTH = 2048
_VISIBLE = re.compile(r"[!-\[\]-~]*")
_SERVER = re.compile(r"[^/?#]*(?://[^/?#]*)?")


def server_of(url: str) -> str:
    """How `url` begins: its scheme, and where it has one its authority."""
    found = _SERVER.match(url)
    return found[0] if found else ""


def fault(url: str, private: bool = False) -> str:
    """What is wrong with `url` as a callback endpoint, as a sentence, or "" where nothing is.

    `private` permits the private and loopback addresses, as the configuration may. A name is judged when it is connected to.
    """
    if len(url) > URL_LENGTH:
        return f"the URL is longer than {URL_LENGTH} characters"
    if not _VISIBLE.fullmatch(url):
        return "the URL has a space, a backslash, a control character or one outside ASCII: percent-encode it"
    return _fault(server_of(url), private)


@lru_cache(maxsize=4096)
def allowed(address: str, private: bool = False) -> bool:
    """Whether a callback may connect to `address`, a numeric IPv4 or IPv6 address; `private` as for `fault`.

    An IPv4 address inside an IPv6 one (mapped, ::ffff:0:0/96, or NAT64, 64:ff9b::/96) counts as that IPv4 address.
    Link-local, multicast, documentation and metadata addresses are refused always. What is no address is refused.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        inner = _inner(ip)
        if inner is None:
            return _allowed6(ip, private)
        ip = inner
    return _allowed4(ip, private)


@lru_cache(maxsize=4096)
def _fault(server: str, private: bool) -> str:
    try:
        split = urlsplit(server)
        split.port  # noqa: B018 - reading it is the check: ValueError where it is not 0 to 65535
    except ValueError:
        return "the URL cannot be read"
    host = split.hostname or ""
    if split.scheme not in ("http", "https"):
        return "the URL begins neither with https:// nor with http://"
    if "@" in split.netloc:
        return "the URL has a user name or password in it: use the signature header instead"
    if not host or split.port == 0:
        return "the URL has no host, or port 0"
    if ("[" in split.netloc or _numeric(host)) and not allowed(host, private):
        return f"{host} is not a public address"
    return ""


def _numeric(host: str) -> bool:
    """Whether a host is meant as a number. Some resolvers read 127.1, 2130706433, 0x7f.1 and 0177.0.0.1 as addresses too."""
    last = host.rstrip(".").rpartition(".")[2]
    return last.isdigit() or (last.startswith("0x") and not last[2:].strip("0123456789abcdef"))


# IANA's special-purpose registries, less what callbacks can use. Not `is_global`: its answers change between Python releases.
_NEVER4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host on this network: connects to loopback
        "100.100.100.200/32",  # a cloud's metadata service, inside the shared space
        "168.63.129.16/32",  # a cloud's metadata service, though in public space
        "169.254.0.0/16",  # link-local: most clouds' metadata services
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_PRIVATE4 = tuple(
    IPv4Network(network) for network in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
_GLOBAL6 = IPv6Network("2000::/3")
_NEVER6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address of any kind inside
        "3fff::/20",  # documentation
        "fd00:ec2::/32",  # a cloud's metadata service
    )
)
_PRIVATE6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
_NAT64 = IPv6Network("64:ff9b::/96")


def _allowed4(ip: IPv4Address, private: bool) -> bool:
    if any(ip in network for network in _NEVER4):
        return False
    return private or not any(ip in network for network in _PRIVATE4)


def _allowed6(ip: IPv6Address, private: bool) -> bool:
    if ip.scope_id or any(ip in network for network in _NEVER6):
        return False
    return ip in _GLOBAL6 or (private and any(ip in network for network in _PRIVATE6))


def _inner(ip: IPv6Address) -> IPv4Address | None:
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None
