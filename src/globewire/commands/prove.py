"""`globewire prove`: kill a gateway again and again under load, or cut its power, and show that nothing accepted is lost."""

import asyncio
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from globewire.commands import paper
from globewire.commands.options import JsonOption, examples
from globewire.commands.trouble import FAILED, Trouble
from globewire.plan import OnUnknown
from globewire.prove.plan import Plan, ProofFault
from globewire.prove.report import Report
from globewire.prove.trial import Progress as Told
from globewire.prove.trial import prove as carry_out

app = typer.Typer()
KILLS = 20


@app.command(
    "prove",
    epilog=examples(
        "prove",
        "prove --kills 200 --dir /var/lib/globewire",
        "prove --power-cuts 100",
        "prove --kills 50 --seed 7 --json",
    ),
)
def prove(
    kills: Annotated[
        int | None,
        typer.Option("--kills", min=1, metavar="N", help=f"How often to kill the gateway; {KILLS} where nothing is said."),
    ] = None,
    power_cuts: Annotated[
        int | None,
        typer.Option("--power-cuts", min=1, metavar="N", help="Cut its power so often instead: drop what was not flushed."),
    ] = None,
    minutes: Annotated[float, typer.Option("--minutes", min=0.01, metavar="M", help="Kill no more after so long.")] = 30.0,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="S", help="Chooses the moments, and what survives a cut.")] = 1,
    clients: Annotated[int, typer.Option("--clients", min=1, max=1000, metavar="N", help="Clients that call at a time.")] = 50,
    on_unknown: Annotated[
        OnUnknown, typer.Option("--on-unknown", help="What the route does with a message that may have been sent.")
    ] = OnUnknown.RESEND,
    directory: Annotated[
        Path, typer.Option("--dir", metavar="FOLDER", help="A folder on the disk under test; nothing stays there.")
    ] = Path("."),
    hold: Annotated[str, typer.Option("--hold", metavar="URL", help="An empty database; else a new SQLite file in --dir.")] = "",
    gateway: Annotated[
        str, typer.Option("--gateway", metavar="COMMAND", help="Prove another build: `--config FILE serve --json` is put after it.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Show that nothing that was answered with OK is lost, on this machine and this disk.

    It starts a gateway of its own, with a simulated carrier, and lets clients send; kills it with SIGKILL at random moments, or
    cuts its power in simulation (Linux, with a C compiler), and starts it again on the same files. In the end every OK that a
    client saw is compared with what is held, what the carrier took, and what the callback endpoint was told. Exit code 1 if
    anything is lost, corrupt or left unsettled, or was sent twice without having been in flight at a kill.
    """
    if kills and power_cuts:
        raise Trouble("--kills and --power-cuts are two proofs", "run one after the other")
    plan = Plan(
        folder=directory, hold=_hold(hold, power_cuts), clients=clients, kills=kills or KILLS, power_cuts=power_cuts or 0,
        minutes=minutes, seed=seed, on_unknown=on_unknown, gateway=_command(gateway),
    )  # fmt: skip
    if not directory.is_dir():
        raise Trouble(f"--dir {directory} is not a folder", "give one that is there, on the disk under test")
    try:
        with _bar(plan) as told:
            report = uvloop.run(carry_out(plan, told))
    except asyncio.CancelledError as ended:
        raise Trouble("the proof was told to stop; nothing is said of what it saw", code=FAILED) from ended
    except ProofFault as fault:
        raise Trouble(fault.sentence, fault.advice) from fault
    _print(report, as_json)
    if not report.holds:
        raise Trouble("the gateway did not keep what it promised", "keep this report, and the seed", code=FAILED)


def _hold(url: str, power_cuts: int | None) -> str:
    if power_cuts and url:
        raise Trouble("the power of a database elsewhere cannot be cut", "leave --hold out, or use --kills")
    if url.startswith("sqlite:"):
        raise Trouble("--hold is for other engines than SQLite, whose file is made anew for each proof", "leave it out; see --dir")
    return url


def _command(given: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(given))
    except ValueError as fault:
        raise Trouble(f"--gateway cannot be read: {fault}", "quote it as for a shell") from fault


@contextmanager
def _bar(plan: Plan) -> Iterator[Told]:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[ok]}"),
    )
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("power cuts" if plan.power_cuts else "kills", total=plan.rounds, ok="")

        def told(rounds: int, acknowledged: int) -> None:
            progress.update(task, completed=rounds, ok=f"{acknowledged:,} acknowledged")

        yield told


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        paper.as_json(report.json())
        return
    paper.table(("What", "Figure", ""), _rows(report), "")
    for sentence in (*report.faults, *report.details):
        paper.say(sentence)


def _rows(report: Report) -> Iterator[tuple[str, str, str]]:
    yield "Disk flush", " / ".join(f"{ms:.2f}" for ms in report.flush_ms), "ms, p50 / p95 / p99 of writing 4 KiB and fdatasync"
    if report.power_cuts:
        yield "Power cuts", f"{report.power_cuts:,}", f"seed {report.seed}, {report.seconds:,.0f} s, {report.clients} clients"
        yield "Unflushed writes", f"{report.unflushed:,}", f"{report.survived:,} survived, {report.torn:,} of them torn"
        yield "Corrupt", f"{report.corrupt:,}", "databases that failed SQLite's integrity_check after a cut"
    else:
        yield "Kills", f"{report.kills:,}", f"seed {report.seed}, {report.seconds:,.0f} s, {report.clients} clients"
    yield "Acknowledged", f"{report.acknowledged:,}", f"OKs that clients saw; {report.unanswered:,} calls were cut off by a kill"
    if report.refused:
        yield "Refused", f"{sum(report.refused.values()):,}", ", ".join(f"{n:,} {code}" for code, n in report.refused.items())
    yield "Lost", f"{report.lost:,}", "not held, or held and neither sent nor final"
    yield "Sent twice", f"{report.sent_twice:,}", _twice(report)
    yield "Unknown", f"{report.unknown:,}", "may have been sent, and are marked so"
    yield "Unsettled", f"{report.unsettled:,}", "sent, and in no final state"
    yield "Receipts", f"{report.receipts_pushed:,}", f"told to the endpoint; missing: {report.receipts_missing:,}"
    yield (
        "Recovery",
        f"{report.recovery_p50:.2f} / {report.recovery_most:.2f}",
        "s, median / longest from a restart to the first OK",
    )
    yield "Verdict", "nothing lost" if report.holds else "BROKEN", report.engine


def _twice(report: Report) -> str:
    most = f"; answered at most {report.answered_before_kill_most * 1000:,.0f} ms before it" if report.sent_twice else ""
    return f"of them not in flight at a kill: {report.sent_twice_unexplained:,}{most}"
