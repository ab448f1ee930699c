"""`globewire callback`: where an account's delivery receipts are pushed, whether that works, and pushing again."""

import dataclasses
import time
from typing import Annotated, Any

import typer

from globewire.commands import paper
from globewire.commands.options import NOTICED, ConfigOption, JsonOption, examples, message_id
from globewire.commands.shop import Shop, visit
from globewire.commands.trouble import FAILED, Trouble
from globewire.gateway import now
from globewire.hold.port import AccountEntry, Outbox
from globewire.tell.push import PushResult

app = typer.Typer(
    help=f"Set where delivery receipts are pushed, test it, push again. {NOTICED}",
    epilog=examples(
        "callback set shop https://shop.example/receipts", "callback test shop", "callback show", "callback replay shop"
    ),
)
AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.")]


@app.command("show", epilog=examples("callback show", "callback show shop --secret"))
def show(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", show_default=False, help="The account; else all.")] = "",
    secret: Annotated[bool, typer.Option("--secret", help="Show the secret that the account's pushes are signed with.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show each account's endpoint, what waits to be pushed there, and what came of the last push."""

    async def ask(shop: Shop) -> list[dict[str, Any]]:
        one = shop.account(account).id if account or secret else ""
        boxes = {box.account: box for box in await shop.hold.outboxes()}
        entries = [entry for entry in shop.book.accounts if one in ("", entry.id) and (entry.id in boxes or one)]
        return [
            {
                "account": entry.id,
                "url": entry.callback,
                "waiting": box.waiting if (box := boxes.get(entry.id)) else 0,
                "given_up": box.dead if box else 0,
                "tries": box.tries if box else 0,
                "next_push": paper.iso(box.due_at) if box and box.waiting else None,
                **_last(box),
                **({"secret": await shop.keeper.callback_secret(entry.id)} if secret else {}),
            }
            for entry in entries
        ]

    rows = visit(config, ask)
    if as_json:
        paper.as_json(rows)
    elif secret:
        paper.facts(
            [("Account", rows[0]["account"]), ("Endpoint", rows[0]["url"] or "none"), ("Secret", rows[0]["secret"] or "none")]
        )
    else:
        heads = ("Account", "Endpoint", "Waiting", "Given up", "Last push")
        shown = [(r["account"], r["url"] or "none", r["waiting"], r["given_up"], _last_words(r)) for r in rows]
        paper.table(heads, shown, "No account has an endpoint: globewire callback set ACCOUNT URL")


def _last(box: Outbox | None) -> dict[str, Any]:
    """What came of the last push to an endpoint, and when it acknowledged one last."""
    push = box.pushed if box else None
    return {
        "last": push.reason if push else "",
        "last_at": paper.iso(push.at) if push else None,
        "last_status": push.status if push else 0,
        "last_said": push.said if push else "",
        "acknowledged_at": paper.iso(box.acknowledged_at) if box else None,
    }


def _last_words(row: dict[str, Any]) -> str:
    return f"{row['last']}, {row['last_at']}" if row["last_at"] else "none yet"


@app.command("set", epilog=examples("callback set shop https://shop.example/receipts", "callback set shop --off"))
def change(
    account: AccountArgument,
    url: Annotated[str, typer.Argument(metavar="URL", show_default=False, help="The http or https address to POST to.")] = "",
    off: Annotated[bool, typer.Option("--off", help="Push nothing more for this account.")] = False,
    new_secret: Annotated[bool, typer.Option("--new-secret", help="Sign with a new secret from now on, and print it.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Push an account's delivery receipts to an address.

    The first time, the secret that the pushes are signed with is printed. Private and loopback addresses are refused unless
    [callbacks] allow_private is set. Receipts of messages that end before there is an address are not pushed.
    """
    if off == bool(url):
        raise Trouble("give either a URL or --off")

    async def alter(shop: Shop) -> tuple[AccountEntry, str]:
        return await shop.keeper.set_callback(shop.account(account).id, url, new_secret=new_secret)

    entry, secret = visit(config, alter)
    if as_json:
        paper.as_json({"account": entry.id, "url": entry.callback} | ({"secret": secret} if secret else {}))
        return
    paper.say(f"Receipts of {entry.id} are pushed to {url}." if url else f"Receipts of {entry.id} are pushed no more.")
    if secret:
        paper.say(f"\nEach push is signed with this secret (HMAC-SHA256; see the documentation):\n\n    {secret}\n")
    if url:
        paper.say(f"Try it: globewire callback test {entry.id}")


@app.command("test", epilog=examples("callback test shop"))
def test(account: AccountArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Push one receipt that is marked as a test (MessageId 0) to an account's endpoint, and say what came back."""

    async def push(shop: Shop) -> tuple[str, PushResult]:
        return await shop.keeper.test_callback(shop.account(account).id)

    began = time.time_ns() // 1_000_000
    url, result = visit(config, push)
    if as_json:
        paper.as_json({"url": url, "at": paper.iso(began), **dataclasses.asdict(result)})
    if not result.acknowledged:
        advice = 'an endpoint answers HTTP 200 with {"code": 0} in the body, within the timeout'
        raise Trouble(f"{url} did not acknowledge: {result.reason} (after {result.took} ms)", advice, code=FAILED)
    if not as_json:
        paper.say(f"{url} acknowledged the test in {result.took} ms.")


@app.command("replay", epilog=examples("callback replay shop", "callback replay shop --message 176391234567800000"))
def replay(
    account: AccountArgument,
    message: Annotated[
        str, typer.Option("--message", metavar="ID", help="Only that of this message, even if it was acknowledged.")
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Push again the receipts that were given up because the endpoint did not acknowledge them."""

    async def revive(shop: Shop) -> tuple[str, int]:
        entry = shop.account(account)
        if message:
            return entry.id, await _replay_one(shop, entry, message)
        return entry.id, await shop.hold.revive(entry.id, now())

    id, count = visit(config, revive)
    if as_json:
        paper.as_json({"account": id, "queued": count})
    else:
        paper.say(f"{_receipts(count, id)} queued again." if count else f"No receipt of {id} was given up.")


async def _replay_one(shop: Shop, entry: AccountEntry, message: str) -> int:
    standing = await shop.hold.look(message_id(message))
    if standing is None or standing.message.account != entry.id:
        raise Trouble(f"the account {entry.id} has no message {message}", "is it past its retention?", code=FAILED)
    if not await shop.hold.replay(standing.message.id, now()):
        why = "is still under way" if not standing.ended_at else f"has no endpoint: globewire callback set {entry.id} URL"
        raise Trouble(f"there is nothing to push: the {'message' if not standing.ended_at else 'account'} {why}", code=FAILED)
    return 1


def _receipts(count: int, account: str) -> str:
    return f"1 receipt of {account} is" if count == 1 else f"{count} receipts of {account} are"
