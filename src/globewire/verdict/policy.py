"""RAM policies: read once into something that decides in a few microseconds (contract section 5).

`read` takes the documented grammar and nothing else, so that a policy that was stored means what it says; `decide` asks a
user's policies about one call. It is not who calls, nor what a refusal looks like: that is `admit`.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import field
from enum import StrEnum

from globewire.values import dataclass
from globewire.verdict.condition import AccessRequest, PolicyFault, Test, members, quoted, read_condition, step, strings, wildcard

__all__ = [
    "MOST_CHARACTERS",
    "SYSTEM_POLICIES",
    "AccessRequest",
    "Decision",
    "Heard",
    "Policy",
    "PolicyFault",
    "Reason",
    "Silence",
    "decide",
    "hear",
    "read",
]

MOST_CHARACTERS = 6144
"""The longest document that is taken; the figure is ours."""

SYSTEM_POLICIES: dict[str, str] = {
    "AliyunDysmsFullAccess": '{"Version":"1","Statement":[{"Effect":"Allow","Action":"dysms:*","Resource":"*"}]}',
    "AliyunDysmsReadOnlyAccess": (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":["dysms:Query*","dysms:Get*","dysms:List*"],"Resource":"*"}]}'
    ),
}
"""The policies that every account has, by name (contract section 5)."""

Matcher = Callable[[str], object]
"""Whether a text fits any of some patterns; a true value is yes."""


class Reason(StrEnum):
    """Why a call may go on or not, in the words of AccessDeniedDetail.NoPermissionType."""

    ALLOW = "Allow"
    EXPLICIT_DENY = "ExplicitDeny"
    IMPLICIT_DENY = "ImplicitDeny"


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one call. `policy` counts within those asked, `place` names the statement; -1 and "" where none spoke."""

    allowed: bool
    reason: Reason
    policy: int = -1
    place: str = ""


class Silence(StrEnum):
    """Why a statement has nothing to say of a call: what of it does not fit, asked in this order."""

    ACTION = "action"
    RESOURCE = "resource"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class Heard:
    """One statement asked about a call: `silent` is None where it speaks. `policy` counts within those asked."""

    policy: int
    place: str
    deny: bool
    silent: Silence | None


@dataclass(frozen=True, slots=True)
class Statement:
    """One compiled statement. `action` is matched in lower case; `inverted` is NotAction."""

    place: str
    deny: bool
    inverted: bool
    action: Matcher = field(compare=False, repr=False)
    resource: Matcher = field(compare=False, repr=False)
    conditions: tuple[Test, ...] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as it was written, and compiled."""

    document: str
    statements: tuple[Statement, ...] = field(compare=False, repr=False)


def read(document: str) -> Policy:
    """Compile a policy document. Raises `PolicyFault`, with the place and what to write instead, and nothing else."""
    if len(document) > MOST_CHARACTERS:
        raise PolicyFault("document", f"it has {len(document)} characters; at most {MOST_CHARACTERS} are taken, so split it.")
    found = dict(members(_parse(document), "document"))
    _only(found, ("Version", "Statement"), "document")
    if found.get("Version") != "1":
        raise PolicyFault("Version", 'write "Version": "1"; there is no other.')
    statements = found.get("Statement")
    if not isinstance(statements, list) or not statements:
        raise PolicyFault("Statement", 'write "Statement": [{...}], a list of at least one statement.')
    return Policy(document, tuple(_statement(each, f"Statement[{n}]") for n, each in enumerate(statements)))


def decide(policies: Sequence[Policy], request: AccessRequest) -> Decision:
    """Judge a call: an explicit Deny beats any Allow, and what nothing allows is denied."""
    action = request.action.lower()
    allowed: Decision | None = None
    for number, policy in enumerate(policies):
        for statement in policy.statements:
            if (allowed is None or statement.deny) and _speaks(statement, action, request):
                if statement.deny:
                    return Decision(False, Reason.EXPLICIT_DENY, number, statement.place)
                allowed = Decision(True, Reason.ALLOW, number, statement.place)
    return allowed or NOTHING_SPOKE


def hear(policies: Sequence[Policy], request: AccessRequest) -> list[Heard]:
    """What every statement says of a call, for whoever asks why; `decide` asks no more of them than it must."""
    action = request.action.lower()
    return [
        Heard(number, statement.place, statement.deny, _silence(statement, action, request))
        for number, policy in enumerate(policies)
        for statement in policy.statements
    ]


NOTHING_SPOKE = Decision(False, Reason.IMPLICIT_DENY)


def _speaks(statement: Statement, action: str, request: AccessRequest) -> bool:
    return _silence(statement, action, request) is None


def _silence(statement: Statement, action: str, request: AccessRequest) -> Silence | None:
    if bool(statement.action(action)) is statement.inverted:
        return Silence.ACTION
    if not statement.resource(request.resource):
        return Silence.RESOURCE
    return None if all(holds(request) for holds in statement.conditions) else Silence.CONDITION


# --- reading -----------------------------------------------------------------------------------------------------------------


def _parse(document: str) -> object:
    try:
        return json.loads(document, object_pairs_hook=_unique)
    except json.JSONDecodeError as fault:
        raise PolicyFault(f"line {fault.lineno} column {fault.colno}", f"this is not JSON: {fault.msg}.") from None
    except (RecursionError, ValueError):
        raise PolicyFault("document", "it is nested too deeply, or has a number too long, to be a policy.") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose members are named once: of two "Effect" one would be ignored in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise PolicyFault(step("document", twice), "it stands twice in one object; keep one, with a list of its values.")
    return found


def _only(found: dict[str, object], known: tuple[str, ...], place: str) -> None:
    for name in found:
        if name not in known:
            where = step(place, name).removeprefix("document.")
            raise PolicyFault(where, f"there is no such member; {place} may hold {', '.join(known)}.")


def _statement(document: object, place: str) -> Statement:
    found = dict(members(document, place))
    _only(found, ("Effect", "Action", "NotAction", "Resource", "Condition"), place)
    effect = found.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyFault(f"{place}.Effect", 'write "Effect": "Allow" or "Effect": "Deny".')
    if ("Action" in found) is ("NotAction" in found):
        raise PolicyFault(place, "write either Action or NotAction, one of them and not both.")
    if "Resource" not in found:
        raise PolicyFault(f"{place}.Resource", 'say what it is about; "Resource": "*" is everything.')
    name = "Action" if "Action" in found else "NotAction"
    return Statement(
        place=place,
        deny=effect == "Deny",
        inverted=name == "NotAction",
        action=_matcher([_action(where, value) for where, value in strings(found[name], f"{place}.{name}")]),
        resource=_matcher([_resource(where, value) for where, value in strings(found["Resource"], f"{place}.Resource")]),
        conditions=read_condition(found.get("Condition", {}), f"{place}.Condition"),
    )


ACTION = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?_./-]+").fullmatch


RESOURCE_FORM = "acs:<service>:<region>:<account>:<relative>"


def _action(place: str, value: str) -> str:
    if not ACTION(value):
        raise PolicyFault(place, f'{quoted(value)} is not an action; write "*", "dysms:*" or "dysms:SendMessageToGlobe".')
    return wildcard(value.lower())


def _resource(place: str, value: str) -> str:
    """A star stays within its field, except in the last: `acs:*:*:1:*` never means account 2."""
    if value == "*":
        return ".*"
    fields = value.split(":", 4)
    if len(fields) < 5 or fields[0] != "acs" or not fields[1] or not fields[4]:
        raise PolicyFault(place, f'{quoted(value)} is not a resource; write "*" or {RESOURCE_FORM}, such as "acs:dysms:*:*:*".')
    return ":".join(wildcard(each, "[^:]*", "[^:]") for each in fields[:4]) + ":" + wildcard(fields[4])


def _matcher(expressions: list[str]) -> Matcher:
    """One compiled alternative for all patterns: a single call into C, however many there are."""
    if ".*" in expressions:
        return _anything
    return re.compile("|".join(expressions), re.DOTALL).fullmatch


def _anything(text: str) -> bool:
    return True
