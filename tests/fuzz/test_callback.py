"""The acknowledgement is read from whatever an endpoint answers: True or False, and nothing raised."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.wire import callback

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT | st.just("code"), inner),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_any_bytes(content: bytes) -> None:
    assert callback.acknowledged(200, content) in (True, False)


@settings(max_examples=300)
@given(JSON)
def test_any_json(value: object) -> None:
    """Taken only where the object's `code` is a number, by the reading of another JSON library."""
    code = value.get("code") if isinstance(value, dict) else None
    taken = isinstance(code, (int, float)) and not isinstance(code, bool)
    assert callback.acknowledged(200, json.dumps(value).encode()) is taken


@settings(max_examples=300)
@given(st.binary(max_size=3000) | TEXT.map(str.encode))
def test_the_beginning_of_any_answer_is_short_and_printable(content: bytes) -> None:
    said = callback.beginning(content)
    assert len(said) <= callback.SAID
    assert said.isprintable()


def test_mutations_of_a_good_answer() -> None:
    rng = random.Random(20181)
    good = '{"code":0,"msg":"接收成功"}'.encode()
    for _ in range(3000):
        content = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        assert callback.acknowledged(200, bytes(content[: rng.randint(0, len(content))])) in (True, False)


def test_deep_and_huge_answers() -> None:
    for content in (b"[" * 60_000, b'{"code":' * 8_000, b'{"code":' + b"9" * 60_000 + b"}", b'{"a":' * 500 + b"1" + b"}" * 500):
        assert callback.acknowledged(200, content) in (True, False)
