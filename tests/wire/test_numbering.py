"""Region and kind of a number are those that the numbering library gives, for every dialling code."""

import random

import phonenumbers
import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumber, PhoneNumberType

from globewire.wire.numbering import UNKNOWN, WORLD, numbering

EACH = 1000
"""Numbers of a dialling code."""


def _library(code: int, national: str) -> tuple[str, str]:
    zeros = len(national) - len(national[:-1].lstrip("0")) - 1
    number = PhoneNumber(code, int(national), italian_leading_zero=zeros > 0 or None, number_of_leading_zeros=zeros or None)
    assert phonenumbers.national_significant_number(number) == national
    kind = phonenumbers.number_type(number)
    return phonenumbers.region_code_for_number(number) or "", PhoneNumberType.to_string(kind)


def _starts(code: int) -> list[tuple[str, int]]:
    """Every example of the code's plans, with its length; and nothing, with every length."""
    starts = []
    for region in COUNTRY_CODE_TO_REGION_CODE[code]:
        plan = PhoneMetadata.metadata_for_nongeo_region(code) if region == WORLD else PhoneMetadata.metadata_for_region(region)
        assert plan is not None and plan.general_desc is not None
        kinds = (plan.general_desc, plan.fixed_line, plan.mobile, plan.toll_free, plan.premium_rate, plan.shared_cost)
        others = (plan.personal_number, plan.voip, plan.pager, plan.uan, plan.voicemail)
        for kind in (*kinds, *others):
            if kind is not None and kind.example_number:
                starts.append((kind.example_number, len(kind.example_number)))
        starts += [(plan.leading_digits or "", length) for length in range(1, 15)]
    return [(start if start.isdigit() else "", length) for start, length in starts]


@pytest.mark.parametrize("code", sorted(COUNTRY_CODE_TO_REGION_CODE))
def test_region_and_kind_are_the_librarys(code: int) -> None:
    """For numbers that begin as the examples do and go on at random, and for those of any digits and lengths."""
    plan, dice, starts = numbering(str(code)), random.Random(code), _starts(code)
    assert plan is not None
    for _ in range(EACH):
        start, length = dice.choice(starts)
        kept = start[: dice.randint(0, len(start))]
        national = (dice.choice(("", "", "", "0", "00")) + kept + "".join(dice.choices("0123456789", k=15)))[:length]
        assert plan.judge(national) == _library(code, national), national


def test_what_is_no_dialling_code_has_no_plan() -> None:
    assert numbering("999") is None
    assert numbering("0") is None


def test_no_number_is_of_no_region_and_kind() -> None:
    plan = numbering("1")
    assert plan is not None
    assert plan.judge("0000000000") == ("", UNKNOWN)
