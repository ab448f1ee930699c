"""What a pattern looks at: tables, and that digits beyond its reach never change the answer."""

import random
import re

import phonenumbers
import pytest

from globewire.wire.reach import EVERY, reach


@pytest.mark.parametrize(
    ("pattern", "digits"),
    [
        ("", 0),
        (r"\d{8}", 0),
        (r"5\d{8}", 1),
        (r"[2-9]\d\d[2-9]\d{6}", 4),
        (r"(?:1[02]|2\d{2}3|4)\d{4}", 4),
        (r"1?\d{3}", 1),
        (r"\d?7\d{3}", 2),
        (r"(?:\d{2})?5\d", 3),
        (r"(?:1\d){2,3}\d", 5),
        (r"8\d{2,5}0", 7),
        (r"12{3}\d", 4),
        (r"1.*", EVERY),
        (r"(1)\d", EVERY),
    ],
)
def test_reach(pattern: str, digits: int) -> None:
    assert reach(pattern) == digits


def test_digits_beyond_the_reach_never_matter() -> None:
    """For every pattern of every country: change the digits beyond, and the answer stays."""
    dice = random.Random(11)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        plan = phonenumbers.PhoneMetadata.metadata_for_region(region)
        assert plan is not None
        for description in (plan.general_desc, plan.mobile, plan.fixed_line):
            if description is None or not description.national_number_pattern:
                continue
            pattern = re.compile(description.national_number_pattern)
            deep = reach(pattern.pattern)
            assert deep < EVERY
            base = description.example_number or "".join(dice.choices("0123456789", k=9))
            for _ in range(12):
                kept = base[: max(0, deep - dice.randint(0, 3))]
                one = kept + "".join(dice.choices("0123456789", k=max(0, len(base) - len(kept))))
                other = one[:deep] + "".join(dice.choices("0123456789", k=max(0, len(one) - deep)))
                assert bool(pattern.fullmatch(one)) == bool(pattern.fullmatch(other)), (region, one, other)
