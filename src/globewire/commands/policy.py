"""`globewire policy`: store RAM policies, show them, and attach them to users."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from globewire.commands import paper
from globewire.commands.options import NOTICED, AccountOption, ConfigOption, JsonOption, examples
from globewire.commands.plain import plain
from globewire.commands.shop import Shop, visit
from globewire.commands.trouble import Trouble
from globewire.errors import reason
from globewire.hold.port import PolicyEntry, UserEntry
from globewire.verdict import policy as verdict

app = typer.Typer(
    help=f"Store RAM policies and attach them to users. {NOTICED}",
    epilog=examples("policy put sender sender.json", "policy attach sender till", "policy list"),
)
NameArgument = Annotated[str, typer.Argument(metavar="POLICY", help="The policy's name.")]
UserArgument = Annotated[str, typer.Argument(metavar="USER", help="The user's name.")]


@app.command("put", epilog=examples("policy put sender sender.json", "policy put sender - < sender.json"))
def put(
    name: NameArgument,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The policy document in JSON; - reads standard input.")],
    account: AccountOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store a policy, or replace the one of this name. A document that cannot be understood is refused with its place."""
    document = _read(file)

    async def store(shop: Shop) -> PolicyEntry:
        return await shop.keeper.put_policy(shop.account(account).id, name, document)

    try:
        entry = visit(config, store)
    except verdict.PolicyFault as fault:
        raise Trouble(f"the policy in {file} cannot be taken", lines=(str(fault),)) from fault
    if as_json:
        paper.as_json({"account": entry.account, "name": name})
    else:
        paper.say(f"The policy {name} is stored. Attach it: globewire policy attach {name} USER --account {entry.account}")


@app.command("show", epilog=examples("policy show sender", "policy show AliyunDysmsFullAccess"))
def show(name: NameArgument, account: AccountOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print a policy's document as it was stored."""

    async def ask(shop: Shop) -> str:
        return await shop.keeper.document("" if name in verdict.SYSTEM_POLICIES else shop.account(account).id, name)

    document = visit(config, ask)
    if as_json:
        paper.as_json({"name": name, "document": document})
    else:
        paper.say("\n".join(map(plain, document.splitlines())))


@app.command("list", epilog=examples("policy list", "policy list --json"))
def everything(account: AccountOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the policies, of one account or of all, and to whom they are attached; the system's own are among them."""

    async def ask(shop: Shop) -> list[dict[str, Any]]:
        owner = shop.account(account).id if account else ""
        users = [user for user in shop.book.users if owner in ("", user.account)]
        rows = [
            {
                "name": p.name,
                "account": p.account,
                "users": [u.name for u in users if u.account == p.account and p.name in u.policies],
            }
            for p in shop.book.policies
            if owner in ("", p.account)
        ]
        system = [{"name": name, "account": "", "users": _attached(users, name)} for name in verdict.SYSTEM_POLICIES]
        return rows + system

    rows = visit(config, ask)
    if as_json:
        paper.as_json(rows)
        return
    shown = [(row["name"], row["account"] or "(system)", ", ".join(row["users"])) for row in rows]
    paper.table(("Policy", "Account", "Attached to"), shown, "")


@app.command("attach", epilog=examples("policy attach sender till", "policy attach AliyunDysmsFullAccess till"))
def attach(
    name: NameArgument, user: UserArgument, account: AccountOption = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Let a user do what a policy allows, and refuse what it denies."""

    async def tie(shop: Shop) -> UserEntry:
        return await shop.keeper.attach(shop.account(account).id, user, name)

    _tell(visit(config, tie), as_json)


@app.command("detach", epilog=examples("policy detach sender till"))
def detach(
    name: NameArgument, user: UserArgument, account: AccountOption = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Take a policy from a user."""

    async def untie(shop: Shop) -> UserEntry:
        return await shop.keeper.detach(shop.account(account).id, user, name)

    _tell(visit(config, untie), as_json)


@app.command("delete", epilog=examples("policy delete sender"))
def delete(name: NameArgument, account: AccountOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Delete a policy and detach it everywhere."""

    async def remove(shop: Shop) -> None:
        await shop.keeper.delete_policy("" if name in verdict.SYSTEM_POLICIES else shop.account(account).id, name)

    visit(config, remove)
    if as_json:
        paper.as_json({"name": name, "deleted": True})
    else:
        paper.say(f"The policy {name} is deleted.")


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        why = reason(fault) if isinstance(fault, OSError) else "it is not UTF-8"
        raise Trouble(f"the file {file} cannot be read: {why}", "give the path of a policy document in JSON") from fault


def _attached(users: list[UserEntry], name: str) -> list[str]:
    return [f"{user.account}/{user.name}" for user in users if name in user.policies]


def _tell(entry: UserEntry, as_json: bool) -> None:
    if as_json:
        paper.as_json({"account": entry.account, "name": entry.name, "policies": list(entry.policies)})
    else:
        paper.say(f"The user {entry.name} has these policies now: {', '.join(entry.policies) or 'none, so it may do nothing'}.")
