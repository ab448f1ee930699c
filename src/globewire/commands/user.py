"""`globewire user`: RAM users of an account. A user may do what its policies allow, and nothing without one."""

from typing import Annotated, Any

import typer

from globewire.commands import paper
from globewire.commands.options import NOTICED, AccountOption, ConfigOption, JsonOption, examples
from globewire.commands.shop import Shop, visit
from globewire.hold.port import UserEntry

app = typer.Typer(
    help=f"Add RAM users to an account. {NOTICED}",
    epilog=examples("user create till", "policy attach AliyunDysmsFullAccess till", "key create --user till"),
)
NameArgument = Annotated[str, typer.Argument(metavar="USER", help="The user's name: letters, digits, '.', '_' and '-'.")]


@app.command("create", epilog=examples("user create till", "user create till --account shop"))
def create(name: NameArgument, account: AccountOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Add a user. It needs a policy (`policy attach`) and an AccessKey (`key create --user`) before it can call the API."""

    async def make(shop: Shop) -> UserEntry:
        return await shop.keeper.add_user(shop.account(account).id, name)

    entry = visit(config, make)
    if as_json:
        paper.as_json({"account": entry.account, "name": entry.name, "policies": []})
        return
    paper.say(f"The user {name} of the account {entry.account} is made. What it still needs:\n")
    paper.say(f"    globewire policy attach AliyunDysmsFullAccess {name} --account {entry.account}")
    paper.say(f"    globewire key create --user {name} --account {entry.account}")


@app.command("list", epilog=examples("user list", "user list --account shop --json"))
def show(account: AccountOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the users, of one account or of all, with their policies."""

    async def ask(shop: Shop) -> list[dict[str, Any]]:
        owner = shop.account(account).id if account else ""
        keys = [(key.account, key.user) for key in shop.book.keys]
        return [
            {"account": u.account, "name": u.name, "policies": list(u.policies), "keys": keys.count((u.account, u.name))}
            for u in shop.book.users
            if owner in ("", u.account)
        ]

    rows = visit(config, ask)
    if as_json:
        paper.as_json(rows)
        return
    paper.table(
        ("User", "Account", "Keys", "Policies"),
        [(r["name"], r["account"], r["keys"], ", ".join(r["policies"]) or "none: it may do nothing") for r in rows],
        "There is no user: calls with an account's own AccessKeys may do everything.",
    )


@app.command("delete", epilog=examples("user delete till"))
def delete(name: NameArgument, account: AccountOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Delete a user and its AccessKeys."""

    async def remove(shop: Shop) -> int:
        return await shop.keeper.delete_user(shop.account(account).id, name)

    keys = visit(config, remove)
    if as_json:
        paper.as_json({"name": name, "deleted": True, "keys_deleted": keys})
    else:
        paper.say(f"The user {name} is deleted, and {keys} AccessKeys with it.")
