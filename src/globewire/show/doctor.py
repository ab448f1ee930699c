"""The signature doctor: what is wrong with a request that was refused, pasted or picked from the last ones."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from globewire.errors import Refused
from globewire.show.page import page
from globewire.show.window import Window, window
from globewire.verdict.diagnosis import case, diagnose
from globewire.verdict.finding import Finding
from globewire.wire.endpoint import hosts
from globewire.wire.pasted import PasteFault, pasted
from globewire.wire.request import Raw, read
from globewire.wire.signing import Step, steps

LATEST = 20
"""Refused requests to pick from."""
LONGEST = 20_000
"""Characters of a request that the form shows; a longer one is diagnosed all the same."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found, and how the request should have been signed; or why it could not be read."""

    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()
    fault: str = ""


async def doctor(request: Request) -> Response:
    """The form, the last refused requests, and the diagnosis of the one that was given."""
    looking = window(request)
    form = await request.form() if request.method == "POST" else {}
    text, picked = str(form.get("request", "")), str(request.query_params.get("id", ""))
    exchange = looking.exchanges.find(picked) if picked else None
    diagnosis = None
    if exchange is not None:
        text, diagnosis = exchange.request_text, await _diagnose(looking, exchange.raw, exchange.at, request)
    elif picked:
        diagnosis = Diagnosis(fault="This request is no longer in memory.")
    elif request.method == "POST":
        diagnosis = await _pasted(looking, text, request)
    refused = looking.exchanges.latest(LATEST, refused=True)
    long = len(text) > LONGEST
    shown = "" if long else text
    return page(request, "doctor.html", text=shown, long=long, picked=picked, refused=refused, diagnosis=diagnosis)


async def _pasted(looking: Window, text: str, request: Request) -> Diagnosis:
    try:
        raw = pasted(text)
    except PasteFault as fault:
        return Diagnosis(fault=f"{str(fault)[:1].upper()}{str(fault)[1:]}.")
    return await _diagnose(looking, raw, looking.now(), request)


async def _diagnose(looking: Window, raw: Raw, at: int, request: Request) -> Diagnosis:
    try:
        call = read(raw)
    except Refused:
        call = None
    found = looking.register().find(call.access_key) if call else None
    address = request.scope["server"] or ("", 0)
    known = (request.headers.get("host", ""), *hosts(address[0], address[1]))
    # Two mistakes at once take up to seconds to find: the gateway serves on meanwhile.
    findings = await asyncio.to_thread(diagnose, case(raw, at, found[0] if found else None, known))
    return Diagnosis(findings, steps(call, None) if call else ())
