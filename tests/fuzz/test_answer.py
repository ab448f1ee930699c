"""The reader of endpoints' answers from hostile hands: an answer within its bounds or an AnswerFault, however the bytes are cut."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.tell.answer import ANSWER_LENGTH, ENOUGH, MOST, AnswerFault, Answers

TAKEN = b'{"code":0}'
GOOD = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + TAKEN,
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n" + TAKEN,
    b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\n{"co\r\n6\r\nde":0}\r\n0\r\nT: t\r\n\r\n',
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + TAKEN,
    b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\n" + TAKEN,
    b"HTTP/1.1 200\nContent-Length: 10\n\n" + TAKEN,
)
Heard = tuple[int, bytes, bool, bool, bool] | str
"""Status, body, whether it is whole, whether the connection may be used again, and whether it was enough; or that it is none."""


def heard(data: bytes, cuts: list[int]) -> Heard:
    """What is made of `data`, fed in pieces, after which the other side closes."""
    answers, enough = Answers(), False
    try:
        for start, end in itertools.pairwise([0, *sorted(cuts), len(data)]):
            if end > start and answers.feed(data[start:end]):
                enough = True
                break
        if not enough:
            answers.end(broken=False)
    except AnswerFault:
        return "none"
    finally:
        answers.close()
    assert 200 <= answers.status <= 999
    assert len(answers.body) <= len(data)
    assert answers.whole or not answers.reusable
    return answers.status, answers.body, answers.whole, answers.reusable, enough


def test_the_good_ones() -> None:
    """What the mutations start from."""
    kept, closed = (200, TAKEN, True, True, True), (200, TAKEN, False, False, False)
    assert [heard(good, []) for good in GOOD] == [kept, kept, kept, closed, closed, kept]


@settings(max_examples=200)
@given(st.sampled_from(GOOD), st.lists(st.integers(0, 200), max_size=40))
def test_cuts_do_not_matter(good: bytes, cuts: list[int]) -> None:
    """Fed in pieces or at once, it is the same."""
    assert heard(good, [min(cut, len(good)) for cut in cuts]) == heard(good, [])


@settings(max_examples=300)
@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
def test_any_bytes(data: bytes, cuts: list[int]) -> None:
    """Noise, whole and behind a good beginning."""
    for start in (b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nA: b\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        heard(start + data, cuts)


@settings(max_examples=300)
@given(
    st.integers(200, 599).filter(lambda status: status not in (204, 304)),
    st.binary(max_size=300),
    st.lists(st.integers(1, 60), max_size=8),
    st.lists(st.integers(0, 900), max_size=9),
)
def test_any_body_in_any_chunks(status: int, body: bytes, sizes: list[int], cuts: list[int]) -> None:
    """By length and chunked, with what a second answer would begin with behind it or not."""
    edges = [0, *itertools.accumulate(sizes), len(body)]
    pieces = [body[a:b] for a, b in itertools.pairwise(edges) if body[a:b]]
    chunked = b"".join(b"%X\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    line = b"HTTP/1.1 %d Words\r\n" % status
    by_length = line + b"content-length: %d\r\n\r\n" % len(body) + body
    for data in (by_length, line + b"transfer-encoding: Chunked\r\n\r\n" + chunked):
        assert heard(data, [cut for cut in cuts if cut < len(data)]) == (status, body, True, True, True)
        assert heard(data + b"HTTP/1.1 200 OK\r\n", []) == (status, body, True, False, True)


def test_mutations() -> None:
    """Bytes of good answers replaced, dropped and doubled, from a fixed seed."""
    chance = random.Random(2018)
    none = 0
    for n in range(4000):
        data = bytearray(GOOD[n % len(GOOD)])
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data) + 1)
            data[at : at + chance.randint(0, 5)] = chance.choice(
                [
                    b"",
                    b"\r\n",
                    b"\0",
                    b": ",
                    b" ",
                    b"0",
                    b"\xff\n",
                    b"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n",
                    bytes(data[at : at + 60]),
                ]
            )
        none += heard(bytes(data), []) == "none"
        heard(bytes(data), chance.sample(range(len(data) + 1), min(5, len(data))))
    assert 500 < none < 3500


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"HTTP/1.1 200 OK\r\nA: ", b"x" * 1000),
        (b"HTTP/1.1 200 ", b"x" * 1000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 40),
        (b"", b"\r\n" * 500),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 1000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: ", b"x" * 1000),
    ],
)
def test_no_answer_is_heaped_up(start: bytes, more: bytes) -> None:
    """A head, interim answers, empty lines, a chunk's line and a trailer without an end are given up."""
    answers, fed = Answers(), len(start)
    with pytest.raises(AnswerFault):
        answers.feed(start) if start else None
        while True:
            fed += len(more)
            assert fed <= MOST + len(more)
            answers.feed(more)


@pytest.mark.parametrize(("status", "most"), [(200, ANSWER_LENGTH), (500, ENOUGH)])
def test_no_body_is_heaped_up(status: int, most: int) -> None:
    """It is enough when it is too long; one byte a chunk is no way to more."""
    for head, piece in ((b"", b"x"), (b"Transfer-Encoding: chunked\r\n", b"1\r\nx\r\n")):
        answers, length = Answers(), 1
        answers.feed(b"HTTP/1.1 %d OK\r\n%b\r\n" % (status, head))
        while not answers.feed(piece):
            length += 1
        assert length == most + 1 == len(answers.body)
        assert not answers.reusable
