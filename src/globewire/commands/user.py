"""`globewire user`: RAM users of an account. A user may do what its policies allow, and nothing without one."""

from typing import Annotated, Any

import typer

from globewire.commands import paper
from globewire.commands.options import NOTICED, AccountOption, ConfigOption, JsonOption, examples
from globewire.commands.shop import Shop, checked, visit
from globewire.commands.trouble import Trouble
from globewire.config.kinds import NAME
from globewire.hold.port import UserEntry

app = typer.Typer(
    help=f"Add RAM users to an account. {NOTICED}",
    epilog=examples("user create till", "policy attach AliyunDysmsFullAccess till", "key create --user till"),
)
NameArgument = Annotated[str, typer.Argument(metavar="USER", help="The user's name: letters, digits, '.', '_' and '-'.")]


@app.command("create", epilog=examples("user create till", "user create till --account shop"))
def create(name: NameArgument, account: AccountOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Add a user. It needs a policy (`policy attach`) and an AccessKey (`key create --user`) before it can call the API."""
    checked(NAME, name, str, "USER")

    async def make(shop: Shop) -> UserEntry:
        owner = shop.account(account)
        if any((user.account, user.name) == (owner.id, name) for user in shop.book.users):
            raise Trouble(f"the account {owner.id} has a user {name!r} already", "choose another name")
        entry = UserEntry(owner.id, name, ())
        await shop.hold.put_user(entry)
        return entry

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
        user = shop.user(shop.account(account), name)
        _undeclared(shop, user)
        await shop.hold.delete_user(user.account, name)
        return sum((key.account, key.user) == (user.account, name) for key in shop.book.keys)

    keys = visit(config, remove)
    if as_json:
        paper.as_json({"name": name, "deleted": True, "keys_deleted": keys})
    else:
        paper.say(f"The user {name} is deleted, and {keys} AccessKeys with it.")


def _undeclared(shop: Shop, user: UserEntry) -> None:
    declared = shop.declared(user.account)
    if declared and any(one.name == user.name for one in declared.users):
        raise Trouble(f"the user {user.name} is declared in the configuration", "change it there and start the server again")
