"""A carrier in a box: an SMSC reached over real SMPP 3.4 that delivers nothing, and behaves as it is told.

What happens to a submit is decided in `verdict.script`; what is told of it is written in `send.taken`. Here are the binds,
the answers and the memory, all of it bounded. It is for emulation and tests: on loopback, for clients that mean well.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from random import Random

from globewire.send.postman import Account, Line, Postman
from globewire.send.session import Pump
from globewire.send.taken import Taken, body, query_answer, unheard_of
from globewire.send.timetable import Timetable
from globewire.verdict.orders import Orders
from globewire.verdict.script import Behaviour, Fate, IdForm, Reply, decide, validity
from globewire.wire.pdu import Command, Fields, Pdu, Status
from globewire.wire.smpp import BINDS, Answered, Asked, Closed, Event, Session, Side, Unanswered
from globewire.wire.submission import UDH_INDICATOR
from globewire.wire.tie import tie

__all__ = ["Behaviour", "Simulator"]

NAME = "simulator"
ACCOUNTS = 1_000
"""Different system_ids that may bind where any may."""
TRIED = 10_000
"""Texts remembered whose first try went wrong on purpose."""
ENQUIRE_LINK, RESPONSE_TIMEOUT = 60.0, 30.0


class Simulator:
    """A simulated carrier. `taken` are the newest messages it took, by id, at most `remember`; `counts` what it did.

    `most` bounds what waits to be answered or told: above it submits are refused (ESME_RMSGQFUL), and the oldest untold
    receipt of an account that does not listen is dropped. `clock` gives seconds that never go back, `wall` those since 1970:
    where they are moved, `look_again` has all that is due by then happen at once. `timers` are the seconds of the sessions, which
    concern a real peer. Ids count up from the time of the start, so that a restart does not give them again. `orders` are what is
    to happen to the next messages.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        *,
        remember: int = 1_000,
        most: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        timers: Callable[[], float] = time.monotonic,
    ) -> None:
        self.behaviour = behaviour
        self.orders = Orders()
        self.taken: OrderedDict[str, Taken] = OrderedDict()
        self.counts: Counter[str] = Counter()
        self.accounts: dict[str, Account] = {}
        self._remember = remember
        self._most = most
        self._clock = clock
        self._wall = wall
        self._timers = timers
        self._dice = Random(behaviour.seed)
        self._ids = count(int(wall() * 1000) * 1000)
        self._tried: OrderedDict[tuple[str, bytes], None] = OrderedDict()
        self._lines: dict[Pump, Line] = {}
        self._later = Timetable(clock)
        self._postman = Postman(behaviour.receipt_form, self._later, self.counts, most, clock=clock, timers=timers)
        self._server: asyncio.Server | None = None
        self._left = asyncio.Event()
        self._answers: dict[int, Callable[[Line, Pdu], None]] = {
            **dict.fromkeys(BINDS, self._bind),
            Command.SUBMIT_SM: self._submit,
            Command.DATA_SM: self._submit,
            Command.QUERY_SM: self._query,
            Command.CANCEL_SM: self._cancel,
            Command.REPLACE_SM: self._replace,
        }

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen, and say where. OSError where it cannot."""
        self._server = await asyncio.get_running_loop().create_server(self._connect, host, port)
        address = self._server.sockets[0].getsockname()
        return str(address[0]), int(address[1])

    async def stop(self) -> None:
        """Stop listening and close every connection; what was due is forgotten."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        self._later.close()
        for pump in list(self._lines):
            pump.close()
        if self._lines:
            await self._left.wait()
        await server.wait_closed()

    def look_again(self) -> None:
        """The clock was moved: answer and tell at once what is due by now."""
        self._later.look_again()

    @property
    def busy(self) -> bool:
        """Whether something is due that has not left, or a receipt under way that is not acknowledged."""
        waiting = any(account.untold and account.lines for account in self.accounts.values())
        return waiting or self._later.due() or any(pump.session.in_flight for pump in self._lines)

    def tell(self, system_id: str, id: str, word: str, *, error: int | None = None, to: str = "", sender: str = "") -> None:
        """Bring a receipt of the message `id`, whatever became of it, to whoever binds as `system_id`. `to` and `sender` are what
        it says of one that was not taken here, or is forgotten."""
        known, now = self.taken.get(id), self._wall()
        if known is None:
            letter = unheard_of(id, to, sender, word, error, now)
        else:
            letter = replace(known, final_at=now, word=word, error=error)
        self._postman.bring(self._account(system_id), letter, 1)

    # --- who is there ----------------------------------------------------------------------------------------------------

    def _connect(self) -> Pump:
        session = Session(Side.SMSC, enquire_link=ENQUIRE_LINK, response_timeout=RESPONSE_TIMEOUT, now=self._timers())
        pump = Pump(session, self._hear, self._timers)
        self._lines[pump] = Line(pump)
        self.counts["connections"] += 1
        return pump

    def _hear(self, pump: Pump, events: list[Event]) -> None:
        line = self._lines[pump]
        for event in events:
            match event:
                case Asked(pdu):
                    self._answers.get(pdu.command, self._decline)(line, pdu)
                case Answered(ref, pdu):
                    self._postman.brought(ref, pdu.command == Command.DELIVER_SM_RESP and pdu.status == Status.ROK)
                case Unanswered(ref):
                    self._postman.brought(ref, False)
                case Closed():
                    self._leave(line)
                case _:
                    pass  # Bound and BindRefused are an ESME's
        if line.account is not None:
            self._postman.empty(line.account)

    def _bind(self, line: Line, asked: Pdu) -> None:
        system_id = asked.text("system_id")
        status = self._login(system_id, asked.text("password"))
        self._answer(line, asked, status, {} if status else {"system_id": NAME})
        self.counts["binds.refused" if status else "binds"] += 1
        if status == Status.ROK:
            line.account = self._account(system_id)
            line.account.lines.append(line)

    def _account(self, system_id: str) -> Account:
        return self.accounts.setdefault(system_id, Account(system_id, self.behaviour.throughput))

    def _login(self, system_id: str, password: str) -> int:
        wanted = self.behaviour
        if wanted.system_id not in ("", system_id):
            return Status.RINVSYSID
        if wanted.password not in ("", password):
            return Status.RINVPASWD
        return Status.ROK if system_id in self.accounts or len(self.accounts) < ACCOUNTS else Status.RBINDFAIL

    def _leave(self, line: Line) -> None:
        del self._lines[line.pump]
        if line.account is not None:
            line.account.lines.remove(line)
        if self._server is None and not self._lines:
            self._left.set()

    # --- submits ---------------------------------------------------------------------------------------------------------

    def _submit(self, line: Line, asked: Pdu) -> None:
        self.counts["submits"] += 1
        status = self._crowded(line)
        if status != Status.ROK:
            self._answer(line, asked, status)
            return
        text = body(asked)
        key = (asked.text("destination_addr"), text)
        again = key in self._tried
        if again:
            del self._tried[key]
        tied = tie(bool(asked.number("esm_class") & UDH_INDICATOR), text, asked.tlvs)
        ordered = self.orders.next(key[0], tied)
        fate = decide(self.behaviour, key[0], again, validity(asked.text("validity_period")), self._dice, ordered)
        if fate.status or fate.reply is not Reply.ANSWER:
            self._fail(line, asked, fate, key)
        else:
            self._take(line, asked, fate, text)

    def _crowded(self, line: Line) -> int:
        account, window = line.account, self.behaviour.window
        if (window and line.unanswered >= window) or len(self._later) >= self._most:
            self.counts["full"] += 1
            return Status.RMSGQFUL
        if account is not None and account.pace.take(self._clock() * 1000.0):
            self.counts["throttled"] += 1
            return Status.RTHROTTLED
        return Status.ROK

    def _fail(self, line: Line, asked: Pdu, fate: Fate, key: tuple[str, bytes]) -> None:
        self._tried[key] = None
        if len(self._tried) > TRIED:
            self._tried.popitem(last=False)
        if fate.reply is Reply.ANSWER:
            self.counts["refused"] += 1
            self._respond(line, asked, fate, {})
        elif fate.reply is Reply.DROP:
            self.counts["dropped"] += 1
            line.pump.close()
        else:
            self.counts["silent"] += 1

    def _take(self, line: Line, asked: Pdu, fate: Fate, text: bytes) -> None:
        number, form, wall = next(self._ids), self.behaviour.id_form, self._wall()
        response_id = str(number) if form is IdForm.DECIMAL else f"{number:X}"
        receipt_id = response_id if form is not IdForm.HEX_DECIMAL else str(number)
        wait = 0.0 if fate.early else fate.latency + fate.delay
        taken = Taken(asked, response_id, receipt_id, text, wall, wall + wait, fate.word, fate.error)
        self.taken[response_id] = taken
        if len(self.taken) > self._remember:
            self.taken.popitem(last=False)
        self.counts["taken"] += 1
        account = line.account
        if fate.early and account is not None:
            self._postman.bring(account, taken, fate.receipts)
        self._respond(line, asked, fate, {"message_id": response_id})
        if not fate.early and account is not None and fate.receipts and asked.number("registered_delivery") & 3:
            self._later.add(self._clock() + wait, partial(self._postman.bring, account, taken, fate.receipts))

    def _respond(self, line: Line, asked: Pdu, fate: Fate, fields: Fields) -> None:
        if fate.latency <= 0:
            self._answer(line, asked, fate.status, fields)
            return
        line.unanswered += 1
        self._later.add(self._clock() + fate.latency, partial(self._respond_late, line, asked, fate.status, fields))

    def _respond_late(self, line: Line, asked: Pdu, status: int, fields: Fields) -> None:
        line.unanswered -= 1
        self._answer(line, asked, status, fields)

    def _answer(self, line: Line, asked: Pdu, status: int, fields: Fields | None = None) -> None:
        line.pump.write(line.pump.session.respond(asked, status, fields or {}))

    # --- what else may be asked ------------------------------------------------------------------------------------------

    def _query(self, line: Line, asked: Pdu) -> None:
        taken = self.taken.get(asked.text("message_id"))
        if taken is None:
            self._answer(line, asked, Status.RQUERYFAIL)
        else:
            self._answer(line, asked, Status.ROK, query_answer(taken, self._wall()))

    def _cancel(self, line: Line, asked: Pdu) -> None:
        taken = self._pending(asked)
        if taken is not None:
            taken.word, taken.error = "DELETED", None
        self._answer(line, asked, Status.RCANCELFAIL if taken is None else Status.ROK)

    def _replace(self, line: Line, asked: Pdu) -> None:
        taken = self._pending(asked)
        if taken is not None:
            taken.text = asked.octets("short_message")
        self._answer(line, asked, Status.RREPLACEFAIL if taken is None else Status.ROK)

    def _pending(self, asked: Pdu) -> Taken | None:
        taken = self.taken.get(asked.text("message_id"))
        return taken if taken is not None and taken.state(self._wall()) == "ENROUTE" else None

    def _decline(self, line: Line, asked: Pdu) -> None:
        self._answer(line, asked, Status.RINVCMDID)
