"""Every country is there, and found by name, ISO code and digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globewire.errors import NOT_SUPPORTED_COUNTRY, Refused
from globewire.wire import number
from globewire.wire.dialling import dialling_codes, find


def test_every_dialling_code_is_there() -> None:
    rows = dialling_codes()
    assert {row.code for row in rows} == {code for code, _ in number.calling_codes()}
    assert len({(row.country, row.code) for row in rows}) == len(rows) > 240
    assert [row.country for row in rows if row.refused] == ["CN"]
    assert all(row.name for row in rows if row.country)
    with pytest.raises(Refused) as caught:
        number.read("8613800138000")
    assert caught.value.row is NOT_SUPPORTED_COUNTRY


@pytest.mark.parametrize(
    ("words", "countries"),
    [
        ("singap", ["SG"]),
        ("SG", ["SG"]),
        ("852", ["HK"]),
        ("+852 ", ["HK"]),
        ("0085261234567", ["HK"]),
        ("hongkong", ["HK"]),
        ("6591234567", ["SG"]),
        ("FR", ["FR"]),
        ("nowhere at all", []),
        ("999", []),
    ],
)
def test_find(words: str, countries: list[str]) -> None:
    assert [row.country for row in find(words) if row.country in countries or not countries] == countries


def test_one_code_of_many_countries() -> None:
    assert {"US", "CA", "JM"} <= {row.country for row in find("1")}
    assert len(find("")) == len(dialling_codes())


@given(st.one_of(st.text(max_size=20), st.from_regex(r"(\+|00)?[0-9]{1,15}", fullmatch=True)))
def test_any_words(words: str) -> None:
    """They find some of the codes, each once, in the order of all; a number that can be finds its country."""
    found = find(words)
    assert [row for row in dialling_codes() if row in found] == list(found)
    try:
        target = number.read(words)
    except Refused:
        return
    assert target.country in {row.country for row in found}
