"""The `Condition` of a policy's statement: read once into tests, asked at every call (contract section 5).

A condition is `{operator: {key: values}}`: values of a key are alternatives, keys and operators must all hold. A negated
operator (Not...) holds where none of its values matches. It is not the document around it: that is `policy`.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from globewire.values import dataclass


class PolicyFault(Exception):
    """A policy document that cannot be taken: `place` is where in it, `fault` a sentence that says what to write instead."""

    def __init__(self, place: str, fault: str) -> None:
        super().__init__(place, fault)
        self.place = place
        self.fault = fault

    def __str__(self) -> str:
        return f"{self.place}: {self.fault}"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What is judged: an action (`dysms:QueryMessage`) on a resource (`acs:dysms:<region>:<account>:*`), and its circumstances.

    `now_ms` is milliseconds since 1970; `source_ip` the caller's address as text; `mfa` whether a second factor was shown.
    """

    action: str
    resource: str
    now_ms: int
    source_ip: str
    secure: bool
    mfa: bool = False


Test = Callable[[AccessRequest], object]
"""A question to a request; a true value is yes."""


def read_condition(document: object, place: str) -> tuple[Test, ...]:
    """The tests of a `Condition` member, all of which must hold. Raises `PolicyFault`."""
    tests = []
    for operator, keys in members(document, place):
        here = step(place, operator)
        if operator not in OPERATORS:
            raise PolicyFault(here, f"there is no such operator; known are {', '.join(OPERATORS)}.")
        asked = members(keys, here)
        if not asked:
            raise PolicyFault(here, f'name the key to compare, such as {{"{next(iter(KEYS))}": [...]}}, or leave the operator out.')
        tests += [_test(operator, key, values, step(here, key)) for key, values in asked]
    return tuple(tests)


# --- what the document and its conditions share ----------------------------------------------------------------------------


def members(document: object, place: str) -> list[tuple[str, object]]:
    """The members of a JSON object."""
    if not isinstance(document, dict):
        raise PolicyFault(place, "a JSON object {...} is expected here.")
    return list(document.items())


def strings(value: object, place: str) -> list[tuple[str, str]]:
    """One string, or a non-empty list of them, each with its place."""
    found = [(place, value)] if isinstance(value, str) else [(f"{place}[{n}]", each) for n, each in _listed(value, place)]
    texts = [(where, each) for where, each in found if isinstance(each, str) and each]
    if len(texts) < len(found):
        where = next(where for where, each in found if not (isinstance(each, str) and each))
        raise PolicyFault(where, 'a text in quotes, and not an empty one, is expected here: write "true" or "10" too in quotes.')
    return texts


def _listed(value: object, place: str) -> Iterable[tuple[int, object]]:
    if not isinstance(value, list) or not value:
        raise PolicyFault(place, "a text in quotes is expected here, or a non-empty list of such texts.")
    return enumerate(value)


def step(place: str, name: str) -> str:
    """The place of member `name` within `place`."""
    return f"{place}.{name if PLAIN_NAME(name) else quoted(name)}"


def quoted(text: str) -> str:
    """A value as it may be shown in a sentence: short, ASCII, in quotes."""
    return json.dumps(text if len(text) <= 60 else text[:57] + "...")


PLAIN_NAME = re.compile(r"[A-Za-z0-9:]{1,60}").fullmatch


def wildcard(pattern: str, anything: str = ".*", one: str = ".") -> str:
    """The regular expression of a pattern with `*` and `?`.

    What stands between two stars is looked for from the left and never tried again (an atomic group): it costs at most length
    times length, so that no policy can stall the server.
    """
    first, *rest = (one.join(map(re.escape, piece.split("?"))) for piece in re.sub(r"\*+", "*", pattern).split("*"))
    if not rest:
        return first
    return first + "".join(f"(?>{anything}?{piece})" for piece in rest[:-1] if piece) + f"{anything}{rest[-1]}"


# --- keys: what of a request can be asked ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Key:
    """How a key of a request reads as each kind of value; None where it has no such reading. Every key reads as text."""

    text: Callable[[AccessRequest], str]
    instant: Callable[[AccessRequest], int] | None = None
    number: Callable[[AccessRequest], int | Decimal] | None = None
    truth: Callable[[AccessRequest], bool] | None = None
    address: Callable[[AccessRequest], str] | None = None


def _iso(request: AccessRequest) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=request.now_ms // 1000)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


KEYS: dict[str, _Key] = {
    "acs:CurrentTime": _Key(text=_iso, instant=lambda r: r.now_ms, number=lambda r: Decimal(r.now_ms) / 1000),
    "acs:SecureTransport": _Key(text=lambda r: "true" if r.secure else "false", truth=lambda r: r.secure),
    "acs:SourceIp": _Key(text=lambda r: r.source_ip, address=lambda r: r.source_ip),
    "acs:MFAPresent": _Key(text=lambda r: "true" if r.mfa else "false", truth=lambda r: r.mfa),
}
"""Ours: read as a number, acs:CurrentTime counts seconds since 1970. The contract names no key that is a number by nature."""


# --- operators: how values are read and compared -------------------------------------------------------------------------------


def _test(operator: str, name: str, values: object, place: str) -> Test:
    key = KEYS.get(name)
    if key is None:
        raise PolicyFault(place, f"there is no such key; known are {', '.join(KEYS)}.")
    holds = OPERATORS[operator](operator, key, strings(values, place))
    if holds is None:
        fitting = [each for each, make in OPERATORS.items() if make(each, key, []) is not None]
        raise PolicyFault(place, f"{operator} cannot compare {name}; use one of {', '.join(fitting)}.")
    return _negated(holds) if "Not" in operator else holds


def _negated(holds: Test) -> Test:
    return lambda request: not holds(request)


Placed = list[tuple[str, str]]


def _text_test(operator: str, key: _Key, values: Placed) -> Test | None:
    read = key.text
    texts = [value for _, value in values]
    if operator.endswith("Like"):
        like = re.compile("|".join(map(wildcard, texts)), re.DOTALL).fullmatch
        return lambda request: like(read(request))
    if operator.endswith("IgnoreCase"):
        folded = frozenset(map(str.casefold, texts))
        return lambda request: read(request).casefold() in folded
    exact = frozenset(texts)
    return lambda request: read(request) in exact


def _numeric_test(operator: str, key: _Key, values: Placed) -> Test | None:
    return key.number and _order_test(operator.removeprefix("Numeric"), key.number, [_number(*each) for each in values])


def _date_test(operator: str, key: _Key, values: Placed) -> Test | None:
    return key.instant and _order_test(operator.removeprefix("Date"), key.instant, [_instant(*each) for each in values])


def _order_test(relation: str, read: Callable[[AccessRequest], int | Decimal], values: list[Decimal]) -> Test:
    most, least, exact = max(values, default=Decimal()), min(values, default=Decimal()), frozenset(values)
    relations: dict[str, Test] = {
        "Equals": lambda request: read(request) in exact,
        "NotEquals": lambda request: read(request) in exact,
        "LessThan": lambda request: read(request) < most,
        "LessThanEquals": lambda request: read(request) <= most,
        "GreaterThan": lambda request: read(request) > least,
        "GreaterThanEquals": lambda request: read(request) >= least,
    }
    return relations[relation]


def _truth_test(operator: str, key: _Key, values: Placed) -> Test | None:
    read = key.truth
    if read is None:
        return None
    wanted = frozenset(_truth(*each) for each in values)
    return lambda request: read(request) in wanted


def _address_test(operator: str, key: _Key, values: Placed) -> Test | None:
    read = key.address
    if read is None:
        return None
    ranges = [_range(*each) for each in values]

    def within(request: AccessRequest) -> bool:
        version, number = _address(read(request))
        return any(version == v and number & mask == network for v, network, mask in ranges)

    return within


OPERATORS: dict[str, Callable[[str, _Key, Placed], Test | None]] = {
    "StringEquals": _text_test,
    "StringNotEquals": _text_test,
    "StringEqualsIgnoreCase": _text_test,
    "StringNotEqualsIgnoreCase": _text_test,
    "StringLike": _text_test,
    "StringNotLike": _text_test,
    "NumericEquals": _numeric_test,
    "NumericNotEquals": _numeric_test,
    "NumericLessThan": _numeric_test,
    "NumericLessThanEquals": _numeric_test,
    "NumericGreaterThan": _numeric_test,
    "NumericGreaterThanEquals": _numeric_test,
    "DateEquals": _date_test,
    "DateNotEquals": _date_test,
    "DateLessThan": _date_test,
    "DateLessThanEquals": _date_test,
    "DateGreaterThan": _date_test,
    "DateGreaterThanEquals": _date_test,
    "Bool": _truth_test,
    "IpAddress": _address_test,
    "NotIpAddress": _address_test,
}
"""Each makes the test of its values, before any negation, or None where the key has no such reading."""


# --- values ------------------------------------------------------------------------------------------------------------------

NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?").fullmatch
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})").fullmatch
CIDR = re.compile(r"[0-9a-fA-F:.]+(/[0-9]{1,3})?").fullmatch


def _number(place: str, value: str) -> Decimal:
    if not NUMBER(value):
        raise PolicyFault(place, f'{quoted(value)} is not a number; write it like "10" or "0.5".')
    return Decimal(value)


def _instant(place: str, value: str) -> Decimal:
    try:
        moment = datetime.fromisoformat(value) if INSTANT(value) else None
    except ValueError:
        moment = None
    if moment is None:
        raise PolicyFault(place, f'{quoted(value)} is not a time; write "2026-01-31T09:00:00Z" or "2026-01-31T17:00:00+08:00".')
    return Decimal((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))


def _truth(place: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise PolicyFault(place, f'{quoted(value)} is not a truth value; write "true" or "false".')
    return value.lower() == "true"


def _range(place: str, value: str) -> tuple[int, int, int]:
    try:
        network = ipaddress.ip_network(value, strict=False) if CIDR(value) else None
    except ValueError:
        network = None
    if network is None:
        raise PolicyFault(place, f'{quoted(value)} is no address or range; write "203.0.113.7", "10.0.0.0/8" or "2001:db8::/32".')
    return network.version, int(network.network_address), int(network.netmask)


@lru_cache(maxsize=4096)
def _address(text: str) -> tuple[int, int]:
    """Version and number of an address, an IPv4 address within IPv6 as IPv4; (0, 0), which is in no range, for anything else."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return 0, 0
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.version, int(address)
