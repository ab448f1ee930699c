"""The framer from hostile hands: requests or a refusal of the documented rows, however the bytes are cut."""

import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.accept.framing import Asked, Framer, Limits, Phase
from globewire.errors import MALFORMED_REQUEST, METHOD, REQUEST_TOO_LARGE

LIMITS = Limits(line=300, headers=300, body=100)
ROWS = {MALFORMED_REQUEST.code, METHOD.code, REQUEST_TOO_LARGE.code}

GOOD = (
    b"GET /?Action=QueryMessage&MessageId=1%20 HTTP/1.1\r\nHost: h:80\r\nAccept: application/json\r\n\r\n"
    b"POST /x HTTP/1.1\r\nContent-Length: 5\r\nX-Acs-Action: A\r\n\r\nabcde"
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n4\r\nwxyz\r\n2;a=b\r\n12\r\n0\r\nT: t\r\n\r\n"
    b"POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab"
    b"GET http://h/p HTTP/1.0\r\n\r\n"
)


def framed(data: bytes, cuts: list[int]) -> tuple[list[Asked], str]:
    """The whole requests in `data`, fed in pieces, and the code of the refusal that ends them."""
    framer, asked = Framer(LIMITS), list[Asked]()
    for start, end in itertools.pairwise([0, *sorted(cuts), len(data)]):
        asked += framer.feed(data[start:end])
    framer.close()
    refusals = [each.refused.row.code for each in asked if each.refused is not None]
    assert len(refusals) <= 1
    assert set(refusals) <= ROWS
    assert not refusals or (asked[-1].refused is not None and asked[-1].last)
    for each in asked:
        assert len(each.path) + len(each.query) <= LIMITS.line + max(len(data), 1)
        if each.refused is None:
            assert each.method and len(each.body) <= LIMITS.body and all(name == name.lower() for name, _ in each.headers)
    return [each for each in asked if each.refused is None], "".join(refusals)


def test_the_good_one() -> None:
    """What the mutations start from: five requests, the last of which closes."""
    asked, refusal = framed(GOOD, [])
    assert [(each.method, each.path, each.body, each.last) for each in asked] == [
        ("GET", "/", b"", False),
        ("POST", "/x", b"abcde", False),
        ("POST", "/", b"wxyz12", False),
        ("POST", "/", b"ab", False),
        ("GET", "/p", b"", True),
    ]
    assert refusal == ""


@settings(max_examples=200)
@given(st.lists(st.integers(0, len(GOOD)), max_size=40))
def test_cuts_do_not_matter(cuts: list[int]) -> None:
    """Fed in pieces or at once, it is the same."""
    assert framed(GOOD, cuts) == framed(GOOD, [])


@settings(max_examples=300)
@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
def test_any_bytes(data: bytes, cuts: list[int]) -> None:
    """Noise, whole and behind a good beginning."""
    framed(data, cuts)
    framed(b"POST /?" + data, cuts)
    framed(b"GET / HTTP/1.1\r\nA: b\r\n" + data, cuts)
    framed(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + data, cuts)


def test_mutations() -> None:
    """Bytes of good requests replaced, dropped and doubled, from a fixed seed; cut or whole, the same requests come out."""
    chance = random.Random(2018)
    whole = refused = 0
    for _ in range(3000):
        data = bytearray(GOOD)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            data[at : at + chance.randint(0, 5)] = chance.choice(
                [b"", b"\r\n", b"\0", b": ", b" ", b"0", b"\xff\n", GOOD[at : at + 60]]
            )
        asked, refusal = framed(bytes(data), [])
        cut, again = framed(bytes(data), chance.sample(range(len(data)), 5))
        assert (cut, again) == (asked, refusal)
        whole += len(asked)
        refused += bool(refusal)
    assert whole > 3000
    assert 500 < refused < 3000


def test_nothing_is_heaped_up() -> None:
    """An unfinished header, a chunk's line, a trailer and empty lines are each cut off in the end."""
    for start in (
        b"GET / HTTP/1.1\r\nA: ",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: ",
    ):
        framer = Framer(LIMITS)
        framer.feed(start)
        fed = 0
        while framer.phase is not Phase.DEAF:
            framer.feed(b"x" * 50)
            fed += 50
            assert fed <= LIMITS.headers + 50
    framer = Framer(LIMITS)
    for _ in range(LIMITS.headers // 50 + 1):
        framer.feed(b"\r\n" * 25)
    assert framer.phase is Phase.DEAF
