"""The `To` parameter: a number as the contract wants it, and what the numbering plan says of it (contract 1.1, 6 and 7).

Whether a number can be is told from its dialling code and length alone: new ranges open faster than tables follow. Whether
it is in use, and which network it was carried to, nobody can tell from its digits. The network is the one that the range
was given to first.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache, lru_cache

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberDesc,
    PhoneNumberType,
    country_mobile_token,
    enable_pattern_cache,
    is_number_type_geographical,
    number_type,
    region_code_for_number,
)

from globewire.errors import MOBILE_NUMBER_ILLEGAL, NOT_SUPPORTED_COUNTRY, Refused, refuse
from globewire.message import NumberDetail
from globewire.values import dataclass
from globewire.wire.prefixes import atlas
from globewire.wire.reach import EVERY, reach

SHORTEST, LONGEST = 6, 15
MAINLAND = "86"
WORLD = "001"
"""What the numbering plan calls the region of numbers that belong to no country (883, 979, ...)."""

SEED_FORMS = {
    "HK": NumberDetail("China", "HongKong"),
    "MO": NumberDetail("China", "Macao"),
    "TW": NumberDetail("China", "Taiwan"),
}
"""Where the contract's samples name a Region, they name it so (contract 1.1 and 7)."""

_HAS_NETWORK = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.PAGER)
_KEPT = 32_768

# Without it a mix of many countries recompiles patterns for every number: 20 to 40 times slower.
enable_pattern_cache()


@dataclass(frozen=True, slots=True)
class Number:
    """A number that can be. `digits` as given; `country` is ISO 3166 alpha-2, "" where the dialling code is no country's."""

    digits: str
    country: str
    calling_code: int
    detail: NumberDetail


def read(to: str) -> Number:
    """The number in `To`: dialling code and number, 6 to 15 digits, nothing else (contract 1.1).

    `Refused` with MOBILE_NUMBER_ILLEGAL, or with NOT_SUPPORTED_COUNTRY for mainland China.
    """
    if not (SHORTEST <= len(to) <= LONGEST and to.isascii() and to.isdigit()) or to[0] == "0":
        raise refuse(MOBILE_NUMBER_ILLEGAL, _malformed(to))
    if to.startswith(MAINLAND):
        raise refuse(NOT_SUPPORTED_COUNTRY, "mainland China (86) is in the scope of SendMessageWithTemplate only")
    code = _code(to[:1]) or _code(to[:2]) or _code(to[:3])
    if code is None:
        raise refuse(MOBILE_NUMBER_ILLEGAL, "it begins with no dialling code that is in use")
    if len(to) not in code.lengths:
        raise _impossible(to, code)
    # Zeros after the dialling code are rare, and judged by the digits that follow them.
    head = to if to[len(code.digits)] == "0" else to[: code.significant]
    country, detail = _place(head, len(to), code.digits)
    return Number(to, country, code.number, detail)


def prepare() -> None:
    """Load the tables now rather than with the first number (some 30 ms)."""
    atlas()


def country_name(country: str) -> str:
    """The English name of a country by ISO 3166 alpha-2, "" where unknown."""
    return atlas().countries.get(country, "")


def calling_codes() -> Iterable[tuple[int, tuple[str, ...]]]:
    """All dialling codes, ascending, and the countries of each; none for one that is no country's."""
    for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        yield code, tuple(region for region in regions if region != WORLD)


def _malformed(to: str) -> str:
    if to.startswith("+"):
        return "write it without the +"
    if to and not (to.isascii() and to.isdigit()):
        return "it may hold digits only"
    if to.startswith("0"):
        return "it must begin with a dialling code, not with 0 or 00"
    return f"it must have {SHORTEST} to {LONGEST} digits, dialling code included"


@dataclass(frozen=True, slots=True)
class _Code:
    """A dialling code: the possible lengths of its numbers, and how many leading digits decide all but that (both with it)."""

    digits: str
    number: int
    lengths: frozenset[int]
    significant: int


@cache
def _code(digits: str) -> _Code | None:
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(digits))
    if regions is None:
        return None
    plans = [plan for region in regions if (plan := _plan(digits, region)) is not None]
    patterns = [each.national_number_pattern or "" for plan in plans for each in _descriptions(plan)]
    starts = [plan.leading_digits or "" for plan in plans]
    national = max(map(reach, patterns + starts))
    named = max(table.longest(digits) for table in (atlas().areas, atlas().networks))
    token = len(country_mobile_token(int(digits)))
    lengths = {len(digits) + length for length in _lengths(plans[0])}
    significant = min(EVERY, max(len(digits) + national, named + token))
    return _Code(digits, int(digits), frozenset(lengths), significant)


def _plan(digits: str, region: str) -> PhoneMetadata | None:
    if region == WORLD:
        return PhoneMetadata.metadata_for_nongeo_region(int(digits), None)
    return PhoneMetadata.metadata_for_region(region, None)


def _lengths(plan: PhoneMetadata) -> tuple[int, ...]:
    """How long national numbers can be. Lengths that can only be dialled inside an area do not count."""
    return plan.general_desc.possible_length if plan.general_desc is not None else ()


def _descriptions(plan: PhoneMetadata) -> list[PhoneNumberDesc]:
    """All descriptions that `number_type` asks."""
    kinds = (plan.general_desc, plan.fixed_line, plan.mobile, plan.toll_free, plan.premium_rate, plan.shared_cost)
    others = (plan.personal_number, plan.voip, plan.pager, plan.uan, plan.voicemail)
    return [each for each in (*kinds, *others) if each is not None]


def _impossible(to: str, code: _Code) -> Refused:
    national = sorted(length - len(code.digits) for length in code.lengths)
    has = len(to) - len(code.digits)
    lengths = ", ".join(map(str, national[:-1])) + " or " * (len(national) > 1) + str(national[-1])
    return refuse(MOBILE_NUMBER_ILLEGAL, f"after dialling code {code.digits} come {lengths} digits, and it has {has}")


@lru_cache(_KEPT)
def _place(head: str, length: int, code: str) -> tuple[str, NumberDetail]:
    """Country and detail of all numbers of this length that begin with `head`. Refusals are not kept."""
    digits = head.ljust(length, "0")
    number = _library_number(digits, code)
    kind = number_type(number)
    if kind == PhoneNumberType.UNKNOWN and digits[len(code)] == "0":
        _refuse_trunk_zero(digits, code)
    region = region_code_for_number(number) or COUNTRY_CODE_TO_REGION_CODE[int(code)][0]
    country = "" if region == WORLD else region
    network = atlas().networks.name(digits) if kind in _HAS_NETWORK else ""
    if country in SEED_FORMS:
        return country, replace(SEED_FORMS[country], carrier=network)
    name = country_name(country)
    area = _area(digits, code) if is_number_type_geographical(kind, int(code)) else ""
    return country, NumberDetail(name, "" if area == name else area, network)


def _library_number(digits: str, code: str) -> PhoneNumber:
    national = digits[len(code) :]
    zeros = len(national) - len(national[:-1].lstrip("0")) - 1
    return PhoneNumber(
        country_code=int(code),
        national_number=int(national),
        italian_leading_zero=True if zeros else None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )


def _refuse_trunk_zero(digits: str, code: str) -> None:
    """Refuse `44 0 20...`: a number that becomes one only without the 0 that is dialled inside its country."""
    if number_type(_library_number(code + digits[len(code) + 1 :], code)) != PhoneNumberType.UNKNOWN:
        raise refuse(MOBILE_NUMBER_ILLEGAL, f"leave out the 0 after dialling code {code}")


def _area(digits: str, code: str) -> str:
    """The name of its area. Argentina's mobile numbers carry a 9 before the area code, which the table does not."""
    token = country_mobile_token(int(code))
    if token and digits.startswith(token, len(code)):
        digits = code + digits[len(code) + len(token) :]
    return atlas().areas.name(digits)
