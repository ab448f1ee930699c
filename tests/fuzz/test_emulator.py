"""What a test may ask of the emulator: any octets, JSON and query give a value within its bounds, or a Fault with a sentence."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.show import asked
from globewire.show.asked import Fault
from globewire.wire import span
from globewire.wire.tie import tie

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["72h", "6591234567", "DELIVRD", "failed", "refused", "ESME_RSYSERR", "179564763837500000"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(
    [
        *("to", "times", "outcome", "status", "receipt", "error", "delay", "latency", "receipts", "message_id", "part"),
        *("carrier_id", "timeout", "advance", "after", "limit"),
    ]
)
READERS = [asked.order, asked.push, asked.waiting, asked.advance]


def read_or_refused(reader: Callable[[bytes], object], body: bytes) -> None:
    try:
        reader(body)
    except Fault as fault:
        assert str(fault)
        assert fault.status == 400


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_octets(reader: Callable[[bytes], object], body: bytes) -> None:
    read_or_refused(reader, body)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@settings(max_examples=400)
@given(st.dictionaries(NAMES | st.text(max_size=5), VALUES, max_size=5))
def test_any_object(reader: Callable[[bytes], object], body: dict[str, object]) -> None:
    """JSON that Python writes and JSON does not know (NaN) among it."""
    read_or_refused(reader, json.dumps(body).encode())


@settings(max_examples=400)
@given(st.dictionaries(NAMES, st.text(max_size=25), max_size=3))
def test_any_query(query: dict[str, str]) -> None:
    try:
        listing = asked.listing(query)
    except Fault as fault:
        assert str(fault)
    else:
        assert 1 <= listing.limit <= asked.MOST_LISTED
        assert listing.after < 10**18


@settings(max_examples=400)
@given(st.text(max_size=20) | st.text("0123456789.dhms", max_size=20))
def test_any_span(text: str) -> None:
    found = span.seconds(text)
    assert found is None or 0 <= found <= span.MOST


@settings(max_examples=400)
@given(st.booleans(), st.binary(max_size=20), st.dictionaries(st.sampled_from([0x20C, 0x20E, 0x20F]), st.binary(max_size=3)))
def test_any_header(udh: bool, text: bytes, tlvs: dict[int, bytes]) -> None:
    found = tie(udh, text, tlvs)
    assert found is None or 1 <= found.sequence <= found.total <= 255
