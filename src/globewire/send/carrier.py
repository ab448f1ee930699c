"""The sessions of one carrier as one thing that takes submit_sm: queue, window, pace, pause. It decides nothing on messages."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import Protocol

from globewire import plan
from globewire.send.bind import Bind
from globewire.send.session import Pump
from globewire.send.traffic import Traffic
from globewire.verdict.pace import Pace
from globewire.wire.pdu import Command, Fields, Pdu, PduFault
from globewire.wire.smpp import Answered, Asked, Event, Unanswered
from globewire.wire.submission import SubmitSm

AHEAD = 0.05
"""Seconds' worth of a paced carrier's segments that may be claimed before their turn: what a crash leaves in doubt."""


class Listener(Protocol):
    """Who hears what becomes of what was submitted, and what the carrier asks."""

    def moved(self) -> None:
        """There may be more room than before."""

    def left(self, ref: object) -> None:
        """The submit_sm of `ref` is on its way."""

    def answered(self, ref: object, response: Pdu, took: float) -> None:
        """The carrier answered the submit_sm or query_sm of `ref`, after so many seconds."""

    def unanswered(self, ref: object) -> None:
        """No answer came, and none will."""

    def unfit(self, ref: object, fault: PduFault) -> None:
        """What was to be submitted does not fit into a submit_sm; it was not sent."""

    def asked(self, pump: Pump, request: Pdu) -> None:
        """The carrier sent a request that wants an answer."""


class Carrier:
    """Submits over all binds of a carrier, the freest first, no faster than its pace, and not while it is paused."""

    def __init__(
        self,
        carrier: plan.Carrier,
        listener: Listener,
        *,
        tls: ssl.SSLContext | None,
        clock: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        commands = (
            (Command.BIND_TRANSCEIVER,)
            if carrier.bind is plan.Binding.TRANSCEIVER
            else (Command.BIND_TRANSMITTER, Command.BIND_RECEIVER)
        )
        self.plan = carrier
        self.binds = [
            Bind(carrier, command, tls=tls, clock=clock, jitter=jitter, hear=self._heard)
            for _ in range(carrier.binds)
            for command in commands
        ]
        self.changed = asyncio.Event()
        """Set when a bind stands that did not, or does so no more."""
        self.unbound_since: float | None = clock()
        """Since when nothing can be submitted; None while a bind stands that takes submit_sm."""
        self.throttled_since: float | None = None
        self.traffic = Traffic()
        self._listener, self._clock = listener, clock
        self._queue: deque[tuple[object, SubmitSm]] = deque()
        self._pace = Pace(carrier.pace, max(1.0, carrier.pace * AHEAD)) if carrier.pace else None
        self._paused_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def in_flight(self) -> int:
        """Submitted and not answered."""
        return sum(bind.in_flight for bind in self.binds)

    @property
    def bound(self) -> int:
        """How many binds stand."""
        return sum(bind.bound for bind in self.binds)

    @property
    def room(self) -> int:
        """How many more segments may be handed over now."""
        if self._clock() < self._paused_until:
            return 0
        room = sum(bind.room for bind in self.binds)
        if self._pace is not None:
            room = min(room, int(self.plan.pace * AHEAD) + 1)
        return max(0, room - len(self._queue))

    def submit(self, ref: object, submission: SubmitSm, *, first: bool = False) -> None:
        """Submit when its turn comes; the listener hears of `ref`. `first` puts it before all that wait."""
        if first:
            self._queue.appendleft((ref, submission))
        else:
            self._queue.append((ref, submission))
        self._go()

    def ask(self, ref: object, fields: Fields) -> bool:
        """Send a query_sm, if that holds nothing up: within window and pace, and while no submit waits for either. Whether it was
        sent; if so, the listener hears of `ref`."""
        now = self._clock()
        bind = max(self.binds, key=lambda bind: bind.room)
        if self._queue or now < self._paused_until or bind.pump is None or bind.room <= 0:
            return False
        if self._pace is not None and self._pace.take(now * 1000):
            return False
        bind.pump.write(bind.pump.session.request(Command.QUERY_SM, fields, now=now, ref=ref))
        return True

    def pause(self) -> None:
        """The carrier says of a submit that it is too fast or too much: nothing more for a while."""
        self.throttled_since = self.throttled_since or self._clock()
        self.hold_back()

    def hold_back(self) -> None:
        """Nothing more for a while, but this is no reason to pass the carrier over."""
        self._paused_until = self._clock() + self.plan.throttle_pause

    @property
    def paused(self) -> bool:
        """Whether it is held up."""
        return self._clock() < self._paused_until

    def look_again(self) -> None:
        """The clock was moved on: a pause is over."""
        if self._timer is not None:
            self._timer.cancel()
        self._paused_until = 0.0
        self._returned()

    def withdraw(self, unwanted: Callable[[object], bool]) -> int:
        """Take back what waits for its turn and is `unwanted`; how much it was."""
        waiting = len(self._queue)
        self._queue = deque(item for item in self._queue if not unwanted(item[0]))
        self._listener.moved()
        return waiting - len(self._queue)

    def take_unsent(self) -> list[object]:
        """Take back everything that waits for its turn."""
        unsent = [ref for ref, _ in self._queue]
        self._queue.clear()
        self._listener.moved()
        return unsent

    async def keep(self) -> None:
        """Keep all binds alive until cancelled."""
        async with asyncio.TaskGroup() as group:
            for bind in self.binds:
                group.create_task(bind.keep())

    async def rebind(self) -> None:
        """Begin every session anew, one after the other, so that those with several binds go on meanwhile."""
        for bind in self.binds:
            await bind.renew(self.plan.response_timeout)

    async def leave(self, limit: float) -> None:
        """Unbind everywhere."""
        await asyncio.gather(*(bind.leave(limit) for bind in self.binds))

    def _go(self) -> None:
        """Write what may be written now; come back when the pace or the pause says so."""
        if not self._queue:
            return None
        now = self._clock()
        while self._queue:
            if now < self._paused_until:
                return self._return_in(self._paused_until - now)
            bind = max(self.binds, key=lambda bind: bind.room)
            pump = bind.pump
            if pump is None or bind.room <= 0:
                return None
            wait = self._pace.take(now * 1000) if self._pace is not None else 0.0
            if wait:
                return self._return_in(wait / 1000)
            ref, submission = self._queue.popleft()
            try:
                pump.write(pump.session.request(Command.SUBMIT_SM, submission.fields, submission.tlvs, now=now, ref=ref))
                self._listener.left(ref)
                self.traffic.submits += 1
            except PduFault as fault:
                self._listener.unfit(ref, fault)
        return None

    def _return_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._returned)

    def _returned(self) -> None:
        self._timer = None
        self._listener.moved()
        self._go()

    def _heard(self, pump: Pump, events: list[Event]) -> None:
        for event in events:
            match event:
                case Answered():
                    self._listener.answered(event.ref, event.pdu, event.took)
                case Asked():
                    self._listener.asked(pump, event.pdu)
                case Unanswered():
                    self._listener.unanswered(event.ref)
                case _:
                    submits = any(bind.submits for bind in self.binds)
                    self.unbound_since = None if submits else self.unbound_since or self._clock()
                    self.changed.set()
        self._go()
        self._listener.moved()
