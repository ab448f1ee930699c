"""The API's reference, made from the tables that the gateway itself reads; and the OpenAPI document."""

from functools import cache

import orjson
from starlette.requests import Request
from starlette.responses import Response

from globewire import __version__, errors
from globewire.message import FINAL, State
from globewire.show.page import page
from globewire.verdict.outcome import STATUSES, WORDS, push_status, query_status
from globewire.wire.callback import REPORT
from globewire.wire.dialling import find
from globewire.wire.history import HISTORY, since
from globewire.wire.openapi import document
from globewire.wire.operation import OPERATIONS


async def reference(request: Request) -> Response:
    """All of it on one page; `country` chooses among the dialling codes."""
    words = request.query_params.get("country", "")
    return page(
        request,
        "reference.html",
        operations=OPERATIONS.values(),
        since=since,
        business=errors.rows(business=True),
        gateway=errors.rows(business=False),
        states=[(state, query_status(state), push_status(state) if state in FINAL else "") for state in State],
        words=[(word, state or "", meaning) for word, (state, meaning) in WORDS.items() if word],
        statuses=[(f"{status:08X}", name, meaning) for status, (name, _, meaning) in STATUSES.items()],
        report=REPORT,
        country=words,
        codes=find(words),
        history=HISTORY,
    )


async def openapi(request: Request) -> Response:
    """The OpenAPI document, its server being this one."""
    return Response(_document(), media_type="application/json")


@cache
def _document() -> bytes:
    return orjson.dumps(document(__version__))
