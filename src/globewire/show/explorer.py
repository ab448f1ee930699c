"""The explorer: fill in a call, see how it is signed, send it, and take code for it along."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from globewire.errors import Refused
from globewire.show.leaf import FEW
from globewire.show.page import page
from globewire.show.window import Window, window
from globewire.verdict.admit import RegisteredKey
from globewire.wire.exchange import Exchange
from globewire.wire.operation import OPERATIONS, Kind, Operation, Parameter
from globewire.wire.request import Scheme
from globewire.wire.signing import Signed, Wanted, sign
from globewire.wire.snippets import Language, snippet

SCHEMES: Mapping[str, tuple[str, Scheme, str]] = {
    "v3": ("V3, as current SDKs sign", Scheme.V3, "POST"),
    "v3-sm3": ("V3 with SM3", Scheme.V3_SM3, "POST"),
    "v1": ("V1, POST", Scheme.V1, "POST"),
    "v1-get": ("V1, GET", Scheme.V1, "GET"),
}
"""How a call may be signed: what that is called, the scheme, the method."""
FIRST = "SendMessageToGlobe"
LONG = 100
"""Characters from which on a value is written in a field of several lines."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A call that was filled in: signed, sent where that was wanted, and as code; or why it could not be signed."""

    signed: Signed | None = None
    code: tuple[tuple[str, str], ...] = ()
    exchange: Exchange | None = None
    fault: str = ""


async def explorer(request: Request) -> Response:
    """The form of an operation; below it, once it is sent, what came of it."""
    looking = window(request)
    form = await request.form() if request.method == "POST" else request.query_params
    operation = OPERATIONS.get(str(form.get("operation", "")), OPERATIONS[FIRST])
    outcome = await _carry_out(request, operation, form) if isinstance(form, FormData) else None
    return page(
        request,
        "explorer.html",
        operations=OPERATIONS.values(),
        operation=operation,
        fields=[(parameter, _control(parameter), str(form.get(f"p.{parameter.name}", ""))) for parameter in operation.parameters],
        keys=await _keys(looking),
        key=str(form.get("key", "")),
        scheme=str(form.get("scheme", "")),
        schemes=[(value, name) for value, (name, _, _) in SCHEMES.items()],
        once=str(form.get("once", "")),
        outcome=outcome,
    )


async def _keys(looking: Window) -> Mapping[str, str] | None:
    """The keys that can sign, with whose they are; None where there are too many to choose from."""
    book = await looking.keeper.book()
    if len(book.keys) > FEW:
        return None
    usable = (entry for entry in book.keys if _usable(looking, entry.id))
    return {entry.id: f"{entry.account}, user {entry.user}" if entry.user else entry.account for entry in usable}


def _usable(looking: Window, key: str) -> RegisteredKey | None:
    """The key of this id, where it can sign. A temporary one cannot: its token is not kept."""
    found, _ = looking.register().find(key) or (None, None)
    return found if found and found.enabled and not found.token_digest else None


async def _carry_out(request: Request, operation: Operation, form: FormData) -> Outcome:
    looking = window(request)
    key = _usable(looking, str(form.get("key", "")).strip())
    if key is None:
        return Outcome(fault="Choose an AccessKey to sign with: one that is enabled, and not temporary.")
    _, scheme, method = SCHEMES.get(str(form.get("scheme", "")), SCHEMES["v3"])
    once = str(form.get("once", "")).strip()
    wanted = Wanted(
        operation=operation.name,
        parameters=_parameters(operation, form),
        access_key=key.id,
        secret=key.secret,
        nonce=secrets.token_hex(16),
        at=time.time_ns() // 1_000_000,
        host=request.headers.get("host", ""),
        scheme=scheme,
        method=method,
        headers={"idempotency-key": once} if once else {},
    )
    secure = request.url.scheme == "https"
    try:
        signed = sign(wanted)
        to_take = replace(wanted, nonce=secrets.token_hex(16))  # the one that is sent uses its nonce up
        code = tuple((language.value, snippet(language, to_take, secure)) for language in Language)
    except (Refused, UnicodeEncodeError) as fault:
        return Outcome(fault=fault.sentence if isinstance(fault, Refused) else "A value has characters that UTF-8 cannot carry.")
    return Outcome(signed, code, await looking.call(signed.raw) if "send" in form else None)


def _parameters(operation: Operation, form: FormData) -> dict[str, str]:
    """What was filled in; an empty field is a parameter that is not given."""
    given = ((parameter.name, str(form.get(f"p.{parameter.name}", ""))) for parameter in operation.parameters)
    return {name: value.replace("\r\n", "\n") for name, value in given if value}


def _control(parameter: Parameter) -> str:
    """How a parameter is filled in: choose, or write one line or several."""
    if parameter.bounds.choices or parameter.kind is Kind.BOOLEAN:
        return "choice"
    many = parameter.kind in (Kind.LIST, Kind.OBJECT) or ((parameter.bounds.most or 0) > LONG and parameter.kind is Kind.STRING)
    return "lines" if many and parameter.name != "TaskId" else "line"
