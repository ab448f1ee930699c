"""The numbering plan of a dialling code: to which of its countries a number belongs, and of what kind it is.

The judgement is that of `phonenumbers`, from its own tables: what `region_code_for_number` and `number_type` ask pattern by pattern
is put together here, so that each is one match of a compiled pattern.
"""

import re
from collections.abc import Mapping
from functools import cache

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    PhoneMetadata,
    PhoneNumberDesc,
    PhoneNumberType,
    country_mobile_token,
    is_number_type_geographical,
)

from globewire.values import dataclass
from globewire.wire.prefixes import Table, atlas
from globewire.wire.reach import EVERY, reach

WORLD = "001"
"""What the numbering plan calls the region of numbers that belong to no country (883, 979, ...)."""
UNKNOWN = "UNKNOWN"
"""The kind of a number that is in no range."""


@dataclass(frozen=True, slots=True, eq=False)
class Numbering:
    """The plan of the dialling code `digits`.

    `lengths` are the possible lengths of its numbers, and `significant` is how many leading digits decide all but that, both with
    the code. `token` stands before the area code of mobile numbers and is no part of it, "" mostly. Numbers of the kinds in
    `placed` belong to an area. `areas` and `networks` name prefixes, which begin with the code.
    """

    digits: str
    number: int
    lengths: frozenset[int]
    significant: int
    token: str
    placed: frozenset[str]
    areas: Table
    networks: Table
    regions: tuple[str, ...]
    _region: re.Pattern[str]

    def judge(self, national: str) -> tuple[str, str]:
        """Region and kind of a number without its dialling code.

        The region is "" where it fits none of several, the kind a name of `PhoneNumberType`, UNKNOWN where it is in no range.
        """
        region = self.regions[0] if len(self.regions) == 1 else _group(self._region, national)
        return region, (region and _group(_ranges(self.number, region), national)) or UNKNOWN


def _group(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.match(text)
    return (match and match.lastgroup) or ""


@cache
def numbering(digits: str) -> Numbering | None:
    """The plan of a dialling code, None where it is not in use. The first call for a code takes some milliseconds."""
    number = int(digits)
    regions = COUNTRY_CODE_TO_REGION_CODE.get(number)
    if regions is None:
        return None
    plans = {region: plan for region in regions if (plan := _plan(number, region)) is not None}
    areas, networks, token = atlas().areas.of(digits), atlas().networks.of(digits), country_mobile_token(number)
    starts = [plan.leading_digits or "" for plan in plans.values()]
    patterns = [each.national_number_pattern or "" for plan in plans.values() for each in _descriptions(plan)]
    national, named = max(map(reach, starts + patterns)), max(areas.longest, networks.longest)
    return Numbering(
        digits=digits,
        number=number,
        lengths=frozenset(len(digits) + length for length in _lengths(plans[regions[0]])),
        significant=min(EVERY, max(len(digits) + national, named + len(token))),
        token=token,
        placed=frozenset(name for kind, name in _MAY_BE_PLACED.items() if is_number_type_geographical(kind, number)),
        areas=areas,
        networks=networks,
        regions=regions,
        _region=re.compile(_home(plans) if len(plans) > 1 else _NEVER),
    )


_MAY_BE_PLACED = {
    PhoneNumberType.FIXED_LINE: "FIXED_LINE",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "FIXED_LINE_OR_MOBILE",
    PhoneNumberType.MOBILE: "MOBILE",
}


def _plan(number: int, region: str) -> PhoneMetadata | None:
    if region == WORLD:
        return PhoneMetadata.metadata_for_nongeo_region(number, None)
    return PhoneMetadata.metadata_for_region(region, None)


def _lengths(plan: PhoneMetadata) -> tuple[int, ...]:
    """How long national numbers can be. Lengths that can only be dialled inside an area do not count."""
    return plan.general_desc.possible_length if plan.general_desc is not None else ()


def _descriptions(plan: PhoneMetadata) -> list[PhoneNumberDesc]:
    """All descriptions that tell a kind."""
    kinds = (plan.general_desc, plan.fixed_line, plan.mobile, plan.toll_free, plan.premium_rate, plan.shared_cost)
    others = (plan.personal_number, plan.voip, plan.pager, plan.uan, plan.voicemail)
    return [each for each in (*kinds, *others) if each is not None]


def _home(plans: Mapping[str, PhoneMetadata]) -> str:
    """A pattern that tells several regions apart: by their leading digits where they have such, else by all their ranges."""
    return _first({region: plan.leading_digits or _any_range(plan) for region, plan in plans.items()})


def _any_range(plan: PhoneMetadata) -> str:
    general, *kinds = map(_whole, _descriptions(plan))
    return f"(?={general})(?:{'|'.join(kinds)})"


@cache
def _ranges(number: int, region: str) -> re.Pattern[str]:
    """A pattern for all numbers of a known kind, whose name is that of its last group: the first in the library's order."""
    plan = _plan(number, region)
    return re.compile(f"(?={_whole(plan.general_desc)})(?:{_first(_kinds(plan))})") if plan else re.compile(_NEVER)


def _kinds(plan: PhoneMetadata) -> dict[str, str]:
    """The kinds and their patterns, in the order in which the library asks."""
    fixed, mobile = _whole(plan.fixed_line), _whole(plan.mobile)
    alike = plan.same_mobile_and_fixed_line_pattern
    return {
        "PREMIUM_RATE": _whole(plan.premium_rate),
        "TOLL_FREE": _whole(plan.toll_free),
        "SHARED_COST": _whole(plan.shared_cost),
        "VOIP": _whole(plan.voip),
        "PERSONAL_NUMBER": _whole(plan.personal_number),
        "PAGER": _whole(plan.pager),
        "UAN": _whole(plan.uan),
        "VOICEMAIL": _whole(plan.voicemail),
        "FIXED_LINE_OR_MOBILE": fixed if alike else f"(?={fixed}){mobile}",
        "FIXED_LINE": fixed,
        "MOBILE": _NEVER if alike else mobile,
    }


_NEVER = "(?!)"


def _whole(description: PhoneNumberDesc | None) -> str:
    """A pattern for the numbers that fit `description` from end to end, in a length that it knows."""
    pattern = description.national_number_pattern if description else None
    if not description or not pattern:
        return _NEVER
    lengths = "|".join([rf"\d{{{length}}}\Z" for length in description.possible_length if length > 0])
    return rf"(?=(?:{pattern})\Z)(?:{lengths})"


def _first(patterns: Mapping[str, str]) -> str:
    """The first of `patterns` that fits, in a group of its name."""
    return "|".join([f"(?P<{name}>{pattern})" for name, pattern in patterns.items() if _NEVER not in pattern]) or _NEVER
