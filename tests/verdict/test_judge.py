"""What is judged of many numbers at once is what would be judged of each alone."""

import pytest

from globewire.errors import NOT_SUPPORTED_COUNTRY, Refused
from globewire.message import AccountId, CarrierId
from globewire.plan import Route
from globewire.verdict.judge import Common, Many, Terms, placed
from globewire.verdict.route import Router
from globewire.wire import number

CITY, ALL = CarrierId("city"), CarrierId("all")
ROUTER = Router(
    [
        Route(id="city", carriers=(CITY,), prefixes=("852612", "44")),
        Route(id="all", carriers=(ALL,), countries=frozenset({"HK", "GB", "SG"})),
    ],
    {CITY, ALL},
)
TERMS, SHARED = Terms(AccountId("shop"), "", 86_400), Common("Shop", "", "", "", 86_400)


def test_many_are_judged_as_each_is() -> None:
    """Numbers of one country that go different ways, texts that come again, and a country that none goes to."""
    many = Many(SHARED, TERMS, ROUTER)
    for to in ("85261245678", "85298765432", "447911123456", "6591234567", "85261200000") * 2:
        for text in ("Hello", "你好", "Hello " * 50):
            assert many.placed(number.read(to), text) == placed(number.read(to), text, SHARED, TERMS, ROUTER)
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            many.placed(number.read("33612345678"), "Hello")
        assert refused.value.row is NOT_SUPPORTED_COUNTRY
