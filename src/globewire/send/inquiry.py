"""Asks a carrier what became of parts whose receipt is overdue (query_sm, SMPP 3.4 section 4.8), and counts those parts; `walk`
finds them.

Only what the carrier gave an id can be asked about: parts of `submitted` messages, and of an `unknown` message those that were
answered. A final answer is kept as the receipt that did not come, and the settle stage does the rest; every other one becomes a
line of the message's history.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

import structlog

from globewire import plan
from globewire.errors import Unavailable
from globewire.hold.port import Asking, Fact, Heard, Hold, Noted, Silent
from globewire.message import CarrierId, Millis
from globewire.meter.dials import Meter
from globewire.send.awaited import Awaited
from globewire.send.carrier import Carrier
from globewire.verdict import retry
from globewire.verdict.outcome import Told, sentence, told
from globewire.wire import query
from globewire.wire.pdu import Command, Pdu, PduFault, Status

log = structlog.get_logger()

TURN = 1.0
"""Seconds between two turns of questions."""
RATE = 10
"""Questions a second at most, and never more than half of the window that is free: what is to be sent goes first."""
WAITING = 100
"""Parts in hand to be asked about; the others are met again on the next walk."""
KNOWN = 100_000
"""Parts that are remembered to have been asked about; while there are so many, no other is."""
REFUSALS = 10
"""Questions that a carrier which never answered one may refuse, before it is asked no more."""


@dataclass(slots=True, eq=False)
class Question:
    """What is known of a part that is asked about: the `ref` of its query_sm. It is due again at `due`, and was met on the walk of
    the number `walk`."""

    silent: Silent
    walk: int
    asked: int = 0
    due: float = 0.0
    said: str = ""


class Inquiry:
    """The questions to one carrier. `may` says whether any may be asked now; receipts are counted all the same."""

    def __init__(
        self,
        hold: Hold,
        carrier: plan.Carrier,
        sessions: Carrier,
        now: Callable[[], Millis],
        may: Callable[[], bool],
        awaited: Awaited,
        meter: Meter,
    ) -> None:
        self.overdue = 0
        """Parts whose receipt is overdue, as of the last walk; those met on this one where they are more."""
        self.refused = False
        """Whether the carrier made clear that it does not answer."""
        self.asked = 0
        """Questions that were asked."""
        self._hold, self._carrier, self._sessions, self._now, self._may = hold, carrier, sessions, now, may
        self._awaited = awaited
        self._queries = meter.queries
        self._known: dict[tuple[int, int], Question] = {}
        self._due: deque[Question] = deque()
        self._facts: list[Fact] = []
        self._refusals: int | None = 0  # None once a question was answered
        self._walk = self._met = 0

    async def run(self) -> None:
        """Ask and write down until cancelled."""
        while True:
            await asyncio.sleep(TURN)
            try:
                await self._write()
            except Unavailable as fault:
                log.error("the hold does not serve", carrier=self._carrier.id, reason=str(fault))
            self._ask()

    @property
    def stand(self) -> Asking:
        """Whether the carrier is asked."""
        if not self._carrier.query:
            return Asking.NO
        return Asking.REFUSED if self.refused else Asking.YES

    def try_anew(self) -> None:
        """Ask again, though the carrier refused to answer before."""
        self.refused, self._refusals = False, 0

    # --- what the walk finds (send.walk.Walker) --------------------------------------------------------------------------------

    @property
    def id(self) -> CarrierId:
        """Whose parts it asks about."""
        return self._carrier.id

    @property
    def patience(self) -> Millis:
        """How long after its submit a part's receipt is overdue."""
        return Millis(round(self._carrier.receipt_overdue * 1000))

    def met(self, found: Sequence[Silent]) -> None:
        """These were met on this walk."""
        self._met += len(found)
        self.overdue = max(self.overdue, self._met)
        if self._carrier.query:
            clock = asyncio.get_running_loop().time()
            for silent in found:
                self._meet(silent, clock)

    def walked(self) -> None:
        """The walk is over: whoever was not met on it is silent no more."""
        self.overdue, self._met = self._met, 0
        self._known = {key: question for key, question in self._known.items() if question.walk == self._walk}
        self._walk += 1

    # --- what the carrier says ---------------------------------------------------------------------------------------------

    def answered(self, question: Question, response: Pdu) -> None:
        """A query_sm_resp, or a nack in its place: that the command is not known there."""
        silent, carrier = question.silent, self._carrier.id
        receipt = query.told(silent.part, silent.to, response)
        status = Status.RINVCMDID if response.command == Command.GENERIC_NACK else response.status
        verdict = told(status, receipt.status)
        which = f"{carrier}: part {silent.part.sequence}"
        match verdict:
            case Told.FINAL:
                self._awaited.forget(silent.part.carrier_id)
                self._facts.append(Heard(carrier, receipt, self._now()))
                self._note(question, f"{which} is {receipt.status}, as it says when asked")
            case Told.UNDER_WAY:
                self._note(question, f"{which} is {receipt.status or 'under way'}, as it says when asked")
            case Told.THROTTLED:
                self._sessions.hold_back()
            case Told.REFUSED | Told.UNSUPPORTED:
                self._note(question, f"{which}: the question is refused, {sentence(status)}")
        self._count(verdict, status)

    def unanswered(self, question: Question) -> None:
        """No answer came. It is asked again when its time comes."""
        self._queries.of(self._carrier.id, "unanswered").add()
        self._note(question, f"{self._carrier.id}: part {question.silent.part.sequence}: the question was not answered")

    def _note(self, question: Question, detail: str) -> None:
        """Write it into the message's history, unless the carrier only says again what it said before."""
        if detail != question.said:
            question.said = detail
            self._facts.append(Noted(question.silent.part.message, self._now(), "asked", detail))

    def _count(self, verdict: Told, status: int) -> None:
        self._queries.of(self._carrier.id, verdict.value.replace(" ", "_")).add()
        if verdict in (Told.FINAL, Told.UNDER_WAY):
            self._refusals = None
        elif verdict is Told.REFUSED and self._refusals is not None:
            self._refusals += 1
        if not self.refused and (verdict is Told.UNSUPPORTED or (self._refusals or 0) >= REFUSALS):
            self.refused = True
            log.warning(
                "the carrier does not answer query_sm and is asked no more", carrier=self._carrier.id, said=sentence(status)
            )

    # --- whom to ask, and when ---------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        if facts := list(self._facts):
            await self._hold.record(*facts)
            del self._facts[: len(facts)]

    def _meet(self, silent: Silent, clock: float) -> None:
        key = (silent.part.message, silent.part.sequence)
        question = self._known.get(key)
        if question is None:
            if len(self._due) >= WAITING or len(self._known) >= KNOWN:
                return
            question = self._known[key] = Question(silent, self._walk)
        question.walk = self._walk
        if question.due <= clock and len(self._due) < WAITING:
            question.due = inf
            self._due.append(question)

    def _ask(self) -> None:
        """Ask about some of those that are due: as many as the second and the window have room for."""
        if self.refused or not self._may():
            self._give_back()
            return
        clock = asyncio.get_running_loop().time()
        room = self._sessions.room
        for _ in range(min(RATE, len(self._due), (room + 1) // 2)):
            question = self._due[0]
            try:
                fields = query.question(question.silent.part, question.silent.sender, self._carrier)
                if not self._sessions.ask(question, fields):
                    return
                self.asked += 1
            except PduFault as fault:  # an id that no query_sm can hold
                self._note(question, f"{self._carrier.id}: part {question.silent.part.sequence} cannot be asked about: {fault}")
            self._due.popleft()
            wait = retry.question(question.asked, self._carrier.receipt_overdue)
            question.asked += 1
            question.due = inf if wait is None else clock + wait

    def _give_back(self) -> None:
        """Keep nothing in hand: what is silent still is met again on a later walk."""
        for question in self._due:
            question.due = 0.0
        self._due.clear()
