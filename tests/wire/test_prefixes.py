"""The compact tables say what the library's own tables say."""

import random

from phonenumbers.carrierdata import CARRIER_DATA
from phonenumbers.geodata import GEOCODE_DATA

from globewire.wire.prefixes import Table, atlas


def _expected(data: dict[str, dict[str, str]], digits: str) -> str:
    shorter = (digits[:end] for end in range(len(digits), 0, -1))
    return next((data[each]["en"] for each in shorter if "en" in data.get(each, {})), "")


def _compare(table: Table, data: dict[str, dict[str, str]]) -> None:
    dice = random.Random(3)
    for prefix in dice.sample(sorted(prefix for prefix in data if not prefix.startswith("86")), 8000):
        digits = prefix + "".join(dice.choice("0123456789") for _ in range(dice.randint(0, 5)))
        assert table.name(digits) == _expected(data, digits), digits


def test_areas() -> None:
    _compare(atlas().areas, GEOCODE_DATA)


def test_networks() -> None:
    _compare(atlas().networks, CARRIER_DATA)


def test_a_number_shorter_than_the_prefixes_is_unknown() -> None:
    assert atlas().areas.name("4") == ""
    assert atlas().networks.name("85") == ""


def test_longest_prefix_of_a_dialling_code() -> None:
    for table, data in ((atlas().areas, GEOCODE_DATA), (atlas().networks, CARRIER_DATA)):
        for code in ("1", "44", "852", "999"):
            theirs = max((len(prefix) for prefix in data if prefix.startswith(code)), default=0)
            assert 0 <= table.of(code).longest <= theirs
            assert bool(table.of(code).longest) == bool(theirs)
