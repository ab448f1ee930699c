"""`globewire simulate`: the simulated carrier alone, for any SMPP client, with what it takes and tells printed as it happens."""

import asyncio
import dataclasses
import errno
import signal
import time
from collections import Counter
from typing import Annotated

import typer
import uvloop

from globewire.commands import journal, paper
from globewire.commands.options import ConfigOption, JsonOption, examples
from globewire.commands.plain import plain
from globewire.commands.shop import checked, configuration
from globewire.commands.trouble import FAILED, Trouble
from globewire.config import Listen, SimulatorSettings
from globewire.config.kinds import LISTEN
from globewire.errors import reason
from globewire.send.simulator import Simulator
from globewire.send.taken import Taken
from globewire.verdict.script import MAGIC, Behaviour

app = typer.Typer()
PORT = 2775
"""The port that SMPP is registered under."""
EVERY = 0.1
"""Seconds between two looks at what the simulator did."""
MOST_LINES = 50
"""Messages printed at a look; the others of a burst are counted."""
REMEMBER = 10_000
QUIET = ("taken", "receipts", "submits")


@app.command("simulate", epilog=examples("simulate", "simulate --listen 127.0.0.1:0 --json", "simulate --config slow-carrier.toml"))
def simulate(
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help=f"Where to listen; else [simulator] listen, else port {PORT}.")
    ] = "",
    system_id: Annotated[str, typer.Option("--system-id", metavar="ID", help="Who may bind; else anybody.")] = "",
    password: Annotated[
        str,
        typer.Option("--password", metavar="TEXT", envvar="GLOBEWIRE_SIMULATE_PASSWORD", help="With which password; else any."),
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the simulated carrier alone, for any SMPP client, until it is told to stop.

    It takes submits by SMPP 3.4, from whoever binds unless told who may, and tells of each by a receipt. It delivers nothing. How
    it behaves stands in [simulator] of the configuration; what a number ends in may choose an outcome. With --json the address
    is printed on one line, then an event a line.
    """
    settings = configuration(config)
    wanted = settings.simulator
    if listen:
        wanted = dataclasses.replace(wanted, listen=checked(LISTEN, listen, Listen, "--listen"))
    elif not wanted.listen.port:
        wanted = dataclasses.replace(wanted, listen=Listen(wanted.listen.host, PORT))
    journal.keep(settings.log)
    behaviour = dataclasses.replace(wanted.behaviour, system_id=system_id, password=password)
    uvloop.run(_run(wanted, behaviour, as_json))


async def _run(wanted: SimulatorSettings, behaviour: Behaviour, as_json: bool) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    simulator = Simulator(behaviour, remember=REMEMBER)
    address = await _start(simulator, wanted.listen)
    if as_json:
        paper.as_json({"simulator": str(address)}, line=True)
    else:
        _introduce(address, wanted, behaviour)
    watch = Watch(simulator, as_json)
    told = asyncio.create_task(stopping.wait())
    while not told.done():
        await asyncio.wait([told], timeout=EVERY)
        watch.look()
    await simulator.stop()


async def _start(simulator: Simulator, listen: Listen) -> Listen:
    try:
        return Listen(*await simulator.start(listen.host, listen.port))
    except OSError as fault:
        why = "is in use already" if fault.errno == errno.EADDRINUSE else f"cannot be listened on: {reason(fault)}"
        raise Trouble(f"the address {listen} {why}", "give another: --listen 127.0.0.1:0 takes any", code=FAILED) from fault


def _introduce(address: Listen, wanted: SimulatorSettings, behaviour: Behaviour) -> None:
    who = f"system_id {behaviour.system_id}" if behaviour.system_id else "any system_id"
    password = "its password" if behaviour.password else "any password"
    paper.say(f"A simulated carrier listens at {address} for SMPP 3.4, with {who} and {password}. It delivers nothing.\n")
    if wanted.magic:
        paper.table(("A number that ends in", "is"), [(ending, magic.does) for ending, magic in MAGIC.items()], "")
    paper.say("\nStop it with Ctrl-C.\n")


class Watch:
    """Prints what a simulator did since the last look. It looks at what is remembered, so a burst costs the simulator nothing."""

    def __init__(self, simulator: Simulator, as_json: bool) -> None:
        self._simulator, self._as_json = simulator, as_json
        self._newest: Taken | None = None
        self._open: list[Taken] = []
        self._counts: Counter[str] = Counter()

    def look(self) -> None:
        """Print the messages that were taken, those that came to an end, and what else was counted."""
        now = time.time()
        fresh = self._fresh()
        ended = [taken for taken in (*self._open, *fresh) if taken.state(now) != "ENROUTE"]
        self._open = [taken for taken in (*self._open, *fresh) if taken.state(now) == "ENROUTE"][-REMEMBER:]
        for taken in fresh[:MOST_LINES]:
            self._tell("taken", taken, taken.taken_at, f"{len(taken.text)} octets")
        for taken in ended[:MOST_LINES]:
            self._tell("ended", taken, taken.final_at, taken.word)
        self._count(max(len(fresh) - MOST_LINES, 0), max(len(ended) - MOST_LINES, 0))

    def _fresh(self) -> list[Taken]:
        found: list[Taken] = []
        for taken in reversed(self._simulator.taken.values()):
            if taken is self._newest:
                break
            found.append(taken)
        if found:
            self._newest = found[0]
        return found[::-1]

    def _tell(self, what: str, taken: Taken, at: float, how: str) -> None:
        to = paper.masked(taken.destination)
        if self._as_json:
            paper.as_json({"at": paper.iso(int(at * 1000)), "what": what, "id": taken.id, "to": to, "how": how}, line=True)
        else:
            paper.say(plain(f"{paper.moment(int(at * 1000), year=False)}  {what}  {taken.id}  to {to}  {how}"))

    def _count(self, more_taken: int, more_ended: int) -> None:
        """What has no line of its own: refusals, binds, and the rest of a burst."""
        grown = {name: count - self._counts[name] for name, count in self._simulator.counts.items() if name not in QUIET}
        self._counts = Counter(self._simulator.counts)
        grown |= {"more taken": more_taken, "more ended": more_ended}
        for name, count in grown.items():
            if count and self._as_json:
                paper.as_json({"what": name, "count": count}, line=True)
            elif count:
                paper.say(f"{paper.moment(time.time_ns() // 1_000_000, year=False)}  {name}: {count}")
