"""Preview: what would become of a message, shown while it is typed; and the same as JSON. It asks the code that sends."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import orjson
from starlette.requests import Request
from starlette.responses import Response

from globewire.hold.port import AccountEntry
from globewire.message import AccountId, MessageType
from globewire.show.leaf import few
from globewire.show.page import page
from globewire.show.window import Window, window
from globewire.verdict.judge import Terms
from globewire.verdict.preview import Piece, Preview, TextView, preview

PARAMETERS = ("To", "Message", "From", "Type", "TaskId", "ChannelId", "ValidityPeriod")
ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring characters of a part that are alike: `kind` is "foreign", "double" or ""."""

    text: str
    kind: str


async def show(request: Request) -> Response:
    """The form, and below it the preview of what it holds."""
    form = await _form(request)
    looking = window(request)
    account = _account(looking, form)
    given = _parameters(form)
    seen = _preview(looking, account, given) if given else None
    return page(
        request,
        "preview.html",
        form={name: form.get(name, "") for name in PARAMETERS},
        accounts=few(looking.accounts()),
        account=account,
        wanted=form.get(ACCOUNT, "").strip(),
        types=list(MessageType),
        carriers=few(looking.carriers) or [],
        seen=seen,
        parts=[list(_runs(piece, seen.text)) for piece in seen.text.pieces] if seen and seen.text else [],
    )


async def as_json(request: Request) -> Response:
    """The preview as `globewire preview --json` prints it."""
    form, looking = await _form(request), window(request)
    seen = _preview(looking, _account(looking, form), _parameters(form))
    return Response(orjson.dumps(seen), media_type="application/json")


async def _form(request: Request) -> Mapping[str, str]:
    """What was typed: in a form's body, or in the query of a link."""
    if request.method != "POST":
        return request.query_params
    form = await request.form(max_files=0, max_part_size=_MOST)
    return {name: value for name, value in form.items() if isinstance(value, str)}


_MOST = 65_536
"""Bytes of a field."""


def _parameters(form: Mapping[str, str]) -> dict[str, str]:
    """The parameters as an SDK would send them. A browser writes the end of a line as two characters; a customer does not."""
    given = {name: form[name] for name in PARAMETERS if form.get(name)}
    return given | ({"Message": given["Message"].replace("\r\n", "\n")} if "Message" in given else {})


def _account(looking: Window, form: Mapping[str, str]) -> AccountId:
    """The account that was chosen, or the first."""
    known = looking.accounts()
    wanted = AccountId(form.get(ACCOUNT, "").strip())
    return wanted if wanted in known else min(known, default=wanted)


def _preview(looking: Window, account: AccountId, given: Mapping[str, str]) -> Preview:
    entry: AccountEntry | None = looking.accounts().get(account)
    terms = Terms(account, entry.sender if entry else "", looking.validity)
    return preview(given, terms, entry.quota if entry else {}, looking.router, looking.carriers)


def _runs(piece: Piece, text: TextView) -> Iterator[Run]:
    foreign = {letter.character for letter in text.foreign}
    double = {letter.character for letter in text.doubled}

    def kind(character: str) -> str:
        return "foreign" if character in foreign else "double" if character in double else ""

    for alike, characters in groupby(piece.text, kind):
        yield Run("".join(characters), alike)
