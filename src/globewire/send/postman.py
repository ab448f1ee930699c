"""Brings the simulated carrier's receipts to whoever is bound to hear them, again where they are not acknowledged.

It knows who is bound and what waits for them. What a receipt says is `send.taken`'s, whether and when there is one
`verdict.script`'s.
"""

from collections import Counter, deque
from collections.abc import Callable
from functools import partial

from globewire.send.session import Pump
from globewire.send.taken import Taken, receipt, wants_receipt
from globewire.send.timetable import Timetable
from globewire.verdict.pace import Pace
from globewire.verdict.script import ReceiptForm
from globewire.wire.pdu import Command, PduFault
from globewire.wire.smpp import BoundAs

DELIVERING = 50
"""Receipts under way to one bind and not yet acknowledged."""
TRIES, AGAIN = 10, 1.0
"""How often a receipt is brought that is refused or not acknowledged, and seconds between."""


class Account:
    """One system_id: its pace, its connections, and the letters that could not be brought yet."""

    __slots__ = ("lines", "pace", "system_id", "untold")

    def __init__(self, system_id: str, throughput: float) -> None:
        self.system_id = system_id
        self.pace = Pace(throughput)
        self.lines: list[Line] = []
        self.untold: deque[Letter] = deque()


class Line:
    """One connection; `account` once it is bound. `unanswered` counts the submits whose response is still to come."""

    __slots__ = ("account", "pump", "unanswered")

    def __init__(self, pump: Pump) -> None:
        self.pump = pump
        self.account: Account | None = None
        self.unanswered = 0

    def hears(self) -> bool:
        """Whether another receipt may be sent here now."""
        session = self.pump.session
        bound = session.bound_as is BoundAs.TRANSCEIVER or session.bound_as is BoundAs.RECEIVER
        return bound and not self.pump.paused and session.in_flight < DELIVERING


class Letter:
    """A receipt to bring, and how often that was tried."""

    __slots__ = ("account", "taken", "tries")

    def __init__(self, account: Account, taken: Taken) -> None:
        self.account = account
        self.taken = taken
        self.tries = 0


class Postman:
    """Brings receipts. An account's letters wait while none of its binds hears; of more than `most`, the oldest are lost.

    `clock` is that of `later`, `timers` that of the sessions."""

    def __init__(
        self,
        form: ReceiptForm,
        later: Timetable,
        counts: Counter[str],
        most: int,
        *,
        clock: Callable[[], float],
        timers: Callable[[], float],
    ) -> None:
        self._form = form
        self._later = later
        self._counts = counts
        self._most = most
        self._clock = clock
        self._timers = timers

    def bring(self, account: Account, taken: Taken, times: int) -> None:
        """Tell `account` how its message ended, so many times, if the message asked for that."""
        if wants_receipt(taken.submit, taken.word):
            for _ in range(times):
                self._queue(Letter(account, taken))
            self.empty(account)

    def brought(self, ref: object, well: bool) -> None:
        """A receipt was acknowledged, or it was not and will be brought again. `ref` is the request's."""
        if well:
            self._counts["receipts.acknowledged"] += 1
        elif isinstance(ref, Letter):
            ref.tries += 1
            if ref.tries < TRIES:
                self._later.add(self._clock() + AGAIN, partial(self._again, ref))
            else:
                self._counts["receipts.lost"] += 1

    def empty(self, account: Account) -> None:
        """Send what waits for `account`, as far as its binds take it now: each to the least busy."""
        while account.untold:
            hearing = [line for line in account.lines if line.hears()]
            if not hearing:
                return
            self._send(min(hearing, key=_busy), account.untold.popleft())

    def _again(self, letter: Letter) -> None:
        self._queue(letter)
        self.empty(letter.account)

    def _queue(self, letter: Letter) -> None:
        untold = letter.account.untold
        untold.append(letter)
        if len(untold) > self._most:
            untold.popleft()
            self._counts["receipts.lost"] += 1

    def _send(self, line: Line, letter: Letter) -> None:
        fields, tlvs = receipt(letter.taken, self._form)
        try:
            line.pump.write(line.pump.session.request(Command.DELIVER_SM, fields, tlvs, now=self._timers(), ref=letter))
            self._counts["receipts"] += 1
        except PduFault:
            self._counts["receipts.lost"] += 1  # an address that a submit may hold and a receipt may not


def _busy(line: Line) -> int:
    return line.pump.session.in_flight
