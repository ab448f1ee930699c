"""`globewire key`: make AccessKeys, disable, enable and delete them. A secret is printed when its key is made, and never again."""

from typing import Annotated, Any

import typer

from globewire.commands import paper
from globewire.commands.options import NOTICED, AccountOption, ConfigOption, JsonOption, examples
from globewire.commands.shop import Shop, visit
from globewire.hold.port import KeyEntry
from globewire.plan import MadeKey

app = typer.Typer(
    help=f"Make AccessKeys, disable and delete them. {NOTICED}",
    epilog=examples("key create", "key list", "key disable LTAI5tExample", "key delete LTAI5tExample"),
)
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The AccessKey ID; `globewire key list` shows them.")]


@app.command("create", epilog=examples("key create", "key create --account shop --user till", "key create --temporary"))
def create(
    account: AccountOption = "",
    user: Annotated[str, typer.Option("--user", metavar="USER", help="Make it for this RAM user of the account.")] = "",
    temporary: Annotated[bool, typer.Option("--temporary", help="Make an STS credential, with a SecurityToken.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an AccessKey and print it. The secret is not shown again: keep it where your program reads it.

    A temporary key works like any other, and its calls must bear the SecurityToken too; it does not end by itself.
    """

    async def make(shop: Shop) -> MadeKey:
        return await shop.keeper.make_key(shop.account(account).id, user, temporary=temporary)

    made = visit(config, make)
    if as_json:
        keys = {"access_key_id": made.id, "access_key_secret": made.secret, "account": made.account, "user": made.user}
        paper.as_json(keys | ({"security_token": made.token} if made.token else {}))
        return
    paper.say("The AccessKey is made. Its secret will not be shown again:\n")
    paper.facts(
        [
            ("  AccessKey ID", made.id),
            ("  AccessKey secret", made.secret),
            ("  SecurityToken", made.token),
            ("  Account", made.account),
            ("  User", made.user),
        ]
    )


@app.command("list", epilog=examples("key list", "key list --account shop --json"))
def show(account: AccountOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the AccessKeys, of one account or of all, without their secrets."""

    async def ask(shop: Shop) -> list[dict[str, Any]]:
        owner = shop.account(account).id if account else ""
        declared = shop.keeper.declared.keys
        return [_row(key, key.id in declared) for key in shop.book.keys if owner in ("", key.account)]

    rows = visit(config, ask)
    if as_json:
        paper.as_json(rows)
        return
    paper.table(
        ("AccessKey ID", "Account", "User", "State", "Kind", "Made by", "Made at"),
        [(r["id"], r["account"], r["user"], r["state"], r["kind"], r["made_by"], paper.moment(r["at"])) for r in rows],
        "There is no AccessKey yet: globewire key create",
    )


@app.command("disable", epilog=examples("key disable LTAI5tExample"))
def disable(id: IdArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Refuse calls signed with this AccessKey from now on; `key enable` lets them in again."""
    _switch(id, config, as_json, on=False)


@app.command("enable", epilog=examples("key enable LTAI5tExample"))
def enable(id: IdArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let calls signed with this AccessKey in again."""
    _switch(id, config, as_json, on=True)


@app.command("delete", epilog=examples("key delete LTAI5tExample"))
def delete(id: IdArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Delete an AccessKey. It cannot be brought back; `key disable` can."""

    async def remove(shop: Shop) -> None:
        await shop.keeper.delete_key(id)

    visit(config, remove)
    if as_json:
        paper.as_json({"id": id, "deleted": True})
    else:
        paper.say(f"The AccessKey {id} is deleted.")


def _switch(id: str, config: ConfigOption, as_json: bool, on: bool) -> None:
    async def turn(shop: Shop) -> KeyEntry:
        return await shop.keeper.switch_key(id, on)

    entry = visit(config, turn)
    if as_json:
        paper.as_json(_row(entry, False))
    else:
        paper.say(f"The AccessKey {id} is {'enabled' if on else 'disabled'}.")


def _row(key: KeyEntry, declared: bool) -> dict[str, Any]:
    return {
        "id": key.id,
        "account": key.account,
        "user": key.user,
        "state": "enabled" if key.enabled else "disabled",
        "kind": "temporary" if key.token else "permanent",
        "made_by": "configuration" if declared else "command",
        "at": key.created_at,
        "created_at": paper.iso(key.created_at),
    }
