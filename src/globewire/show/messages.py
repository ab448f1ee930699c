"""Messages: a page of those that fit what is asked, and all of them as CSV."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from globewire.hold.port import Question
from globewire.message import FINAL, MessageId, State
from globewire.show.leaf import few
from globewire.show.page import millis, moment, page
from globewire.show.sheet import sheet
from globewire.show.window import window

PAGE = 50
MOST = 1_000_000_000
"""Messages in a file: all."""
SPANS = {"1h": "last hour", "24h": "last day", "7d": "last week", "30d": "last month"}
"""How far back a page may be asked to look."""
STATES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "open": ("under way", tuple(state.value for state in State if state not in FINAL)),
    "lost": ("not delivered", tuple(state.value for state in (State.FAILED, State.EXPIRED, State.REJECTED))),
    **{state.value: (state.value, (state.value,)) for state in State},
}
"""What may be asked for as a state: what it is called, and the states that it means."""
FIELDS = ("number", "task", "text", "state", "country", "carrier", "account", "error", "span", "since", "until")
_UNITS = {"h": 3_600_000, "d": 86_400_000}
_MESSAGE_ID = 18
_LAST = 9_999_999_999_999
"""The last millisecond that a MessageId has room for (in the year 2286)."""
_WHOLE = 7
"""Digits from which on a number is taken as a whole one; fewer are its end."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form was filled in with. `number` is a number in any form, its last digits, or a MessageId."""

    fields: Mapping[str, str]
    before: int

    @property
    def digits(self) -> str:
        """The digits of `number`, without an international prefix."""
        given = re.sub(r"[^0-9+]", "", self.fields["number"])
        return given.removeprefix("+").removeprefix("00") if len(given) > _WHOLE else given.removeprefix("+")

    @property
    def message(self) -> MessageId | None:
        """The MessageId that was given for a number."""
        return MessageId(int(self.digits)) if len(self.digits) == _MESSAGE_ID else None

    def question(self, now: int) -> Question:
        """What the hold is asked."""
        fields, digits = self.fields, self.digits
        span = fields["span"]
        return Question(
            account=fields["account"],
            to=digits if len(digits) >= _WHOLE else "",
            to_ends=digits if len(digits) < _WHOLE else "",
            task_id=fields["task"],
            states=STATES[fields["state"]][1] if fields["state"] in STATES else (),
            error_code=fields["error"],
            carrier=fields["carrier"],
            country=fields["country"].upper(),
            text=fields["text"],
            since=max(now - int(span[:-1]) * _UNITS[span[-1]] if span in SPANS else 0, _at(fields["since"])),
            until=_at(fields["until"]),
            before=self.before,
            limit=PAGE,
        )

    def address(self, path: str, **more: object) -> str:
        """The address of a page that asks the same, and `more`."""
        given = {name: value for name, value in {**self.fields, **more}.items() if value}
        return f"{path}?{urlencode(given)}" if given else path


def asked(request: Request) -> Asked:
    """What a request asks for; what cannot be meant is left out."""
    given = request.query_params
    before = given.get("before", "")
    fields = {name: given.get(name, "").strip()[:256] for name in FIELDS}
    fields |= {name: fields[name] if _at(fields[name]) else "" for name in ("since", "until")}
    return Asked(
        fields,
        int(before) if before.isascii() and before.isdigit() and len(before) <= _MESSAGE_ID else 0,
    )


async def messages(request: Request) -> Response:
    """The newest messages that fit. A MessageId leads to its message at once."""
    wanted, looking = asked(request), window(request)
    if wanted.message is not None:
        return RedirectResponse(f"/console/messages/{wanted.message}", 303)
    found = await looking.hold.find(wanted.question(looking.now()))
    return page(
        request,
        "messages.html",
        asked=wanted,
        found=found,
        full=len(found.standings) >= PAGE,
        looked_back_to=_moment_of(found.looked_to),
        states=[(value, name) for value, (name, _) in STATES.items()],
        spans=SPANS.items(),
        carriers=few(looking.carriers),
        accounts=few(looking.accounts()),
    )


async def as_csv(request: Request) -> Response:
    """All messages that fit, as a file: whole numbers and texts, since the page shows them too."""
    looking = window(request)
    question = replace(asked(request).question(looking.now()), limit=MOST)
    name = f"messages-{moment(looking.now())[:10]}.csv"
    lines = (line async for line, _ in sheet(looking.hold, question, full=True))
    return StreamingResponse(lines, media_type="text/csv", headers={"content-disposition": f'attachment; filename="{name}"'})


def _at(given: str) -> int:
    """A time that the form gives, in ms; 0 for what is none."""
    return min(max(0, millis(given) or 0), _LAST)


def _moment_of(id: MessageId | None) -> int:
    """When a message of this id was accepted (ms)."""
    return id // 100_000 if id else 0
