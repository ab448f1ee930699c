"""`globewire key`: make AccessKeys, disable, enable and delete them. A secret is printed when its key is made, and never again."""

import dataclasses
import secrets
from typing import Annotated, Any

import typer

from globewire.commands import paper
from globewire.commands.options import NOTICED, AccountOption, ConfigOption, JsonOption, examples
from globewire.commands.shop import Shop, visit
from globewire.commands.trouble import Trouble
from globewire.gateway import now
from globewire.hold.port import KeyEntry
from globewire.message import AccessKeyId
from globewire.vault import new_access_key
from globewire.verdict.admit import digest

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
    id, secret = new_access_key()
    token = secrets.token_urlsafe(48) if temporary else ""
    if temporary:
        id = f"STS.{id.removeprefix('LTAI')}"

    async def make(shop: Shop) -> str:
        owner = shop.account(account)
        named = shop.user(owner, user).name if user else ""
        sealed = shop.vault().seal(id, secret)
        await shop.hold.put_key(KeyEntry(AccessKeyId(id), owner.id, named, sealed, True, now(), digest(token) if token else b""))
        return owner.id

    made = {"access_key_id": id, "access_key_secret": secret, "account": visit(config, make), "user": user}
    if as_json:
        paper.as_json(made | ({"security_token": token} if token else {}))
        return
    paper.say("The AccessKey is made. Its secret will not be shown again:\n")
    paper.facts(
        [
            ("  AccessKey ID", id),
            ("  AccessKey secret", secret),
            ("  SecurityToken", token),
            ("  Account", made["account"]),
            ("  User", user),
        ]
    )


@app.command("list", epilog=examples("key list", "key list --account shop --json"))
def show(account: AccountOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the AccessKeys, of one account or of all, without their secrets."""

    async def ask(shop: Shop) -> list[dict[str, Any]]:
        owner = shop.account(account).id if account else ""
        declared = shop.declared_keys()
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
        await shop.hold.delete_key(_own(shop, id).id)

    visit(config, remove)
    if as_json:
        paper.as_json({"id": id, "deleted": True})
    else:
        paper.say(f"The AccessKey {id} is deleted.")


def _switch(id: str, config: ConfigOption, as_json: bool, on: bool) -> None:
    async def turn(shop: Shop) -> KeyEntry:
        entry = dataclasses.replace(_own(shop, id), enabled=on)
        await shop.hold.put_key(entry)
        return entry

    entry = visit(config, turn)
    if as_json:
        paper.as_json(_row(entry, False))
    else:
        paper.say(f"The AccessKey {id} is {'enabled' if on else 'disabled'}.")


def _own(shop: Shop, id: str) -> KeyEntry:
    """The key of this id, which is not for the configuration to say."""
    key = shop.key(id)
    if id in shop.declared_keys():
        raise Trouble(f"the AccessKey {id} is declared in the configuration", "take it out there and start the server again")
    return key


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
