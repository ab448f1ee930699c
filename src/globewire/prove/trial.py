"""Drive a proof: start the gateway, let customers call it, kill it at a moment that chance chose, start it again, and so on.

In the end let it settle, stop it as an operator would, and compare. What an OK means is judged in `verdict`.
"""

import asyncio
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from globewire.config import Config
from globewire.errors import Unavailable
from globewire.gateway import open_hold
from globewire.hold.port import Hold, Question
from globewire.hold.schema import SchemaFault
from globewire.message import MessageId, State
from globewire.plan import OnUnknown
from globewire.prove.carrier import Carrier
from globewire.prove.child import PATIENCE, Child, ChildFault
from globewire.prove.configuration import configure
from globewire.prove.customers import Customers, number
from globewire.prove.endpoint import Endpoint
from globewire.prove.flush import flush_times
from globewire.prove.plan import Plan, ProofFault
from globewire.prove.power import PowerSwitch, corruption
from globewire.prove.report import Report
from globewire.prove.verdict import Evidence, Findings, Held, compare

GATEWAY = (sys.executable, "-m", "globewire")
MOMENT = (0.05, 1.0)
"""Seconds from the first OK of a life to its kill."""
STARTING = (0.0, 0.6)
"""Seconds from a start to a kill that does not wait for an OK."""
STARTING_SHARE = 0.1
"""Share of the kills, after the first, that come while the gateway starts."""
SETTLE = 120.0
"""Seconds in which everything must come to its end after the last kill."""
LOOK_EVERY = 0.25
PAGE = 1000
Progress = Callable[[int, int], None]
"""Told how often the gateway was killed, and how many messages were acknowledged, so far."""


async def prove(plan: Plan, progress: Progress) -> Report:
    """Carry the plan out. ProofFault where it cannot be begun; what goes wrong after the first OK stands in the report.

    When it is cancelled, which SIGTERM does, nothing that it started runs on and nothing is left in the folder.
    """
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        flush_ms = flush_times(plan.folder)
        folder = tempfile.TemporaryDirectory(prefix="globewire-proof-", dir=plan.folder)
    except OSError as fault:
        raise ProofFault(f"nothing can be written in {plan.folder}: {fault.strerror}", "give another --dir") from fault
    with folder as name:
        report = Report(seed=plan.seed, engine=plan.hold.partition(":")[0] or "sqlite", clients=plan.clients, flush_ms=flush_ms)
        trial = Trial(plan, Path(name).resolve(), report, progress)
        try:
            return await trial.run()
        finally:
            await trial.close()


class Trial:
    """One proof in its own empty folder."""

    def __init__(self, plan: Plan, folder: Path, report: Report, progress: Progress) -> None:
        self._plan, self._folder, self._report, self._progress = plan, folder, report, progress
        self._dice = Random(plan.seed)
        self._key = (f"proof{secrets.token_hex(6)}", secrets.token_urlsafe(24))
        self._carrier, self._endpoint = Carrier(plan.seed), Endpoint()
        self._customers = Customers(plan.clients, self._key)
        self._database = folder / "globewire.db"
        self._power = PowerSwitch(self._database) if plan.power_cuts else None
        self._file = folder / "globewire.toml"
        self._child: Child | None = None
        self._life = 0
        self._killed_at: dict[int, float] = {}
        self._recoveries: list[float] = []
        self._ends = self._started = 0.0

    async def run(self) -> Report:
        """The proof, from the first start to the comparison."""
        began = time.monotonic()
        self._ends = began + self._plan.minutes * 60
        if self._power is not None:
            self._power.build()
        config = await self._configure()
        if self._plan.hold:
            await _must_be_empty(config)
        try:
            await self._rounds()
            await self._settle(config)
        except (ChildFault, SchemaFault, Unavailable) as fault:
            if not self._customers.acknowledged:
                raise ProofFault(str(fault), "does the gateway run by itself? see --gateway and --hold") from fault
            self._report.faults.append(str(fault))
            await self._end()
        await self._compare(config)
        self._report.seconds = round(time.monotonic() - began, 1)
        return self._report

    async def close(self) -> None:
        """End whatever still runs, and remove what was put outside the folder."""
        await self._customers.close()
        if self._child is not None:
            await self._child.kill()
        await self._carrier.stop()
        await self._endpoint.stop()
        if self._power is not None:
            self._power.close()

    # --- the rounds ------------------------------------------------------------------------------------------------------

    async def _configure(self) -> Config:
        _, port = await self._carrier.start()
        callback = await self._endpoint.start()
        return configure(self._file, self._plan, self._database, port, callback, self._key)

    async def _rounds(self) -> None:
        for done in range(self._plan.rounds):
            if time.monotonic() > self._ends:
                return
            await self._live()
            self._progress(done + 1, len(self._customers.acknowledged))

    async def _live(self) -> None:
        """One life of the gateway, from its start to its kill, and to the cut where the power is cut."""
        child = await self._start(self._power)
        if self._recoveries and self._dice.random() < STARTING_SHARE:
            await child.lives(self._dice.uniform(*STARTING))
        else:
            await self._open(child)
            await child.lives(self._dice.uniform(*MOMENT))
        await self._kill(child)
        if self._power is None:
            self._report.kills += 1
        else:
            self._cut(self._power)

    async def _start(self, power: PowerSwitch | None) -> Child:
        self._life += 1
        self._started = time.monotonic()
        command = [*(self._plan.gateway or GATEWAY), "--config", str(self._file), "serve", "--json"]
        try:
            self._child = await Child.start(command, self._folder, power.environment() if power else {})
        except OSError as fault:
            raise ProofFault(f"{command[0]} cannot be run: {fault.strerror}", "check --gateway") from fault
        return self._child

    async def _open(self, child: Child) -> None:
        """Let the customers call, and return with the first OK."""
        self._customers.open(await child.ready())
        try:
            async with asyncio.timeout(PATIENCE):
                await self._customers.served.wait()
        except TimeoutError as fault:
            raise ChildFault(f"the gateway accepted nothing for {PATIENCE:.0f} s: {dict(self._customers.refused)}") from fault
        self._recoveries.append(round(time.monotonic() - self._started, 3))

    async def _kill(self, child: Child) -> None:
        self._killed_at[self._life] = time.time()
        await child.kill()
        await self._end()

    async def _end(self) -> None:
        """After a life: nobody calls, and all that the gateway had sent is noted as sent in it."""
        await self._customers.close()
        if self._child is not None:
            await self._child.kill()
        await self._carrier.left()
        self._carrier.gather(self._life)

    def _cut(self, power: PowerSwitch) -> None:
        report = self._report
        cut = power.cut(self._dice)
        report.power_cuts += 1
        report.unflushed += cut.unflushed
        report.survived += cut.survived
        report.torn += cut.torn
        report.names_undone += cut.names
        wrong = corruption(self._database)
        if wrong:
            report.corrupt += 1
            report.tell([f"cut {report.power_cuts}: {wrong}"])

    # --- the end ---------------------------------------------------------------------------------------------------------

    async def _settle(self, config: Config) -> None:
        """A last life with nothing to fear: everything under way comes to its end, and the gateway stops by itself."""
        child = await self._start(None)
        await self._open(child)
        await self._customers.close()
        hold = await open_hold(config.hold, create=False)
        try:
            ends = time.monotonic() + SETTLE
            while time.monotonic() < ends and await _under_way(hold):
                await child.lives(LOOK_EVERY)
        finally:
            await hold.close()
        await child.stop()
        await self._end()

    async def _compare(self, config: Config) -> None:
        report = self._report
        try:
            held = await _held(config)
        except (SchemaFault, Unavailable) as fault:
            held = {}
            report.faults.append(f"the database cannot be read: {fault}")
        evidence = Evidence(
            self._customers.acknowledged,
            held,
            self._carrier.takes,
            self._endpoint.told,
            self._killed_at,
            self._plan.on_unknown is OnUnknown.RESEND,
        )
        self._found(compare(evidence), len(held))

    def _found(self, findings: Findings, held: int) -> None:
        report, customers = self._report, self._customers
        report.acknowledged, report.unanswered = len(customers.acknowledged), customers.unanswered
        report.refused, report.held = dict(customers.refused), held
        report.lost = report.tell(findings.lost)
        report.sent_twice, report.sent_twice_unexplained = findings.twice, report.tell(findings.unexplained)
        report.answered_before_kill_most = round(findings.margin, 4)
        report.unknown, report.unsettled = findings.unknown, report.tell(findings.unsettled)
        report.receipts_pushed, report.receipts_missing = findings.told, report.tell(findings.untold)
        report.recovered(self._recoveries[1:])


async def _must_be_empty(config: Config) -> None:
    """Prepare a database that was given. ProofFault where it cannot be used, or is somebody's."""
    try:
        hold = await open_hold(config.hold, create=True)
        try:
            book = await hold.book()
            somebodys = bool(book and book.accounts) or bool(await hold.search(Question(limit=1)))
        finally:
            await hold.close()
    except (SchemaFault, Unavailable) as fault:
        raise ProofFault(f"the database cannot be used: {fault}", "check --hold") from fault
    if somebodys:
        raise ProofFault("the database is in use already: it has accounts or messages", "give an empty one")


async def _under_way(hold: Hold) -> bool:
    counts = await hold.counts()
    return any(counts.get(name) for name in (f"state.{State.ACCEPTED}", f"state.{State.SUBMITTED}", "lane.tell"))


async def _held(config: Config) -> dict[MessageId, Held]:
    """Every message that is held."""
    found: dict[MessageId, Held] = {}
    hold = await open_hold(config.hold, create=False)
    try:
        before = 0
        while page := await hold.search(Question(limit=PAGE, before=before)):
            found |= {standing.message.id: Held(number(standing.message.text), standing.state) for standing in page}
            before = page[-1].message.id
    finally:
        await hold.close()
    return found
