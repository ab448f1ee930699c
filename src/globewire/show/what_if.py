"""What would happen: whether a call would be let in, by which statement of which policy, and why; decided by what decides calls."""

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from globewire.errors import NEED_SSL, Amiss, Refused, refuse
from globewire.hold.port import Book
from globewire.message import AccessKeyId, AccountId
from globewire.show.access import CONFLICT
from globewire.show.leaf import FEW
from globewire.show.page import millis, page
from globewire.show.window import Window, window
from globewire.verdict.admit import Caller, Circumstances, asked, authorise, known, limit
from globewire.verdict.policy import Heard, decide, hear
from globewire.wire.operation import OPERATIONS


@dataclass(frozen=True, slots=True)
class Said:
    """What one statement says of the call: the policy's name, the statement as it was written, and whether it decides."""

    policy: str
    heard: Heard
    statement: str
    decides: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would become of a call: the refusal, if any, and what each statement of the caller's policies says."""

    caller: Caller | None
    refused: Refused | None
    said: tuple[Said, ...]
    left: int


async def what_if(request: Request) -> Response:
    """A form about a call, and the outcome of the call that it speaks of."""
    looking, given = window(request), request.query_params
    outcome, fault = None, None
    if "who" in given:
        try:
            outcome = await _outcome(looking, given)
        except Amiss as amiss:
            fault = amiss
    now = datetime.fromtimestamp(looking.now() / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
    peer = request.client.host if request.client else ""
    shown = {"address": peer, "time": now, "operation": "SendMessageToGlobe", "who": "", "tls": ""} | dict(given)
    if millis(shown["time"]) is None:
        shown["time"] = now  # what is no time cannot be shown in its field
    status = CONFLICT if fault else 200
    return page(
        request,
        "what_if.html",
        status,
        callers=_callers(await looking.keeper.book()),
        given=shown,
        outcome=outcome,
        fault=fault,
        operations=tuple(OPERATIONS),
    )


def _callers(book: Book) -> Mapping[str, Sequence[tuple[str, str]]] | None:
    """Who may call, by account: how `_caller` takes it, and what it is called. None where they are too many to choose from."""
    if len(book.keys) + len(book.users) > FEW:
        return None
    found: dict[str, list[tuple[str, str]]] = {}
    for key in book.keys:
        found.setdefault(key.account, []).append((f"key:{key.id}", f"{key.id} of {key.user}" if key.user else key.id))
    for user in book.users:
        found.setdefault(user.account, []).append((f"user:{user.account}/{user.name}", f"user {user.name}"))
    return found


async def _outcome(looking: Window, given: Mapping[str, str]) -> Outcome:
    operation = given.get("operation", "")
    if operation not in OPERATIONS:
        raise Amiss("there is no such operation", f"the operations are {', '.join(OPERATIONS)}")
    circumstances = Circumstances(_moment(given.get("time", "")), _address(given.get("address", "")), bool(given.get("tls")))
    caller: Caller | None = None
    try:
        if looking.require_tls and not circumstances.secure:
            raise refuse(NEED_SSL)
        caller = _caller(looking, given.get("who", ""))
        authorise(caller, operation, circumstances, looking.refusal_form)
        refused = None
    except Refused as refusal:
        refused = refusal
    if caller is None:
        return Outcome(None, refused, (), 0)
    rate = limit(caller.quota, operation)
    left = await looking.left(caller.account, operation, rate)
    return Outcome(caller, refused, _said(caller, operation, circumstances), left)


def _caller(looking: Window, who: str) -> Caller:
    """The caller that `who` names: `key:ID`, or `user:ACCOUNT/NAME`, who is taken to have an AccessKey; either alone, as typed."""
    register, name = looking.register(), who.strip()
    if name.startswith("key:") or not (name.startswith("user:") or "/" in name):
        return known(register, name.removeprefix("key:"))[1]
    account, _, named = name.removeprefix("user:").partition("/")
    user = register.user(AccountId(account), named)
    if user is None:
        raise Amiss("there is no such key or user", "choose one of the list, or give the id of an AccessKey, or ACCOUNT/USER")
    quota = entry.quota if (entry := looking.accounts().get(user.account)) else {}
    return Caller(AccessKeyId(""), user.account, user.name, "", user.policies, quota, named=user.named)


def _said(caller: Caller, operation: str, circumstances: Circumstances) -> tuple[Said, ...]:
    if not caller.user:
        return ()
    request = asked(caller.account, operation, circumstances)
    decision = decide(caller.policies, request)
    return tuple(
        Said(
            caller.named[heard.policy],
            heard,
            _statement(caller.policies[heard.policy].document, heard),
            (heard.policy, heard.place) == (decision.policy, decision.place),
        )
        for heard in hear(caller.policies, request)
    )


def _statement(document: str, heard: Heard) -> str:
    """The statement as it was written."""
    number = int(heard.place.removeprefix("Statement[").removesuffix("]"))
    return json.dumps(json.loads(document)["Statement"][number], indent=2, ensure_ascii=False)


def _moment(given: str) -> int:
    found = millis(given)
    if found is None:
        raise Amiss("this is not a time", "give one such as 2026-01-31T09:00, in UTC")
    return found


def _address(given: str) -> str:
    try:
        return str(ipaddress.ip_address(given.strip()))
    except ValueError:
        raise Amiss("this is not an address", "give one such as 203.0.113.7 or 2001:db8::7") from None
