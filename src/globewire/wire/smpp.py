"""An SMPP 3.4 session, either side of it, without a socket or a clock: octets and times in, events and octets out.

It numbers and matches requests, keeps the session state, and answers by itself what needs no judgement (enquire_link,
unbind, what is not allowed, what cannot be read). It decides nothing about messages, and never writes to anything.
"""

from collections.abc import Mapping
from enum import Enum
from itertools import islice, takewhile
from math import inf

from globewire.values import dataclass
from globewire.wire.commands import BODIES
from globewire.wire.pdu import RESP, Command, Fields, Frames, Pdu, PduFault, Status, decode, encode

_LAST_SEQUENCE = 0x7FFF_FFFF


class Side(Enum):
    """Who we are in a session."""

    ESME = "esme"
    SMSC = "smsc"


class BoundAs(Enum):
    """The session's state (SMPP 3.4 section 2.2)."""

    OPEN = "open"
    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"
    TRANSCEIVER = "transceiver"
    CLOSED = "closed"


BINDS: dict[int, BoundAs] = {
    Command.BIND_TRANSMITTER: BoundAs.TRANSMITTER,
    Command.BIND_RECEIVER: BoundAs.RECEIVER,
    Command.BIND_TRANSCEIVER: BoundAs.TRANSCEIVER,
}

_OPEN = frozenset({BoundAs.OPEN})
_TX = frozenset({BoundAs.TRANSMITTER, BoundAs.TRANSCEIVER})
_RX = frozenset({BoundAs.RECEIVER, BoundAs.TRANSCEIVER})
_BOUND = _TX | _RX
_NEVER: frozenset[BoundAs] = frozenset()

MAY_SEND: dict[int, dict[Side, frozenset[BoundAs]]] = {
    Command.BIND_TRANSMITTER: {Side.ESME: _OPEN, Side.SMSC: _NEVER},
    Command.BIND_RECEIVER: {Side.ESME: _OPEN, Side.SMSC: _NEVER},
    Command.BIND_TRANSCEIVER: {Side.ESME: _OPEN, Side.SMSC: _NEVER},
    Command.OUTBIND: {Side.ESME: _NEVER, Side.SMSC: _OPEN},
    Command.UNBIND: {Side.ESME: _BOUND, Side.SMSC: _BOUND},
    Command.SUBMIT_SM: {Side.ESME: _TX, Side.SMSC: _NEVER},
    Command.SUBMIT_MULTI: {Side.ESME: _TX, Side.SMSC: _NEVER},
    Command.DATA_SM: {Side.ESME: _BOUND, Side.SMSC: _BOUND},
    Command.DELIVER_SM: {Side.ESME: _NEVER, Side.SMSC: _RX},
    Command.QUERY_SM: {Side.ESME: _TX, Side.SMSC: _NEVER},
    Command.CANCEL_SM: {Side.ESME: _TX, Side.SMSC: _NEVER},
    Command.REPLACE_SM: {Side.ESME: _TX, Side.SMSC: _NEVER},
    Command.ENQUIRE_LINK: {Side.ESME: _BOUND | _OPEN, Side.SMSC: _BOUND | _OPEN},
    Command.ALERT_NOTIFICATION: {Side.ESME: _NEVER, Side.SMSC: _RX},
}
"""In which states each side may send a request (SMPP 3.4 section 2.3, table 2-1), with two allowances that peers need:
enquire_link before the bind is answered, and replace_sm from a transceiver."""

_ALLOWED = {
    (side, state): frozenset(command for command, row in MAY_SEND.items() if state in row[side])
    for side in Side
    for state in BoundAs
}
_UNANSWERABLE: frozenset[int] = frozenset({Command.OUTBIND, Command.ALERT_NOTIFICATION})
_UNCOUNTED: frozenset[int] = frozenset({*BINDS, Command.UNBIND, Command.ENQUIRE_LINK})


@dataclass(frozen=True, slots=True)
class Answered:
    """A request of ours was answered: by its response, or by a generic_nack. `took` is in seconds."""

    ref: object
    pdu: Pdu
    took: float


@dataclass(frozen=True, slots=True)
class Asked:
    """The peer asks; the application answers with `Session.respond`."""

    pdu: Pdu


@dataclass(frozen=True, slots=True)
class Bound:
    """Our bind was accepted."""

    bound_as: BoundAs


@dataclass(frozen=True, slots=True)
class BindRefused:
    """Our bind was refused; the connection still stands."""

    status: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request of ours that got no response in time, or never will: whether the peer acted on it is not known."""

    ref: object


@dataclass(frozen=True, slots=True)
class Closed:
    """The session is over, and told so once. `reason` is for people."""

    reason: str


Event = Answered | Asked | Bound | BindRefused | Unanswered | Closed


@dataclass(frozen=True, slots=True)
class _Waiting:
    command: int
    ref: object
    since: float


class Session:
    """One SMPP session. Durations and times are seconds of one clock that never goes back.

    `enquire_link` is how long nothing may be heard of a bound peer before it is asked whether it is there;
    `response_timeout` how long a request waits for its response, and how long an SMSC waits for a bind.
    Nothing here raises but `request` and `respond`, and those only PduFault.
    """

    def __init__(self, side: Side, *, enquire_link: float, response_timeout: float, now: float) -> None:
        self.side = side
        self.in_flight = 0
        """Our own requests that await a response; bind, unbind and enquire_link do not count."""
        self._enquire_link = enquire_link
        self._response_timeout = response_timeout
        self._frames = Frames()
        self._waiting: dict[int, _Waiting] = {}  # in the order of `since`
        self._sequence = 0
        self._out: list[bytes] = []
        self._opened = self._heard = now
        self._enquired = 0
        self._bind_asked = False
        self._become(BoundAs.OPEN)

    # --- what comes in ---------------------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> list[Event]:
        """What `data` from the peer amounts to. Write what `outgoing` gives after it."""
        events: list[Event] = []
        if self.closed:
            return events
        self._heard = now
        try:
            frames = self._frames.feed(data)
        except PduFault:
            frames = []
        for frame in frames:
            self._take(frame, now, events)
            if self.closed:
                return events
        fault = self._frames.fault
        if fault is not None:
            self._say(Command.GENERIC_NACK, fault.status, fault.sequence)
            events += self.close(f"the peer sent {fault}", now)
        return events

    def tick(self, now: float) -> list[Event]:
        """What time alone brings: responses that did not come, a dead link. Call it about when `due` says.

        Anything heard is a sign of life: a link is dead when nothing at all followed our enquire_link.
        """
        events: list[Event] = []
        if self.closed:
            return events
        late = takewhile(lambda item: now - item[1].since >= self._response_timeout, self._waiting.items())
        for sequence, waiting in list(late):
            self._forget(sequence, waiting)
            if waiting.command not in _UNCOUNTED:
                events.append(Unanswered(waiting.ref))
            elif waiting.command != Command.ENQUIRE_LINK or self._heard <= waiting.since:
                return events + self.close(f"no response to {Command(waiting.command).name.lower()}", now)
        if self._awaits_bind and now - self._opened >= self._response_timeout:
            return events + self.close("the peer did not bind", now)
        if self._enquires and now - self._heard >= self._enquire_link:
            self._out.append(self.request(Command.ENQUIRE_LINK, {}, now=now))
            self._enquired = self._sequence
        return events

    @property
    def due(self) -> float:
        """When `tick` has something to do next; infinity where nothing is to come."""
        times = [waiting.since + self._response_timeout for waiting in islice(self._waiting.values(), 1)]
        if self._awaits_bind:
            times.append(self._opened + self._response_timeout)
        if self._enquires:
            times.append(self._heard + self._enquire_link)
        return min(times, default=inf)

    # --- what goes out ---------------------------------------------------------------------------------------------------

    def outgoing(self) -> bytes:
        """What the session itself wants written; given once."""
        if not self._out:
            return b""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def request(
        self, command: int, fields: Fields, tlvs: Mapping[int, bytes] | None = None, *, now: float, ref: object = None
    ) -> bytes:
        """The octets of a request of ours, which is in flight from here on; `ref` comes back with what becomes of it.

        It raises PduFault, and nothing is in flight, where the state forbids it (RINVBNDSTS) or a field does not fit.
        """
        if command not in self._we_may:
            raise PduFault(f"command {command:#x} may not be sent {self.bound_as.value}", Status.RINVBNDSTS, command)
        sequence = self._sequence % _LAST_SEQUENCE + 1
        while sequence in self._waiting:
            sequence = sequence % _LAST_SEQUENCE + 1
        data = encode(Pdu(command, Status.ROK, sequence, fields, tlvs or {}))
        self._sequence = sequence
        if command not in _UNANSWERABLE:
            self._waiting[sequence] = _Waiting(command, ref, now)
            self.in_flight += command not in _UNCOUNTED
        return data

    def respond(
        self, asked: Pdu, status: int = Status.ROK, fields: Fields | None = None, tlvs: Mapping[int, bytes] | None = None
    ) -> bytes:
        """The octets of our response to what was `asked`. Accepting a bind binds the session. It raises PduFault."""
        data = encode(Pdu(asked.command | RESP, status, asked.sequence, fields or {}, tlvs or {}))
        if asked.command in BINDS and self._bind_asked and self.bound_as is BoundAs.OPEN:
            self._bind_asked = False
            if status == Status.ROK:
                self._become(BINDS[asked.command])
        return data

    def close(self, reason: str, now: float) -> list[Event]:
        """End the session: Unanswered for each request in flight, then Closed; nothing where it has ended before."""
        if self.closed:
            return []
        events: list[Event] = [Unanswered(w.ref) for w in self._waiting.values() if w.command not in _UNCOUNTED]
        self._waiting.clear()
        self.in_flight = 0
        self._become(BoundAs.CLOSED)
        return [*events, Closed(reason)]

    # --- within ----------------------------------------------------------------------------------------------------------

    def _become(self, state: BoundAs) -> None:
        self.bound_as = state
        self.closed = state is BoundAs.CLOSED
        """Whether the session is over."""
        self._bound = state in _BOUND
        self._we_may = _ALLOWED[self.side, state]
        self._peer_may = _ALLOWED[Side.SMSC if self.side is Side.ESME else Side.ESME, state]

    @property
    def _awaits_bind(self) -> bool:
        return self.side is Side.SMSC and self.bound_as is BoundAs.OPEN and not self._bind_asked

    @property
    def _enquires(self) -> bool:
        return self._bound and not self._enquired

    def _say(self, command: int, status: int, sequence: int) -> None:
        self._out.append(encode(Pdu(command, status, sequence)))

    def _forget(self, sequence: int, waiting: _Waiting) -> None:
        del self._waiting[sequence]
        self.in_flight -= waiting.command not in _UNCOUNTED
        if sequence == self._enquired:
            self._enquired = 0

    def _take(self, frame: bytes, now: float, events: list[Event]) -> None:
        try:
            pdu = decode(frame)
        except PduFault as fault:
            if not fault.command & RESP:
                response = fault.command | RESP
                self._say(response if response in BODIES else Command.GENERIC_NACK, fault.status, fault.sequence)
                return
            # A response is an answer however it is spelled: what could be read of it counts.
            pdu = Pdu(fault.command, int.from_bytes(frame[8:12], "big"), fault.sequence, fault.fields)
        if pdu.command & RESP:
            self._take_response(pdu, now, events)
        else:
            self._take_request(pdu, now, events)

    def _take_response(self, pdu: Pdu, now: float, events: list[Event]) -> None:
        waiting = self._waiting.get(pdu.sequence)
        if waiting is None or (pdu.command != waiting.command | RESP and pdu.command != Command.GENERIC_NACK):
            return
        self._forget(pdu.sequence, waiting)
        if waiting.command not in _UNCOUNTED:
            events.append(Answered(waiting.ref, pdu, now - waiting.since))
        elif waiting.command == Command.UNBIND:
            events += self.close("unbound by us", now)
        elif waiting.command in BINDS:
            if pdu.status == Status.ROK and pdu.command != Command.GENERIC_NACK:
                self._become(BINDS[waiting.command])
                events.append(Bound(self.bound_as))
            else:
                events.append(BindRefused(pdu.status))

    def _take_request(self, pdu: Pdu, now: float, events: list[Event]) -> None:
        command = pdu.command
        if command in BINDS and self.side is Side.SMSC and (self._bind_asked or self.bound_as is not BoundAs.OPEN):
            self._say(command | RESP, Status.RALYBND, pdu.sequence)
        elif command not in MAY_SEND:
            self._say(Command.GENERIC_NACK, Status.RINVCMDID, pdu.sequence)
        elif command in _UNANSWERABLE:
            return  # outbind and alert_notification carry nothing that a gateway which dials by itself could use
        elif command not in self._peer_may:
            self._say(command | RESP, Status.RINVBNDSTS, pdu.sequence)
        elif command == Command.ENQUIRE_LINK:
            self._say(command | RESP, Status.ROK, pdu.sequence)
        elif command == Command.UNBIND:
            self._say(command | RESP, Status.ROK, pdu.sequence)
            events += self.close("unbound by the peer", now)
        else:
            if command in BINDS:
                self._bind_asked = True
            events.append(Asked(pdu))
