"""Callbacks: where each account's receipts are pushed, how that goes, and what was given up; set it, try it, push again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from globewire.errors import Amiss
from globewire.hold.port import AccountEntry, Outbox
from globewire.message import AccountId, MessageId, Millis
from globewire.show.access import CONFLICT, holdings, text
from globewire.show.keeping import Pushed
from globewire.show.leaf import leaf
from globewire.show.page import page
from globewire.show.window import Window, window

SHOWN = 100
"""Messages whose reports were given up that are listed, the oldest first."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A test push: where it went, and what came of it."""

    url: str
    came: Pushed


async def callbacks(request: Request) -> Response:
    """The accounts' endpoints, a leaf at a time, and how their pushes stand: first those that do not go well."""
    looking = window(request)
    book, owed = await looking.keeper.book(), await looking.hold.owed()
    shown = leaf(request, book.accounts, lambda entry: _rank(entry, owed))
    return page(request, "callbacks.html", leaf=shown, boxes=await _boxes(looking, shown.accounts), now=looking.now())


def _rank(entry: AccountEntry, owed: Mapping[AccountId, bool]) -> int:
    """Where reports were refused or given up, where they wait, where they would go, and the others."""
    if entry.id in owed:
        return 0 if owed[entry.id] else 1
    return 2 if entry.callback else 3


async def endpoint(request: Request) -> Response:
    """One account's endpoint, and what its forms ask for."""
    name, fault, tried = request.path_params["account"], None, None
    if request.method == "POST":
        given = await request.form()
        try:
            if text(given, "do") == "test":
                tried = Tried(*await window(request).keeper.test_callback(name))
            else:
                return await _done(request, name, given)
        except Amiss as amiss:
            fault = amiss
    return await _endpoint(request, name, fault, tried)


async def _endpoint(request: Request, name: str, fault: Amiss | None, tried: Tried | None) -> Response:
    looking = window(request)
    dead = await looking.hold.given_up(AccountId(name), SHOWN)  # before they are counted: what is listed is among them
    (box,) = await _boxes(looking, [holdings(await looking.keeper.book(), name).account])
    return page(
        request,
        "endpoint.html",
        CONFLICT if fault else 200,
        name=name,
        box=box,
        dead=dead,
        own=name not in looking.keeper.declared.accounts,
        now=looking.now(),
        fault=fault,
        tried=tried,
    )


async def _done(request: Request, name: str, given: FormData) -> Response:
    """What follows a form that changes something; a secret is in this one answer."""
    looking, secret = window(request), ""
    match text(given, "do"):
        case "set":
            _, secret = await looking.keeper.set_callback(name, _url(given), new_secret=bool(text(given, "new-secret")))
        case "off":
            await looking.keeper.set_callback(name, "")
        case "replay-all":
            await looking.hold.revive(AccountId(name), looking.now())
        case "replay":
            await _replay(looking, text(given, "message"))
        case _:
            raise Amiss("this is none of the forms of this page", "load the page again")
    if secret:
        return page(request, "callback_secret.html", name=name, secret=secret)
    return RedirectResponse(address(name), 303)


async def _replay(looking: Window, message: str) -> None:
    given = message.isascii() and message.isdigit() and len(message) <= 18
    if not (given and await looking.hold.replay(MessageId(int(message)), looking.now())):
        raise Amiss("there is no receipt of this message to be pushed", "it must have ended, and its account have an endpoint")


def _url(given: FormData) -> str:
    url = text(given, "url")
    if not url:
        raise Amiss("there is no address", "give one such as https://shop.example/receipts")
    return url


async def _boxes(looking: Window, accounts: Sequence[AccountEntry]) -> list[Outbox]:
    """The boxes of these accounts, of those too that have neither an endpoint nor anything that waits."""
    there = {box.account: box for box in await looking.hold.outboxes([entry.id for entry in accounts])}
    return [there.get(entry.id) or _empty(entry) for entry in accounts]


def _empty(entry: AccountEntry) -> Outbox:
    return Outbox(entry.id, entry.callback, 0, 0, Millis(0), 0, "")


def address(account: str) -> str:
    """Where the page of an account's endpoint is."""
    return f"/console/callbacks/{account}"
