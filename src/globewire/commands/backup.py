"""`globewire backup`: a copy of the database while the gateway runs."""

from pathlib import Path
from typing import Annotated

import typer

from globewire.commands import paper
from globewire.commands.bar import bar
from globewire.commands.options import ConfigOption, JsonOption, examples
from globewire.commands.shop import configuration
from globewire.commands.trouble import FAILED, Trouble
from globewire.config import HoldSettings
from globewire.hold.backup import Backup, BackupFault, back_up
from globewire.hold.schema import SchemaFault

app = typer.Typer()


@app.command("backup", epilog=examples("backup /var/backups/globewire.db", "backup --force latest.db --json"))
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to make, on another disk if possible.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it is there.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the SQLite database to a file, while the gateway runs or not.

    The copy has everything that was answered with OK before it began. It is checked, mode 0600, and there whole or not at all.
    It does not have the master key, without which its secrets cannot be read: back that up apart. docs/backup.md says how to
    restore it.
    """
    settings = configuration(config).hold
    if settings.shared:
        raise Trouble(
            f"the database {settings.place} is PostgreSQL's, which has backups of its own",
            "pg_dump for a copy, pg_basebackup and its log for recovery to any moment",
        )
    try:
        with bar("pages") as told:
            made = back_up(Path(settings.path), file, told, replace=force)
    except SchemaFault as fault:
        raise Trouble(str(fault)) from fault
    except BackupFault as fault:
        raise Trouble(str(fault), code=FAILED) from fault
    _print(file, made, settings, as_json)


def _print(file: Path, made: Backup, settings: HoldSettings, as_json: bool) -> None:
    if as_json:
        newest = str(made.newest) if made.newest else None
        paper.as_json({"file": str(file), "size": made.size, "messages": made.messages, "newest": newest})
        return
    upto = f", up to {made.newest}" if made.newest else ""
    paper.say(f"{file} has {made.messages:,} messages{upto}: {made.size / 1024**2:,.1f} MiB, checked.")
    key = "GLOBEWIRE_MASTER_KEY" if settings.master_key else settings.key_file
    paper.warn(f"Its secrets open only under the master key ({key}): keep a copy of that, apart from this file.")
