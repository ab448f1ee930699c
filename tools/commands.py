"""Write docs/commands.md from the commands' own help; a test says that the page is current.

Run it as `python tools/commands.py` after a change to a command.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from globewire.cli import COMMANDS, application

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"

INTRODUCTION = """\
# Commands

This page is made from the commands' own help by `tools/commands.py`; do not edit it.

"""


def document() -> str:
    """The whole page."""
    root: Any = typer.main.get_command(application())
    lines = [INTRODUCTION + "```", "globewire COMMAND --help", "```", "", _prose(root.help), ""]
    lines += ["| command | what it does |", "|---|---|"]
    lines += [f"| [`{name}`](#globewire-{name}) | {row.summary} |" for name, row in COMMANDS.items()]
    lines += ["", *_parameters(root)]
    for name in COMMANDS:
        lines += _command(f"globewire {name}", root.commands[name], "##")
    return "\n".join(lines).rstrip() + "\n"


def _command(path: str, command: Any, mark: str) -> Iterator[str]:
    yield f"{mark} {path}\n"
    yield _prose(command.help) + "\n"
    inner = getattr(command, "commands", {})
    if not inner:
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        words = [one.metavar if one.required else f"[{one.metavar}]" for one in arguments]
        yield f"```\n{' '.join([path, *words, '[OPTIONS]'])}\n```\n"
    yield from _parameters(command)
    if command.epilog:
        examples = command.epilog.replace("\b", "").strip().splitlines()[1:]
        yield "Examples:\n\n```sh"
        yield from (line.strip() for line in examples)
        yield "```\n"
    for name, one in inner.items():
        yield from _command(f"{path} {name}", one, mark + "#")


def _parameters(command: Any) -> Iterator[str]:
    shown = [one for one in command.params if one.name != "help"]
    if not shown:
        return
    yield "| argument or option | meaning |"
    yield "|---|---|"
    for one in shown:
        yield f"| `{_spelt(one)}` | {_meaning(one)} |"
    yield ""


def _spelt(one: Any) -> str:
    if one.param_type_name == "argument":
        return str(one.metavar)
    names = ", ".join(one.opts)
    return f"{names} {one.metavar}" if one.metavar else names


def _meaning(one: Any) -> str:
    notes = []
    if one.required:
        notes.append("required")
    if getattr(one, "multiple", False):
        notes.append("may be repeated")
    if one.default not in (None, "", False, ()) and not one.required:
        notes.append(f"default `{one.default:g}`" if isinstance(one.default, float) else f"default `{one.default}`")
    if one.envvar:
        notes.append(f"variable `{one.envvar}`")
    return (one.help or "").replace("|", "\\|") + (f" ({'; '.join(notes)})" if notes else "")


def _prose(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
