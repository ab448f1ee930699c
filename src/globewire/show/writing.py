"""A policy being written: as JSON, which is checked before it is stored, or statement by statement from fields."""

import json

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from globewire.errors import Amiss
from globewire.show.access import CONFLICT, address, holdings, text
from globewire.show.page import page
from globewire.show.window import window
from globewire.verdict.condition import KEYS, OPERATORS
from globewire.verdict.policy import SYSTEM_POLICIES, PolicyFault, read
from globewire.wire.operation import OPERATIONS

ACTIONS = ("dysms:*", *(operation.ram_action for operation in OPERATIONS.values()))


async def policy(request: Request) -> Response:
    """A policy of an account, new or as it is stored, with a form that adds statements, checks and stores it."""
    account, keeper = request.path_params["account"], window(request).keeper
    found = holdings(await keeper.book(), account)
    name = request.query_params.get("name", "")
    stored = {one.name: one.document for one in found.policies} | SYSTEM_POLICIES
    fixed = name in SYSTEM_POLICIES or (account, name) in keeper.declared.policies
    if request.method != "POST":
        return _form(request, account, name, stored.get(name, ""), fixed)
    given = await request.form()
    name, document = text(given, "name"), text(given, "document")
    try:
        if text(given, "do") == "store":
            await keeper.put_policy(account, name, document)
            return RedirectResponse(f"{address(account)}#policies", 303)
        if text(given, "do") == "add":
            document = _with_statement(document, given)
        count = len(read(document).statements)
    except PolicyFault as fault:
        amiss = Amiss(f"in the document, {fault.place}: {fault.fault.removesuffix('.')}")
        return _form(request, account, name, document, False, fault=amiss, given=given)
    except Amiss as amiss:
        return _form(request, account, name, document, False, fault=amiss, given=given)
    said = f"This document can be taken: it has {count} statement{'s' if count != 1 else ''}. It is not stored yet."
    return _form(request, account, name, document, False, said=said, given=given)


def _form(
    request: Request,
    account: str,
    name: str,
    document: str,
    fixed: bool,
    *,
    said: str = "",
    fault: Amiss | None = None,
    given: FormData | None = None,
) -> Response:
    return page(
        request,
        "policy.html",
        CONFLICT if fault else 200,
        account=account,
        name=name,
        document=document,
        fixed=fixed,
        said=said,
        fault=fault,
        given=given if given is not None and fault else FormData(),
        actions=ACTIONS,
        operators=tuple(OPERATORS),
        keys=tuple(KEYS),
    )


def _with_statement(document: str, given: FormData) -> str:
    """The document with one more statement, as the fields say it; `PolicyFault` where it could not be taken as it was."""
    whole = {"Version": "1", "Statement": list[object]()}
    if document:
        read(document)
        whole = json.loads(document)
    statement: dict[str, object] = {
        "Effect": text(given, "effect"),
        text(given, "applies") or "Action": [action for action in given.getlist("action") if isinstance(action, str)],
        "Resource": text(given, "resource") or "*",
    }
    values = text(given, "values").replace(",", " ").split()
    if values:
        statement["Condition"] = {text(given, "operator"): {text(given, "key"): values}}
    listed = whole["Statement"]
    assert isinstance(listed, list)
    listed.append(statement)
    return json.dumps(whole, indent=2, ensure_ascii=False)
