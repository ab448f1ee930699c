"""`globewire message`: find messages, and see the life of one."""

import time
from typing import Annotated, Any

import typer

from globewire.commands import paper
from globewire.commands.options import ConfigOption, FullOption, JsonOption, examples
from globewire.commands.shop import Shop, visit
from globewire.commands.trouble import FAILED, Trouble
from globewire.hold.port import Question, Standing
from globewire.message import FINAL, MessageId, State
from globewire.show.life import decision, life

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
    if not (id.isascii() and id.isdigit() and len(id) <= 18):
        raise Trouble(f"{id!r} is not a MessageId", "give the digits that the reply to a send has, such as 176391234567800000")

    async def ask(shop: Shop) -> Standing | None:
        return await shop.hold.look(MessageId(int(id)))

    standing = visit(config, ask)
    if standing is None:
        raise Trouble(f"there is no message {id}", "is it in another database (--config), or past its retention?", code=FAILED)
    if as_json:
        paper.as_json(_document(standing))
        return
    paper.facts(_head(standing))
    paper.say()
    paper.table(("Time", "What", "How"), [(paper.moment(at, year=False), what, how) for at, what, how in life(standing)], "")


@app.command(
    "list", epilog=examples("message list", "message list --since 2h --state failed", "message list --to 6591234567 --json")
)
def find(
    to: Annotated[str, typer.Option("--to", metavar="NUMBER", help="To this number.")] = "",
    state: Annotated[State | None, typer.Option("--state", metavar="STATE", help=f"In this state: {', '.join(State)}.")] = None,
    carrier: Annotated[str, typer.Option("--carrier", metavar="ID", help="By this carrier.")] = "",
    country: Annotated[str, typer.Option("--country", metavar="XX", help="To this country, by its two letters.")] = "",
    task_id: Annotated[str, typer.Option("--task-id", metavar="ID", help="With this TaskId.")] = "",
    account: Annotated[str, typer.Option("--account", "-a", metavar="ACCOUNT", help="Of this account.")] = "",
    since: Annotated[str, typer.Option("--since", metavar="AGE", help="Not older than this: 90s, 15m, 2h, 7d.")] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=MOST, help="At most so many.")] = 50,
    full: FullOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List messages, the newest first."""
    question = Question(
        account=account,
        to=to.removeprefix("+"),
        task_id=task_id,
        states=(state,) if state else (),
        carrier=carrier,
        country=country.upper(),
        since=max(int(time.time() * 1000) - _age(since), 1) if since else 0,
        limit=limit,
    )

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
        "parts": [
            {
                "sequence": part.sequence,
                "total": part.total,
                "carrier": part.carrier,
                "carrier_id": part.given_id or part.carrier_id,
                "state": part.state,
                "at": paper.iso(part.at),
                "settled_at": paper.iso(part.settled_at),
            }
            for part in one.parts
        ],
        "life": [{"at": paper.iso(at), "what": what, "how": how} for at, what, how in life(one)],
    }


def _age(given: str) -> int:
    """The milliseconds of an age such as 2h."""
    count, unit = given[:-1], given[-1:]
    if unit not in UNITS or not (count.isascii() and count.isdigit()) or len(count) > 6:
        raise Trouble(f"--since {given!r} is not an age", "give a number and s, m, h, d or w, such as 2h")
    return int(count) * UNITS[unit] * 1000
