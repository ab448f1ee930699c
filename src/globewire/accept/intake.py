"""Verify, read, judge, keep, answer, in that order: what happens between a request and its reply."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from time import perf_counter

import structlog

from globewire import errors
from globewire.accept.batch import batch
from globewire.accept.conversion import conversion_data, sms_conversion
from globewire.accept.desk import Asking, Desk
from globewire.accept.hints import Hints
from globewire.accept.nonces import Nonces
from globewire.accept.pressure import Pressure
from globewire.accept.query import query
from globewire.accept.send import send
from globewire.accept.turns import OwnTurns, SharedTurns
from globewire.errors import Refused, Unavailable, refuse
from globewire.hold.port import Nonce
from globewire.message import Millis
from globewire.meter.dials import Meter
from globewire.verdict.admit import Circumstances, RefusalForm, Register, authorise, identify
from globewire.wire import reply, request, signature
from globewire.wire.operation import OPERATIONS as TABLE
from globewire.wire.reply import Fields, Reply
from globewire.wire.request import Call, Raw

log = structlog.get_logger()


async def with_template(desk: Desk, asking: Asking) -> Fields:
    """SendMessageWithTemplate serves mainland China only, which this gateway does not."""
    raise refuse(errors.PRODUCT_NOT_SUBSCRIBED)


OPERATIONS: Mapping[str, Callable[[Desk, Asking], Awaitable[Fields]]] = {
    "SendMessageToGlobe": send,
    "BatchSendMessageToGlobe": batch,
    "SendMessageWithTemplate": with_template,
    "QueryMessage": query,
    "SmsConversion": sms_conversion,
    "ConversionData": conversion_data,
}
SENDING = frozenset({"SendMessageToGlobe", "BatchSendMessageToGlobe"})
REPLAYED = (b"x-globewire-idempotent-replay", b"true")
"""The header of a reply that an earlier call under the same idempotency key got."""


class Intake:
    """Answers requests. `real` is the clock that callers have too: by it a request is fresh or not."""

    def __init__(
        self,
        desk: Desk,
        nonces: Nonces,
        turns: OwnTurns | SharedTurns,
        pressure: Pressure,
        *,
        register: Callable[[], Register],
        request_id: Callable[[], str],
        form: RefusalForm,
        require_tls: bool,
        meter: Meter,
        real: Callable[[], Millis],
        hints: Hints | None = None,
    ) -> None:
        self._desk, self._nonces, self._turns, self._pressure = desk, nonces, turns, pressure
        self._register, self._request_id = register, request_id
        self._form, self._require_tls, self._real = form, require_tls, real
        self._meter = meter
        self._hints = hints

    async def answer(self, raw: Raw) -> Reply:
        """The reply to `raw`; a promise in it is on disk. Raises nothing that is the caller's fault, or the disk's."""
        began, request_id = perf_counter(), self._request_id()
        operation = key = ""
        try:
            call = request.read(raw)
            operation, key = call.operation, call.access_key
            asking = self._verified(call, request_id)
            turn = self._turns.take(asking.caller, operation)
            if turn is not None:
                await turn
            if asking.caller.user:
                authorise(asking.caller, operation, Circumstances(asking.now, raw.peer, raw.secure), self._form)
            if operation in SENDING:
                self._pressure.check()
            code, answer = _answer(call, await OPERATIONS[operation](self._desk, asking), request_id)
        except Refused as refused:
            told = refused if self._hints is None else self._hints.add(raw, refused, key, self._real())
            code, answer = refused.row.code, _refusal(raw, operation, told, request_id)
        except Unavailable as fault:
            log.error("the hold does not serve", stage="accept", request=request_id, reason=str(fault))
            code = errors.SERVICE_UNAVAILABLE.code
            answer = _refusal(raw, operation, refuse(errors.SERVICE_UNAVAILABLE), request_id)
        self._meter.calls.of(operation, code).add()
        self._meter.call_seconds.of(operation).note(perf_counter() - began)
        return answer

    def _verified(self, call: Call, request_id: str) -> Asking:
        """Who calls, and that it is he. In the order of contract 3.2: key, freshness, signature, nonce; throttle and RAM follow."""
        if self._require_tls and not call.raw.secure:
            raise refuse(errors.NEED_SSL)
        now = self._desk.now()
        caller = identify(self._register(), call.access_key, call.security_token)
        signature.fresh(call, self._real())
        signature.verify(call, caller.secret)
        nonce = Nonce(signature.nonce_mark(call.access_key, call.nonce), Millis(signature.nonce_until(call)))
        self._nonces.use(nonce.mark, nonce.until)
        return Asking(caller, call, request_id, now, nonce if TABLE[call.operation].changing else None)


def _answer(call: Call, fields: Fields, request_id: str) -> tuple[str, Reply]:
    """Its ResponseCode, and the reply; marked where it is that of an earlier call under the same idempotency key."""
    first = str(fields.get("RequestId", request_id))
    answer = reply.answer(call.operation, fields, call.format, first)
    if first != request_id:
        answer = replace(answer, headers=(*answer.headers, REPLAYED))
    return str(fields["ResponseCode"]), answer


def _refusal(raw: Raw, operation: str, refused: Refused, request_id: str) -> Reply:
    format = request.format_of(raw)
    if refused.row.business:
        return reply.business(operation, refused.row, refused.sentence, format, request_id)
    host = next((value.decode("latin-1") for name, value in raw.headers if name == b"host"), "")
    return reply.refusal(refused, format, request_id, host)
