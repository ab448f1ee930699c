"""`globewire config`: check a configuration file without starting anything, or begin one."""

import os
from pathlib import Path
from typing import Annotated

import typer

from globewire import config as configuring
from globewire.commands import paper
from globewire.commands.options import ConfigOption, JsonOption, examples
from globewire.commands.trouble import WRONG, Trouble
from globewire.config import SIMULATOR, Config, ConfigFault, Mistake

app = typer.Typer(
    help="Check a configuration file, or begin one.",
    epilog=examples("config example > globewire.toml", "config check globewire.toml"),
)
HERE = Path("globewire.toml")
FileArgument = Annotated[Path | None, typer.Argument(metavar="FILE", show_default=False, help="The file, as with --config.")]


@app.command("check", epilog=examples("config check", "config check /etc/globewire.toml", "config check --json"))
def check(file: FileArgument = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read a configuration and say everything that is wrong with it, or what it means. Nothing is changed or started."""
    path = file or config or (HERE if HERE.exists() else None)
    try:
        read = configuring.load(path, os.environ)
    except ConfigFault as fault:
        if as_json:
            paper.as_json({"ok": False, "mistakes": _rows(fault.mistakes), "warnings": _rows(fault.warnings)})
        count = "is 1 mistake" if len(fault.mistakes) == 1 else f"are {len(fault.mistakes)} mistakes"
        lines = tuple(map(str, fault.mistakes)) + tuple(f"warning: {warning}" for warning in fault.warnings)
        raise Trouble(f"there {count} in the configuration", lines=lines, code=WRONG) from fault
    if as_json:
        paper.as_json({"ok": True, "mistakes": [], "warnings": _rows(read.warnings)})
        return
    paper.say(f"{path or 'The environment alone'} can be used.\n")
    paper.facts(_meaning(read))
    for warning in read.warnings:
        paper.warn(f"warning: {warning}")


@app.command("example", epilog=examples("config example > globewire.toml"))
def example() -> None:
    """Print a configuration to begin with: one account and one carrier."""
    print(configuring.example(), end="")


def _rows(mistakes: tuple[Mistake, ...]) -> list[dict[str, str]]:
    return [{"file": one.file, "key": one.key, "sentence": one.sentence} for one in mistakes]


def _meaning(read: Config) -> list[tuple[str, object]]:
    carriers = [f"{carrier.id} ({carrier.host}:{carrier.port})" for carrier in read.carriers]
    if read.simulator.enabled:
        carriers.append(f"{SIMULATOR} (delivers nothing)")
    accounts = [f"{account.id} ({len(account.keys)} keys, {len(account.users)} users)" for account in read.accounts]
    return [
        ("API", f"{'https' if read.api.certificate else 'http'}://{read.api.listen}"),
        ("Database", read.hold.place),
        ("Master key", "of the configuration" if read.hold.master_key else f"of the file {read.hold.key_file}"),
        ("Carriers", ", ".join(carriers)),
        *((f"Route {route.id}", ", ".join(route.carriers)) for route in read.routes),
        ("Accounts", ", ".join(accounts) or "none declared"),
    ]
