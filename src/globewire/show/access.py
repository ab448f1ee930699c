"""Access: accounts, their AccessKeys, users, policies and quotas, and changes of them. What is written here a form has sent."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from globewire.errors import Amiss
from globewire.hold.port import AccountEntry, Book, KeyEntry, PolicyEntry, UserEntry
from globewire.plan import Declared
from globewire.show.keeping import Keeping
from globewire.show.leaf import few, leaf
from globewire.show.page import page
from globewire.show.window import Window, window
from globewire.verdict.admit import limit
from globewire.verdict.policy import SYSTEM_POLICIES
from globewire.wire.operation import OPERATIONS

SHOWN = 30
"""Keys, users and policies each that the page of an account shows."""
CONFLICT = 409
"""The status of a page that says why nothing was changed."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls a second of one operation, the figure that is documented, and what is left at this moment."""

    operation: str
    calls: int
    documented: int
    left: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """An account and all that it has."""

    account: AccountEntry
    keys: tuple[KeyEntry, ...]
    users: tuple[UserEntry, ...]
    policies: tuple[PolicyEntry, ...]


async def access(request: Request) -> Response:
    """The accounts, a leaf at a time; a form opens another."""
    keeper, fault, given = window(request).keeper, None, FormData()
    if request.method == "POST":
        given = await request.form()
        try:
            entry = await keeper.open_account(text(given, "name"), text(given, "sender"))
            return RedirectResponse(address(entry.id), 303)
        except Amiss as amiss:
            fault = amiss
    book = await keeper.book()
    had = {name: Counter(one.account for one in entries) for name, entries in _belongings(book).items()}
    status = CONFLICT if fault else 200
    return page(
        request,
        "access.html",
        status,
        leaf=leaf(request, book.accounts),
        had=had,
        declared=keeper.declared,
        fault=fault,
        given=given,
    )


def _belongings(book: Book) -> Mapping[str, Iterable[KeyEntry | UserEntry | PolicyEntry]]:
    """What accounts have, by what it is called."""
    return {"keys": book.keys, "users": book.users, "policies": book.policies}


async def account(request: Request) -> Response:
    """One account, and what its forms ask for."""
    name, fault = request.path_params["account"], None
    if request.method == "POST":
        given = await request.form()
        try:
            if text(given, "do") == "make-key":
                return await _make_key(request, name, given)
            deed = DEEDS.get(text(given, "do"))
            if deed is None:
                raise Amiss("this is none of the forms of this page", "load the page again")
            await deed(window(request).keeper, name, given)
            return RedirectResponse(address(name), 303)
        except Amiss as amiss:
            fault = amiss
    return await _account(request, name, fault)


async def _account(request: Request, name: str, fault: Amiss | None) -> Response:
    looking = window(request)
    found, wanted = holdings(await looking.keeper.book(), name), request.query_params.get("find", "").strip()[:256]
    return page(
        request,
        "account.html",
        CONFLICT if fault else 200,
        name=name,
        found=found,
        shown=_shown(found, wanted),
        wanted=wanted,
        had=Counter(key.user for key in found.keys),
        choice=_choice(looking.keeper.declared, found),
        declared=looking.keeper.declared,
        quotas=await _quotas(looking, found.account),
        system=tuple(SYSTEM_POLICIES),
        fault=fault,
    )


def _choice(declared: Declared, found: Holdings) -> Mapping[str, list[str] | None]:
    """What the forms let choose from: None of each that is too many."""
    users, own = [user.name for user in found.users], few([policy.name for policy in found.policies])
    return {
        "users": few(users),
        "attachable": few([user for user in users if (found.account.id, user) not in declared.users]),
        "policies": None if own is None else [*own, *SYSTEM_POLICIES],
    }


def _shown(found: Holdings, wanted: str) -> Holdings:
    """The first keys, users and policies with `wanted` in their names, a key's user's name among these."""
    part = wanted.lower()
    return Holdings(
        found.account,
        tuple(key for key in found.keys if part in f"{key.id} {key.user}".lower())[:SHOWN],
        tuple(user for user in found.users if part in user.name.lower())[:SHOWN],
        tuple(policy for policy in found.policies if part in policy.name.lower())[:SHOWN],
    )


async def _make_key(request: Request, name: str, given: FormData) -> Response:
    """The new key's secret, in this one answer: no address leads to it, and no cache keeps it."""
    made = await window(request).keeper.make_key(name, text(given, "user"), temporary=bool(text(given, "temporary")))
    return page(request, "made_key.html", made=made)


async def _quotas(looking: Window, account: AccountEntry) -> list[Quota]:
    quotas = []
    for name, operation in OPERATIONS.items():
        calls = limit(account.quota, name)
        left = await looking.left(account.id, name, calls)
        quotas.append(Quota(name, calls, operation.quota, min(left, calls)))
    return quotas


async def _settings(keeper: Keeping, account: str, given: FormData) -> None:
    quotas = {operation: text(given, operation) for operation in OPERATIONS if operation in given}
    await keeper.change_account(account, text(given, "sender"), quotas)


async def _switch(keeper: Keeping, account: str, given: FormData) -> None:
    await keeper.switch_key(text(given, "key"), text(given, "do") == "enable")


async def _delete_key(keeper: Keeping, account: str, given: FormData) -> None:
    await keeper.delete_key(text(given, "key"))


async def _add_user(keeper: Keeping, account: str, given: FormData) -> None:
    await keeper.add_user(account, text(given, "user"))


async def _delete_user(keeper: Keeping, account: str, given: FormData) -> None:
    await keeper.delete_user(account, text(given, "user"))


async def _attach(keeper: Keeping, account: str, given: FormData) -> None:
    await keeper.attach(account, text(given, "user"), text(given, "policy"))


async def _detach(keeper: Keeping, account: str, given: FormData) -> None:
    await keeper.detach(account, text(given, "user"), text(given, "policy"))


async def _delete_policy(keeper: Keeping, account: str, given: FormData) -> None:
    await keeper.delete_policy(account, text(given, "policy"))


DEEDS: Mapping[str, Callable[[Keeping, str, FormData], Awaitable[None]]] = {
    "settings": _settings,
    "disable": _switch,
    "enable": _switch,
    "delete-key": _delete_key,
    "add-user": _add_user,
    "delete-user": _delete_user,
    "attach": _attach,
    "detach": _detach,
    "delete-policy": _delete_policy,
}
"""What the forms of an account's page ask for, by the name of the button."""


def address(account: str) -> str:
    """Where an account's page is."""
    return f"/console/access/account/{account}"


def text(given: FormData, name: str) -> str:
    """A field of a form, "" where it is absent or a file."""
    value = given.get(name, "")
    return value.strip().replace("\r\n", "\n") if isinstance(value, str) else ""


def holdings(book: Book, name: str) -> Holdings:
    """The account of this name with what it has; `Amiss` where there is none."""
    entry = next((entry for entry in book.accounts if entry.id == name), None)
    if entry is None:
        raise Amiss(f"there is no account {name!r}")
    return Holdings(
        entry,
        tuple(key for key in book.keys if key.account == name),
        tuple(user for user in book.users if user.account == name),
        tuple(policy for policy in book.policies if policy.account == name),
    )
