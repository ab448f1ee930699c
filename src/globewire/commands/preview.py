"""`globewire preview`: what would become of a message, told by the code that sends. No gateway runs and no database is opened."""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.text import Text

from globewire.commands import paper
from globewire.commands.options import AccountOption, ConfigOption, JsonOption, examples
from globewire.commands.plain import plain
from globewire.commands.shop import checked, configuration
from globewire.commands.trouble import FAILED, Trouble
from globewire.config import Config
from globewire.config.kinds import NAME
from globewire.declare import FIRST
from globewire.errors import OK
from globewire.gateway import carriers_of
from globewire.message import AccountId, Encoding, MessageType
from globewire.plan import DeclaredAccount
from globewire.verdict.judge import Terms
from globewire.verdict.preview import AtCarrier, Piece, Preview, TextView, preview
from globewire.verdict.route import Router
from globewire.wire.letters import Letter

app = typer.Typer()
UNITS = {Encoding.GSM7: "septets", Encoding.UCS2: "16-bit units"}
SENDING = ("SendMessageToGlobe", "BatchSendMessageToGlobe")
MOST_PLACES = 8
"""Positions of one character that are listed."""
SPECIAL = {"\n": "↵\n", "\r": "␍", "\f": "␌", "\t": "␉", "\xa0": "⍽"}
"""What stands for characters that would not be seen in a drawn part."""


@app.command(
    "preview",
    epilog=examples(
        'preview --to 6591234567 --text "Your code is 482913"',
        'preview --to 85261234567 --text "It’s 10 °C – wrap up" --from Shop --type NOTIFY',
        'preview --to 6591234567 --text "Hello" --channel north --json',
    ),
)
def show(
    to: Annotated[str, typer.Option("--to", metavar="NUMBER", help="The number: digits, with the dialling code.")] = "",
    text: Annotated[str, typer.Option("--text", "--message", metavar="TEXT", help="The text.")] = "",
    sender: Annotated[str, typer.Option("--from", metavar="SENDER", help="The sender ID that the phone shows.")] = "",
    type: Annotated[str, typer.Option("--type", metavar="TYPE", help=f"What the text is for: {', '.join(MessageType)}.")] = "",
    channel: Annotated[str, typer.Option("--channel", metavar="ID", help="The carrier or route to go by.")] = "",
    validity: Annotated[str, typer.Option("--validity", metavar="SECONDS", help="How long to go on trying.")] = "",
    task_id: Annotated[str, typer.Option("--task-id", metavar="ID", help="An id of your own; the receipt carries it.")] = "",
    account: AccountOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what would become of a message: the API's answer, encoding and parts, the number, the route and why. Nothing is sent.

    Only the configuration is read. What an account was given by command (its sender ID, its quotas) stands in the database and
    is not seen here. The exit code is 0 where the API would accept the message.
    """
    settings = configuration(config)
    asked = _account(settings, account)
    optional = {"From": sender, "Type": type, "TaskId": task_id, "ChannelId": channel, "ValidityPeriod": validity}
    parameters = {name: value for name, value in ({"To": to, "Message": text} | optional).items() if value}
    terms = Terms(asked.id, asked.sender, settings.send.validity)
    carriers = carriers_of(settings)
    seen = preview(parameters, terms, asked.quota, Router(settings.routes, carriers), carriers)
    if as_json:
        paper.as_json(seen)
    else:
        _print(seen, asked)
    if seen.answer.code != OK.code:
        raise Trouble(f"the API would refuse it: {seen.answer.code}", "change what is named above", code=FAILED)


def _account(settings: Config, name: str) -> DeclaredAccount:
    """The account as the configuration declares it. One that it does not has the defaults."""
    declared = {account.id: account for account in settings.accounts}
    if name:
        known = declared.get(AccountId(name))
        if known is None:
            paper.warn(f"the configuration declares no account {name!r}: its own sender ID and quotas are not known here")
        return known or DeclaredAccount(id=AccountId(checked(NAME, name, str, "--account")))
    if len(declared) > 1:
        raise Trouble("it is not clear which account is meant", f"give --account; there are {', '.join(sorted(declared))}")
    return next(iter(declared.values()), DeclaredAccount(id=FIRST))


# --- for eyes ------------------------------------------------------------------------------------------------------------------


def _print(seen: Preview, account: DeclaredAccount) -> None:
    paper.facts(
        [
            ("Answer", f"HTTP {seen.answer.http}, {seen.answer.code}: {seen.answer.sentence}"),
            *((fault.parameter, f"{fault.code}: {fault.sentence}") for fault in seen.faults),
            *_number(seen),
            ("From", seen.sender or ("the carrier's choice" if seen.way and seen.way.carriers else "")),
            ("Account", account.id),
            (
                "Calls",
                ", ".join(
                    f"{quota.operation} {quota.calls_a_second:,} a second" for quota in seen.quotas if quota.operation in SENDING
                ),
            ),
            *_text(seen.text),
        ]
    )
    if seen.text:
        _draw(seen.text)
    if seen.way:
        paper.say()
        paper.facts(_way(seen))


def _number(seen: Preview) -> Iterator[tuple[str, object]]:
    if seen.number:
        detail = seen.number.detail
        yield "Number", ", ".join(filter(None, (detail.country, detail.region, detail.carrier))) or "belongs to no country"
        yield "Country", f"{seen.number.country} +{seen.number.calling_code}".strip()


def _text(text: TextView | None) -> Iterator[tuple[str, object]]:
    if text is None:
        return
    parts = "1 part" if len(text.pieces) == 1 else f"{len(text.pieces)} parts"
    yield "Text", f"{text.characters} characters, {text.encoding}, {parts} of {text.pieces[0].room} {UNITS[text.encoding]}"
    for letter in text.doubled:
        yield "Counts 2", _named(letter)
    for letter in text.foreign:
        yield "Forces UCS-2", f"{_named(letter)}{_offer(letter)}"
    if text.swapped:
        better = text.swapped
        left = f", as {len(better.left)} more cannot be swapped" if better.left else ""
        yield "All swapped", f"{better.encoding}{left}: segments {len(text.pieces)} -> {better.segments}"
        yield "", better.text


def _named(letter: Letter) -> str:
    places = ", ".join(str(at + 1) for at in letter.positions[:MOST_PLACES])
    more = f" and {len(letter.positions) - MOST_PLACES} more" if len(letter.positions) > MOST_PLACES else ""
    return f"{letter.character}  {letter.code_point} {letter.name}, at {places}{more}"


def _offer(letter: Letter) -> str:
    if letter.swap is None:
        return ""
    return f"; could be {letter.swap!r}" if letter.swap else "; could be left out"


def _draw(text: TextView) -> None:
    """The parts, each in a frame of its own: its borders are the message's."""
    paper.console().print(Group(*(_panel(n, piece, text) for n, piece in enumerate(text.pieces, 1))))


def _panel(n: int, piece: Piece, text: TextView) -> Panel:
    body = "".join(SPECIAL.get(character) or plain(character) for character in piece.text)
    title = f"part {n} of {len(text.pieces)}: {piece.used} of {piece.room}"
    return Panel(Text(body, overflow="fold"), box=box.ROUNDED, expand=False, title=Text(title), title_align="left")


def _way(seen: Preview) -> Iterator[tuple[str, object]]:
    assert seen.way is not None
    yield "Route", seen.way.route or "none"
    for sentence in seen.way.why:
        yield "Why", sentence
    for n, at in enumerate(seen.way.carriers, 1):
        yield f"Carrier {n}", f"{at.carrier}{_coded(at)}"
    if seen.way.carriers:
        yield "No answer", f"{seen.way.on_unknown} (what is done where a carrier's answer never comes)"


def _coded(at: AtCarrier) -> str:
    if not at.submits:
        return ""
    how = "whole, cut by the carrier" if at.whole else "1 submit" if at.submits == 1 else f"{at.submits} submits"
    return f": {at.coding}, {how}{' (not what the customer is told)' if at.differs and not at.whole else ''}"
