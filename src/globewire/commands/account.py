"""`globewire account`: open accounts and change them. An account that the configuration declares is changed there."""

from typing import Annotated, Any

import typer

from globewire.commands import paper
from globewire.commands.options import NOTICED, ConfigOption, JsonOption, examples
from globewire.commands.shop import Shop, visit
from globewire.commands.trouble import Trouble
from globewire.hold.port import AccountEntry
from globewire.wire.operation import OPERATIONS

app = typer.Typer(
    help=f"Open accounts and change them. {NOTICED}",
    epilog=examples("account create shop", "account list", "account set shop --sender Shop"),
)
SenderOption = Annotated[
    str | None, typer.Option("--sender", metavar="SENDER", help="Sender ID for calls that give no From; '' for the carrier's.")
]
QuotaOption = Annotated[
    list[str] | None,
    typer.Option("--quota", metavar="OPERATION=N", help="Calls a second; repeat it. 'OPERATION=' means the documented limit."),
]
IdArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id: letters, digits, '.', '_' and '-'.")]


@app.command("create", epilog=examples("account create shop", "account create shop --sender Shop --quota SendMessageToGlobe=100"))
def create(
    name: IdArgument,
    sender: SenderOption = None,
    quota: QuotaOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open an account. It can call the API once it has an AccessKey: `globewire key create --account ACCOUNT`."""
    quotas = _quotas(quota)

    async def make(shop: Shop) -> AccountEntry:
        return await shop.keeper.open_account(name, sender or "", quotas)

    entry = visit(config, make)
    if as_json:
        paper.as_json(_row(entry, False))
    else:
        paper.say(f"The account {name} is open. Make its first AccessKey: globewire key create --account {name}")


@app.command("set", epilog=examples("account set shop --sender Shop", "account set shop --quota SendMessageToGlobe=100"))
def change(
    name: IdArgument,
    sender: SenderOption = None,
    quota: QuotaOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change an account's sender ID or its quotas."""
    if sender is None and not quota:
        raise Trouble("there is nothing to change", "give --sender or --quota")
    quotas = _quotas(quota)

    async def alter(shop: Shop) -> AccountEntry:
        return await shop.keeper.change_account(shop.account(name).id, sender, quotas)

    entry = visit(config, alter)
    if as_json:
        paper.as_json(_row(entry, False))
    else:
        paper.say(f"The account {entry.id} is changed.")


@app.command("list", epilog=examples("account list", "account list --json"))
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the accounts, those of the configuration among them once the server has started with it."""

    async def ask(shop: Shop) -> list[dict[str, Any]]:
        keys = [key.account for key in shop.book.keys]
        return [
            {**_row(entry, entry.id in shop.keeper.declared.accounts), "keys": keys.count(entry.id)} for entry in shop.book.accounts
        ]

    rows = visit(config, ask)
    if as_json:
        paper.as_json(rows)
        return
    paper.table(
        ("Account", "Keys", "Sender", "Callback", "Quota", "Made by", "Made at"),
        [(r["id"], r["keys"], r["sender"], r["callback"], _shown(r["quota"]), r["made_by"], paper.moment(r["at"])) for r in rows],
        "There is no account yet: globewire account create ID",
    )


def _row(entry: AccountEntry, declared: bool) -> dict[str, Any]:
    return {
        "id": entry.id,
        "sender": entry.sender,
        "callback": entry.callback,
        "quota": dict(entry.quota),
        "made_by": "configuration" if declared else "command",
        "at": entry.created_at,
        "created_at": paper.iso(entry.created_at),
    }


def _shown(quota: dict[str, int]) -> str:
    return ", ".join(f"{operation} {calls}/s" for operation, calls in quota.items())


def _quotas(given: list[str] | None) -> dict[str, str]:
    """The calls a second that were given, by operation."""
    quotas = {}
    for one in given or []:
        operation, equals, calls = one.partition("=")
        if operation not in OPERATIONS or not equals:
            raise Trouble(f"--quota {one!r} is not OPERATION=N", f"the operations are {', '.join(OPERATIONS)}")
        quotas[operation] = calls
    return quotas
