"""`globewire message`: find messages, see the life of one, and take them elsewhere."""

import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from globewire.commands import paper
from globewire.commands.options import ConfigOption, FullOption, JsonOption, examples, message_id
from globewire.commands.shop import Shop, visit
from globewire.commands.trouble import FAILED, Trouble
from globewire.hold.port import Push, Question, Standing
from globewire.message import FINAL, Part, State
from globewire.show.life import decision, life
from globewire.show.sheet import sheet

app = typer.Typer(
    help="Look messages up, and see why they went as they did.",
    epilog=examples("message list --since 1h", "message list --state failed --carrier north", "message show 176391234567800000"),
)
MOST = 10_000
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


@app.command("show", epilog=examples("message show 176391234567800000", "message show 176391234567800000 --json"))
def show(
    id: Annotated[str, typer.Argument(metavar="MESSAGE", help="The MessageId: 18 digits.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a message and what became of it: where it was routed and why, its parts, what the carriers said, its callback."""
    wanted = message_id(id)

    async def ask(shop: Shop) -> Standing | None:
        return await shop.hold.look(wanted)

    standing = visit(config, ask)
    if standing is None:
        raise Trouble(f"there is no message {id}", "is it in another database (--config), or past its retention?", code=FAILED)
    if as_json:
        paper.as_json(_document(standing))
        return
    paper.facts(_head(standing))
    paper.say()
    paper.table(("Time", "What", "How"), [(paper.moment(e.at, year=False), e.what, e.how) for e in life(standing)], "")


ToOption = Annotated[str, typer.Option("--to", metavar="NUMBER", help="To this number; or *4567, whatever ends so.")]
StateOption = Annotated[
    list[State] | None,
    typer.Option("--state", metavar="STATE", help=f"In this state: {', '.join(State)}. May be given several times."),
]
CarrierOption = Annotated[str, typer.Option("--carrier", metavar="ID", help="By this carrier.")]
CountryOption = Annotated[str, typer.Option("--country", metavar="XX", help="To this country, by its two letters.")]
TaskOption = Annotated[str, typer.Option("--task-id", metavar="ID", help="With this TaskId.")]
OfOption = Annotated[str, typer.Option("--account", "-a", metavar="ACCOUNT", help="Of this account.")]
ErrorOption = Annotated[str, typer.Option("--error-code", metavar="CODE", help="That ended with this error code.")]
TextOption = Annotated[str, typer.Option("--text", metavar="TEXT", help="Whose text contains this, in either case.")]
SinceOption = Annotated[str, typer.Option("--since", metavar="AGE", help="Not older than this: 90s, 15m, 2h, 7d.")]
UntilOption = Annotated[str, typer.Option("--until", metavar="AGE", help="Older than this.")]


@app.command(
    "list",
    epilog=examples(
        "message list", "message list --since 2h --state failed --state rejected", "message list --to 6591234567 --json",
        'message list --text "order 17" --since 1d',
    ),
)  # fmt: skip
def find(
    to: ToOption = "",
    state: StateOption = None,
    carrier: CarrierOption = "",
    country: CountryOption = "",
    task_id: TaskOption = "",
    account: OfOption = "",
    error_code: ErrorOption = "",
    text: TextOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=MOST, help="At most so many.")] = 50,
    full: FullOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List messages, the newest first."""
    question = _question(to, state, carrier, country, task_id, account, error_code, text, since, until, limit)

    async def ask(shop: Shop) -> list[Standing]:
        return await shop.hold.search(question)

    found = visit(config, ask)
    if as_json:
        paper.as_json([_summary(one, full) for one in found])
        return
    paper.table(
        ("MessageId", "Accepted", "To", "Country", "State", "Carrier", "Segments", "Account", "Error"),
        [_row(one, full) for one in found],
        "No message fits.",
    )
    if len(found) == limit:
        paper.warn(f"The newest {limit} are shown; --limit shows more.")


@app.command(
    "export", epilog=examples("message export --since 7d --output week.csv", "message export --state failed --full > failed.csv")
)
def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The file to write; else standard output.")
    ] = None,
    to: ToOption = "",
    state: StateOption = None,
    carrier: CarrierOption = "",
    country: CountryOption = "",
    task_id: TaskOption = "",
    account: OfOption = "",
    error_code: ErrorOption = "",
    text: TextOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many.")] = 1_000_000_000,
    full: Annotated[bool, typer.Option("--full", help="Whole numbers, and texts; else their last four digits are masked.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    config: ConfigOption = None,
) -> None:
    """Write messages as CSV, the newest first: one line each, as many as there are.

    Text is quoted, and a cell that a spreadsheet would take for a formula begins with an apostrophe. Numbers and ids are text:
    let your spreadsheet import them as such, since it rounds an id of 18 digits.
    """
    question = _question(to, state, carrier, country, task_id, account, error_code, text, since, until, limit)

    async def write(shop: Shop) -> int:
        with _opened(output, force) as file:
            over = 0
            async for lines, over in sheet(shop.hold, question, full=full):
                file.write(lines)
                paper.progress(f"{over:,} messages ")
        return over

    try:
        over = visit(config, write)
    except OSError as fault:
        raise Trouble(f"the messages cannot be written: {fault.strerror or fault}", "check the disk", code=FAILED) from fault
    paper.warn(f"{over:,} messages written{f' to {output}' if output else ''}.")


def _opened(output: Path | None, force: bool) -> AbstractContextManager[TextIO]:
    if output is None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        return nullcontext(sys.stdout)
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL), 0o600)
    except FileExistsError as fault:
        raise Trouble(f"{output} is there already", "give another name, or --force to replace it") from fault
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")


def _question(
    to: str,
    state: list[State] | None,
    carrier: str,
    country: str,
    task_id: str,
    account: str,
    error_code: str,
    text: str,
    since: str,
    until: str,
    limit: int,
) -> Question:
    now = int(time.time() * 1000)
    number = "".join(c for c in to if c not in " -().+")
    return Question(
        account=account,
        to="" if number.startswith("*") else number,
        to_ends=number.removeprefix("*") if number.startswith("*") else "",
        task_id=task_id,
        states=tuple(state or ()),
        error_code=error_code,
        carrier=carrier,
        country=country.upper(),
        text=text,
        since=max(now - _age(since, "--since"), 1) if since else 0,
        until=max(now - _age(until, "--until"), 1) if until else 0,
        limit=limit,
    )


def _head(standing: Standing) -> list[tuple[str, object]]:
    message, detail = standing.message, standing.message.detail
    place = ", ".join(filter(None, (detail.country or message.country, detail.region, detail.carrier)))
    return [
        ("MessageId", message.id),
        ("State", standing.state),
        ("To", f"{message.to}  {place}"),
        ("From", message.sender or "the carrier's sender ID"),
        ("Text", message.text or "(gone: its retention is over, or it was empty)"),
        (
            "Size",
            f"{message.segments} segments of {message.encoding}" if message.segments > 1 else f"1 segment of {message.encoding}",
        ),
        ("Type", message.type),
        ("TaskId", message.task_id),
        ("ChannelId", message.channel),
        ("Account", message.account),
        ("Accepted", paper.moment(message.accepted_at)),
        ("Valid until", paper.moment(message.expires_at)),
        ("Ended", paper.moment(standing.ended_at)),
    ]


def _row(one: Standing, full: bool) -> tuple[object, ...]:
    message = one.message
    return (
        message.id,
        paper.moment(message.accepted_at),
        paper.masked(message.to, full),
        message.country,
        one.state,
        one.carrier or "",
        message.segments,
        message.account,
        one.error_code if one.state in FINAL - {State.DELIVERED} else "",
    )


def _summary(one: Standing, full: bool) -> dict[str, Any]:
    message = one.message
    return {
        "message_id": str(message.id),  # 18 digits are more than a JSON number keeps in many programs
        "state": one.state,
        "to": paper.masked(message.to, full),
        "from": message.sender,
        "country": message.country,
        "carrier": one.carrier,
        "segments": message.segments,
        "account": message.account,
        "task_id": message.task_id,
        "error_code": one.error_code,
        "error": one.error,
        "accepted_at": paper.iso(message.accepted_at),
        "ended_at": paper.iso(one.ended_at),
        "callback": one.told,
    }


def _document(one: Standing) -> dict[str, Any]:
    message = one.message
    return {
        **_summary(one, full=True),
        "text": message.text,
        "encoding": message.encoding,
        "type": message.type,
        "channel": message.channel,
        "request_id": message.request_id,
        "access_key_id": message.access_key,
        "validity": message.validity,
        "number": {"country": message.detail.country, "region": message.detail.region, "carrier": message.detail.carrier},
        "decision": decision(one.decision),
        "parts": [_part(part) for part in one.parts],
        "pushes": [_push(push) for push in one.pushes],
        "life": [{"at": paper.iso(e.at), "what": e.what, "how": e.how} for e in life(one)],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "sequence": part.sequence,
        "total": part.total,
        "carrier": part.carrier,
        "carrier_id": part.given_id or part.carrier_id,
        "state": part.state,
        "at": paper.iso(part.at),
        "submitted_at": paper.iso(part.submitted_at),
        "settled_at": paper.iso(part.settled_at),
        "receipt": part.error,
    }


def _push(push: Push) -> dict[str, Any]:
    return {
        "at": paper.iso(push.at),
        "took": push.took,
        "status": push.status,
        "acknowledged": push.acknowledged,
        "reason": push.reason,
        "said": push.said,
        "reports": push.reports,
    }


def _age(given: str, option: str) -> int:
    """The milliseconds of an age such as 2h."""
    count, unit = given[:-1], given[-1:]
    if unit not in UNITS or not (count.isascii() and count.isdigit()) or len(count) > 6:
        raise Trouble(f"{option} {given!r} is not an age", "give a number and s, m, h, d or w, such as 2h")
    return int(count) * UNITS[unit] * 1000
