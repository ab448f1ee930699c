"""The emulator's API for tests: JSON under /_emulator/, for programs on this machine. docs/emulator.md describes it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from globewire.errors import Unavailable
from globewire.hold.port import Standing
from globewire.message import State
from globewire.show import asked
from globewire.show.asked import Fault
from globewire.show.emulation import Emulation
from globewire.show.page import moment
from globewire.verdict.orders import Full, Order
from globewire.verdict.outcome import STATUSES
from globewire.verdict.script import Reply
from globewire.wire.code import one_time_code

PREFIX = "/_emulator"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
LARGEST = 64 * 1024
"""Octets in the largest body."""

Answer = Callable[[Emulation, Request], Awaitable[object]]


async def _messages(emulation: Emulation, request: Request) -> object:
    return {"messages": [message(standing) for standing in await emulation.listed(asked.listing(request.query_params))]}


async def _clear(emulation: Emulation, request: Request) -> object:
    await emulation.clear()
    return {}


async def _next(emulation: Emulation, request: Request) -> object:
    waiting = asked.waiting(await _body(request))
    standing = await emulation.next(waiting, _gone(request))
    if standing is None:
        raise Fault(f"no message{f' to {waiting.to}' if waiting.to else ''} came within {waiting.timeout:g} s", 404)
    return message(standing)


async def _one(emulation: Emulation, request: Request) -> object:
    wanted = asked.message_id(request.path_params["id"])
    standing = await emulation.hold.look(wanted)
    if standing is None:
        raise Fault(f"there is no message {wanted}", 404)
    return message(standing)


async def _ended(emulation: Emulation, request: Request) -> object:
    wanted = asked.message_id(request.path_params["id"])
    standing = await emulation.ended(wanted, asked.waiting(await _body(request)).timeout, _gone(request))
    if standing is None:
        raise Fault(f"there is no message {wanted}", 404)
    return message(standing)


async def _outcomes(emulation: Emulation, request: Request) -> object:
    return {"outcomes": [_ordered(order) for order in emulation.carrier.orders.all()]}


async def _order(emulation: Emulation, request: Request) -> object:
    order = asked.order(await _body(request))
    try:
        emulation.carrier.orders.give(order)
    except Full as fault:
        raise Fault("too many outcomes wait already: withdraw some", 409) from fault
    return _ordered(order)


async def _withdraw(emulation: Emulation, request: Request) -> object:
    emulation.carrier.orders.withdraw(asked.number(request.query_params) if "to" in request.query_params else None)
    return await _outcomes(emulation, request)


async def _push(emulation: Emulation, request: Request) -> object:
    return {"receipts": await emulation.push(asked.push(await _body(request)))}


async def _clock(emulation: Emulation, request: Request) -> object:
    return {"now": moment(emulation.clock.now()), "ahead": emulation.clock.ahead}


async def _advance(emulation: Emulation, request: Request) -> object:
    await emulation.advance(asked.advance(await _body(request)))
    return await _clock(emulation, request)


async def _reset(emulation: Emulation, request: Request) -> object:
    await emulation.reset()
    return await _clock(emulation, request)


PATHS: Mapping[str, Mapping[str, Answer]] = {
    "messages": {"GET": _messages, "DELETE": _clear},
    "messages/next": {"POST": _next},
    "messages/{id}": {"GET": _one},
    "messages/{id}/ended": {"POST": _ended},
    "outcomes": {"GET": _outcomes, "POST": _order, "DELETE": _withdraw},
    "receipts": {"POST": _push},
    "clock": {"GET": _clock, "POST": _advance},
    "reset": {"POST": _reset},
}
"""What is answered, by path and method."""


def routes(emulation: Emulation) -> list[Route]:
    """The API's paths, and one for all others under its prefix."""
    found = [Route(f"{PREFIX}/{path}", _route(emulation, by_method), methods=METHODS) for path, by_method in PATHS.items()]
    return [*found, Route(f"{PREFIX}{{rest:path}}", _route(emulation, {}), methods=METHODS)]


def _route(emulation: Emulation, by_method: Mapping[str, Answer]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await _answer(emulation, by_method, request)

    return answer


async def _answer(emulation: Emulation, by_method: Mapping[str, Answer], request: Request) -> Response:
    try:
        if not by_method:
            raise Fault(f"there is no such path; there are {', '.join(f'{PREFIX}/{path}' for path in PATHS)}", 404)
        if request.method not in by_method:
            raise Fault(f"this path takes {' and '.join(by_method)}", 405)
        return _json(await by_method[request.method](emulation, request))
    except Fault as fault:
        return _json({"error": str(fault)}, fault.status)
    except Unavailable:
        return _json({"error": "the database does not serve now"}, 503)
    except ClientDisconnect:
        return _json({"error": "whoever asked went away"}, 400)


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE), status, media_type="application/json")


def _gone(request: Request) -> Callable[[], Awaitable[bool]]:
    return request.is_disconnected


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            raise Fault(f"the body is larger than {LARGEST} octets", 413)
    return bytes(body)


# --- values as JSON ------------------------------------------------------------------------------------------------------


def message(standing: Standing) -> dict[str, Any]:
    """A message and what became of it."""
    sent = standing.message
    delivered = standing.state is State.DELIVERED
    return {
        "id": str(sent.id),
        "to": sent.to,
        "from": sent.sender,
        "text": sent.text,
        "code": one_time_code(sent.text),
        "type": sent.type,
        "task_id": sent.task_id,
        "channel_id": sent.channel,
        "country": sent.country,
        "encoding": sent.encoding,
        "segments": sent.segments,
        "state": standing.state,
        "error_code": standing.error_code,
        "error": standing.error,
        "callback": standing.told,
        "accepted_at": moment(sent.accepted_at),
        "expires_at": moment(sent.expires_at),
        "ended_at": moment(standing.ended_at) if standing.ended_at else None,
        "delivered_at": moment(standing.ended_at) if delivered else None,
        "parts": [
            {
                "sequence": part.sequence,
                "carrier_id": part.given_id or part.carrier_id,
                "state": part.state,
                "error": part.error,
                "submitted_at": moment(part.submitted_at or part.at),
                "ended_at": moment(part.settled_at) if part.settled_at else None,
            }
            for part in standing.parts
        ],
        "history": [{"at": moment(note.at), "what": note.what, "detail": note.detail} for note in standing.notes],
    }


def _ordered(order: Order) -> dict[str, object]:
    outcome = order.outcome
    return {
        "to": order.to,
        "times": order.times,
        "response": _RESPONSES[outcome.reply],
        "status": STATUSES[outcome.status][0] if outcome.status in STATUSES else outcome.status,
        "receipt": outcome.word,
        "error": outcome.error,
        "delay": outcome.delay,
        "latency": outcome.latency,
        "receipts": outcome.receipts,
        "receipt_first": outcome.early,
    }


_RESPONSES = {Reply.ANSWER: "answered", Reply.SILENCE: "unanswered", Reply.DROP: "disconnected"}
