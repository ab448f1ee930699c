"""Write docs/configuration.md from the tables in `globewire.config.fields`; a test says that the page is current.

Run it as `python tools/configuration.py` after a change to those tables.
"""

import dataclasses
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from globewire import config
from globewire.config.fields import ROOT_FIELDS
from globewire.config.reader import Field, Section, default_of
from globewire.config.settings import Listen

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"

INTRODUCTION = """\
# Configuration

This page is made from the program's own tables by `tools/configuration.py`; do not edit it.

Globewire reads one TOML file, and then the environment, which wins. With neither it listens on 127.0.0.1:8018 and delivers to
a simulated carrier. `globewire config check` reads a file, says everything that is wrong with it at once, and changes nothing.
A file that serves one account over one carrier:

```toml
{example}```

* **Environment.** A key of a section that stands once can be set by the variable in its row; lists are separated by commas,
  and an empty variable counts as not set. What is set there wins over the file.
* **Secrets** are given as they are, as `"env:NAME"` (a variable) or as `"file:PATH"` (a file's text, without the line's end).
  For a key `password`, `password_file = "PATH"` says the same as `password = "file:PATH"`.
* **Paths** are relative to the working directory.
* **Places** in messages count from 1: `carrier[2].port` is the port of the second `[[carrier]]`.
* **Warnings** are for what can be used but is hardly meant. A route that names an unknown carrier does without it; a route that
  is left with none is a mistake.
* **Routes.** Where no route is written there is one, `route-1`, over all carriers in their order. The simulated carrier goes
  by the id `simulator` in routes.
"""


def document() -> str:
    """The whole page."""
    lines = [INTRODUCTION.format(example=config.example())]
    for outer in ROOT_FIELDS:
        lines.extend(_section(outer, "", "##"))
    return "\n".join(lines)


def _section(outer: Field, path: str, mark: str) -> Iterator[str]:
    section = outer.kind.section
    if section is None:
        return
    name = f"{path}.{outer.key}" if path else outer.key
    yield f"{mark} `[[{name}]]`\n" if outer.kind.several else f"{mark} `[{name}]`\n"
    yield section.help + "\n"
    once = not path and not outer.kind.several
    yield f"| key | value | default | {'environment | ' if once else ''}meaning |"
    yield f"|---|---|---|{'---|' if once else ''}---|"
    for one in section.fields:
        yield _row(section, one, name, once)
    yield ""
    for one in section.fields:
        if one.kind.several:
            yield from _section(one, name, mark + "#")


def _row(section: Section[object], one: Field, name: str, once: bool) -> str:
    default = default_of(section, one)
    shown = one.default or ("**required**" if default is dataclasses.MISSING else f"`{spelt(default)}`")
    if one.kind.several:
        shown = "none"
    cells = [f"`{one.key}`", one.kind.words, shown]
    if once:
        cells.append(f"`{one.variable or f'GLOBEWIRE_{name}_{one.key}'.upper()}`" if one.kind.spell else "")
    return "| " + " | ".join([*cells, one.help]) + " |"


def spelt(value: object) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(spelt, value))}]"
    if isinstance(value, Enum):
        return spelt(value.value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type | Listen):
        return "{ " + ", ".join(f"{one.name} = {spelt(getattr(value, one.name))}" for one in dataclasses.fields(value)) + " }"
    return f'"{value}"'


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
