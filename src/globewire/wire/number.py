"""The `To` parameter: a number as the contract wants it, and what the numbering plan says of it (contract 1.1, 6 and 7).

Whether a number can be is told from its dialling code and length alone: new ranges open faster than tables follow. Whether
it is in use, and which network it was carried to, nobody can tell from its digits. The network is the one that the range
was given to first.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from globewire.errors import MOBILE_NUMBER_ILLEGAL, NOT_SUPPORTED_COUNTRY, Refused, refuse
from globewire.message import NumberDetail
from globewire.values import dataclass
from globewire.wire.numbering import UNKNOWN, WORLD, Numbering, numbering
from globewire.wire.prefixes import atlas

SHORTEST, LONGEST = 6, 15
MAINLAND = "86"

SEED_FORMS = {
    "HK": NumberDetail("China", "HongKong"),
    "MO": NumberDetail("China", "Macao"),
    "TW": NumberDetail("China", "Taiwan"),
}
"""Where the contract's samples name a Region, they name it so (contract 1.1 and 7)."""

_HAS_NETWORK = frozenset({"MOBILE", "FIXED_LINE_OR_MOBILE", "PAGER"})
_KEPT = 16_384
"""Beginnings of numbers whose place is kept, at 200 octets each: twice as many are found there hardly more often."""
_SHARED = 4096


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
    plan = _plan(to)
    if plan is None:
        raise refuse(MOBILE_NUMBER_ILLEGAL, "it begins with no dialling code that is in use")
    if len(to) not in plan.lengths:
        raise _impossible(to, plan)
    # Zeros after the dialling code are rare, and judged by the digits that follow them.
    head = to if to[len(plan.digits)] == "0" else to[: plan.significant]
    country, detail = _place(head.ljust(len(to), "0"))
    return Number(to, country, plan.number, detail)


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


def _impossible(to: str, plan: Numbering) -> Refused:
    national = sorted(length - len(plan.digits) for length in plan.lengths)
    has = len(to) - len(plan.digits)
    lengths = ", ".join(map(str, national[:-1])) + " or " * (len(national) > 1) + str(national[-1])
    return refuse(MOBILE_NUMBER_ILLEGAL, f"after dialling code {plan.digits} come {lengths} digits, and it has {has}")


def _plan(to: str) -> Numbering | None:
    return numbering(to[:1]) or numbering(to[:2]) or numbering(to[:3])


@lru_cache(_KEPT)
def _place(digits: str) -> tuple[str, NumberDetail]:
    """Country and detail of a number, and of all of this length that begin as it does and go on with what decides nothing.

    Refusals are not kept. One string is the key and one tuple the place of many, since tens of thousands are kept."""
    plan = _plan(digits)
    assert plan is not None, "read() has found it"
    national = digits[len(plan.digits) :]
    region, kind = plan.judge(national)
    if kind == UNKNOWN and national[0] == "0" and plan.judge(national[1:])[1] != UNKNOWN:
        # `44 0 20...` becomes a number only without the 0 that is dialled inside its country.
        raise refuse(MOBILE_NUMBER_ILLEGAL, f"leave out the 0 after dialling code {plan.digits}")
    region = region or plan.regions[0]
    country = "" if region == WORLD else region
    network = plan.networks.name(digits) if kind in _HAS_NETWORK else ""
    return _shared(country, _area(digits, plan) if kind in plan.placed else "", network)


@lru_cache(_SHARED)
def _shared(country: str, area: str, network: str) -> tuple[str, NumberDetail]:
    """One place for all who keep it."""
    if country in SEED_FORMS:
        return country, replace(SEED_FORMS[country], carrier=network)
    name = country_name(country)
    return country, NumberDetail(name, "" if area == name else area, network)


def _area(digits: str, plan: Numbering) -> str:
    """The name of its area. Argentina's mobile numbers carry a 9 before the area code, which the table does not."""
    code, token = plan.digits, plan.token
    if token and digits.startswith(token, len(code)):
        digits = code + digits[len(code) + len(token) :]
    return plan.areas.name(digits)
