"""Spans of time as people write them."""

import pytest

from globewire.wire.span import MOST, seconds


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("72h", 259_200),
        ("1h30m", 5_400),
        ("90s", 90),
        ("500ms", 0.5),
        ("1.5h", 5_400),
        ("2d", 172_800),
        ("0", 0),
        ("12.25", 12.25),
        (f"{MOST}", MOST),
    ],
)
def test_a_span(text: str, found: float) -> None:
    assert seconds(text) == found


@pytest.mark.parametrize("text", ["", "h", "-1h", "1 h", "1h ", "1y", "72H", "1e9", "٣h", "3651d", "nan", "1h30"])
def test_what_is_none(text: str) -> None:
    assert seconds(text) is None
