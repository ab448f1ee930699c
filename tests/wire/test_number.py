"""`To`: what is refused and why, and that country, area and network are what the numbering plan's own library says."""

import random

import phonenumbers
import pytest
from phonenumbers import carrier, geocoder

from globewire.errors import MOBILE_NUMBER_ILLEGAL, NOT_SUPPORTED_COUNTRY, Refused, Row
from globewire.message import NumberDetail
from globewire.wire import number

EVERYWHERE = sorted(phonenumbers.SUPPORTED_REGIONS - {"CN"})


def _numbers(region: str, count: int, dice: random.Random) -> list[str]:
    """Numbers that begin as the library's examples for `region` do, and go on at random."""
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    examples = [each for kind in kinds if (each := phonenumbers.example_number_for_type(region, kind)) is not None]
    numbers = []
    for _ in range(count):
        example = dice.choice(examples)
        national = phonenumbers.national_significant_number(example)
        kept = dice.randint(1, len(national))
        tail = "".join(dice.choice("0123456789") for _ in national[kept:])
        numbers.append(f"{example.country_code}{national[:kept]}{tail}")
    return numbers


def _said_by_library(digits: str) -> tuple[str, NumberDetail]:
    parsed = phonenumbers.parse(f"+{digits}")
    home = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[parsed.country_code or 0][0]
    region = phonenumbers.region_code_for_number(parsed) or home
    name = number.country_name(region)
    area = geocoder.description_for_number(parsed, "en")
    countries = (name, geocoder.country_name_for_number(parsed, "en"))
    return region, NumberDetail(name, "" if area in countries else area, carrier.name_for_number(parsed, "en"))


@pytest.mark.parametrize("region", EVERYWHERE)
def test_country_area_and_network_are_the_librarys(region: str) -> None:
    """Over random numbers of every country; asked twice, so that kept answers are compared too."""
    for digits in _numbers(region, 40, random.Random(region)) * 2:
        parsed = phonenumbers.parse(f"+{digits}")
        try:
            read = number.read(digits)
        except Refused as refused:
            possible = phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.IS_POSSIBLE
            assert not possible or "leave out the 0" in refused.sentence or phonenumbers.format_number(parsed, 0) != f"+{digits}"
            continue
        country, detail = _said_by_library(digits)
        if phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == f"+{digits}":
            assert (read.digits, read.country, read.calling_code) == (digits, country, parsed.country_code)
            if country not in number.SEED_FORMS:
                assert read.detail == detail
            else:
                assert read.detail.carrier == detail.carrier


def test_kept_answers_are_those_of_the_number_itself() -> None:
    """Numbers that share a kept answer agree with a fresh one made from all their digits."""
    dice = random.Random(20)
    for region in ("US", "GB", "DE", "IN", "ID", "AR", "BR", "SG", "RU", "CO", "IT", "JP"):
        for digits in _numbers(region, 120, dice):
            try:
                read = number.read(digits)
            except Refused:
                continue
            assert number._place.__wrapped__(digits) == (read.country, read.detail)


@pytest.mark.parametrize(
    ("to", "country", "detail"),
    [
        ("85261692141", "HK", NumberDetail("China", "HongKong", "HKT")),
        ("85366123456", "MO", NumberDetail("China", "Macao", "CTM")),
        ("886912345678", "TW", NumberDetail("China", "Taiwan", "Chunghwa Telecom")),
        ("14155552671", "US", NumberDetail("United States", "San Francisco, CA", "")),
        ("390612345678", "IT", NumberDetail("Italy", "Rome", "")),
        ("5491123456789", "AR", NumberDetail("Argentina", "Buenos Aires", "")),
        ("77012345678", "KZ", NumberDetail("Kazakhstan", "", "Kcell/Activ")),
        ("883120000000", "", NumberDetail()),
        ("12025550143", "US", NumberDetail("United States", "Washington D.C.", "")),
        ("10005550143", "US", NumberDetail("United States", "", "")),
    ],
)
def test_detail_in_the_form_of_the_contract(to: str, country: str, detail: NumberDetail) -> None:
    read = number.read(to)
    assert (read.country, read.detail) == (country, detail)


@pytest.mark.parametrize(
    ("to", "row", "reason"),
    [
        ("", MOBILE_NUMBER_ILLEGAL, "6 to 15 digits"),
        ("12345", MOBILE_NUMBER_ILLEGAL, "6 to 15 digits"),
        ("1" * 16, MOBILE_NUMBER_ILLEGAL, "6 to 15 digits"),
        ("+447911123456", MOBILE_NUMBER_ILLEGAL, "without the +"),
        ("00447911123456", MOBILE_NUMBER_ILLEGAL, "not with 0 or 00"),
        ("07911123456", MOBILE_NUMBER_ILLEGAL, "not with 0 or 00"),
        ("44 7911 123456", MOBILE_NUMBER_ILLEGAL, "digits only"),
        ("８５２６１６９２１４１", MOBILE_NUMBER_ILLEGAL, "digits only"),
        ("852616921٤١", MOBILE_NUMBER_ILLEGAL, "digits only"),
        ("85261692141\n", MOBILE_NUMBER_ILLEGAL, "digits only"),
        ("999123456789", MOBILE_NUMBER_ILLEGAL, "no dialling code"),
        ("4407911123456", MOBILE_NUMBER_ILLEGAL, "come 7, 9 or 10 digits, and it has 11"),
        ("1415555267", MOBILE_NUMBER_ILLEGAL, "come 10 digits, and it has 9"),
        ("15552671", MOBILE_NUMBER_ILLEGAL, "come 10 digits, and it has 7"),
        ("49015123456789", MOBILE_NUMBER_ILLEGAL, "leave out the 0 after dialling code 49"),
        ("8613800138000", NOT_SUPPORTED_COUNTRY, "SendMessageWithTemplate"),
        ("861", MOBILE_NUMBER_ILLEGAL, "6 to 15 digits"),
    ],
)
def test_refused_with_a_reason(to: str, row: Row, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        number.read(to)
    assert caught.value.row is row
    assert reason in caught.value.sentence


def test_whatever_comes_is_read_or_refused() -> None:
    """Digits at random, and digits among which something else fell."""
    dice = random.Random(7)
    for _ in range(3000):
        to = "".join(dice.choice("0123456789") for _ in range(dice.randint(0, 18)))
        if dice.random() < 0.2:
            at = dice.randint(0, len(to))
            to = to[:at] + dice.choice("+- x\0é\ud800٣") + to[at:]
        try:
            assert number.read(to).digits == to
        except Refused as refused:
            assert refused.row in (MOBILE_NUMBER_ILLEGAL, NOT_SUPPORTED_COUNTRY)


def test_every_country_has_a_name_and_every_code_is_listed_once() -> None:
    codes = dict(number.calling_codes())
    countries = [country for each in codes.values() for country in each]
    assert sorted(countries) == sorted(phonenumbers.SUPPORTED_REGIONS)
    assert all(number.country_name(country) for country in countries)
    assert number.country_name("??") == ""
    assert codes[883] == ()
    assert codes[44] == ("GB", "GG", "IM", "JE")
