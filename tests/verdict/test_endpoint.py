"""Which addresses and URLs callbacks may go to: the table of the ways in, and of what must stay open."""

import pytest

from globewire.verdict import endpoint

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "203.0.114.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]

PRIVATE = [
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.1.2.3",
    "127.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.255.255",
    "::1",
    "0:0:0:0:0:0:0:1",
    "fc00::1",
    "fd12:3456:789a::1",
    "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "0:0:0:0:0:ffff:10.0.0.1",
    "::ffff:192.168.1.1",
    "::FFFF:172.16.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.1.2.3",
    "64:ff9b::192.168.0.1",
]

NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::ffff:0.0.0.0",
    "::ffff:169.254.169.254",
    "::ffff:224.0.0.1",
    "::127.0.0.1",
    "::7f00:1",
    "::8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b::0.0.0.0",
    "64:ff9b:1::127.0.0.1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "::1%lo",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff02::1",
    "ff05::1:3",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "4000::1",
]

NO_ADDRESS = [
    "",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.0.0.01",
    "1.1.1.1.",
    "[::1]",
    "1.1.1.1:80",
    "1.1.1.1 ",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    """Both edges of every refused range are among these."""
    assert endpoint.allowed(address)
    assert endpoint.allowed(address, private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_only_where_the_configuration_says(address: str) -> None:
    assert not endpoint.allowed(address)
    assert endpoint.allowed(address, private=True)


@pytest.mark.parametrize("address", NEVER + NO_ADDRESS)
def test_these_never(address: str) -> None:
    """Metadata services, link-local, multicast, reserved, tunnels, documentation, and what is no address at all."""
    assert not endpoint.allowed(address)
    assert not endpoint.allowed(address, private=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/receipts",
        "http://example.com:8080/a?b=c&d=%20",
        "HTTPS://EXAMPLE.COM",
        "https://xn--bcher-kva.example/",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]:8443/x",
        "https://localhost/",  # a name: judged by its address when connected to
        "https://0x7f.example.com/",
        "https://1.example/",
    ],
)
def test_good_urls(url: str) -> None:
    assert endpoint.fault(url) == ""


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "begins"),
        ("example.com/x", "begins"),
        ("//example.com/x", "begins"),
        ("ftp://example.com/", "begins"),
        ("file:///etc/passwd", "begins"),
        ("gopher://127.0.0.1:6379/_INFO", "begins"),
        ("javascript:alert(1)", "begins"),
        ("http://", "no host"),
        ("http:///path", "no host"),
        ("http://:80/", "no host"),
        ("http://example.com:0/", "port"),
        ("http://example.com:99999/", "read"),
        ("http://example.com:x/", "read"),
        ("http://[::1/", "read"),
        ("http://[v1.x]/", "public"),
        ("http://user@example.com/", "user name"),
        ("http://user:password@example.com/", "user name"),
        ("http://:@example.com/", "user name"),
        ("http://example.com@127.0.0.1/", "user name"),
        ("http://example.com\\@127.0.0.1/", "backslash"),
        ("http://127.0.0.1\\.example.com/", "backslash"),
        ("http://example.com/a b", "space"),
        ("http://example.com/\r\nX: y", "control"),
        ("http://exa\tmple.com/", "control"),
        (" http://example.com/", "space"),
        ("http://bücher.example/", "ASCII"),
        ("http://１２７.０.０.１/", "ASCII"),
        ("http://①②⑦.⓪.⓪.①/", "ASCII"),
        ("http://127.0.0.1/", "public"),
        ("http://127.0.0.1:8080/", "public"),
        ("http://127.0.0.1./", "public"),
        ("http://10.1.2.3/", "public"),
        ("http://169.254.169.254/latest/meta-data/", "public"),
        ("http://100.100.100.200/latest/meta-data/", "public"),
        ("http://0/", "public"),
        ("http://0.0.0.0/", "public"),
        ("http://127.1/", "public"),
        ("http://127.0.1/", "public"),
        ("http://2130706433/", "public"),
        ("http://0x7f000001/", "public"),
        ("http://0X7F.0.0.1/", "public"),
        ("http://0x7f.1/", "public"),
        ("http://017700000001/", "public"),
        ("http://0177.0.0.1/", "public"),
        ("http://0177.0.0.0x1/", "public"),
        ("http://[::1]/", "public"),
        ("http://[::]/", "public"),
        ("http://[::ffff:127.0.0.1]/", "public"),
        ("http://[::ffff:7f00:1]/", "public"),
        ("http://[64:ff9b::7f00:1]/", "public"),
        ("http://[fe80::1%25eth0]/", "public"),
        ("http://[fd00::1]/", "public"),
        ("http://example.com/" + "a" * 2048, "longer"),
    ],
)
def test_bad_urls(url: str, word: str) -> None:
    """Each is refused, with a sentence that names the reason."""
    assert endpoint.fault(url) != ""
    assert word in endpoint.fault(url)


def test_private_urls_where_the_configuration_says() -> None:
    assert endpoint.fault("http://127.0.0.1:8080/push", private=True) == ""
    assert endpoint.fault("http://[::1]:8080/push", private=True) == ""
    assert endpoint.fault("http://169.254.169.254/", private=True) != ""
    assert endpoint.fault("http://2130706433/", private=True) != ""
