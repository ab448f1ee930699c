"""Write the tables of docs/api.md from `globewire.wire.operation` and `globewire.errors`; a test says that they are current.

Run it as `python tools/api.py` after a change to those tables. What stands between the markers is replaced, the rest is kept.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from globewire import errors
from globewire.errors import Fault, Row
from globewire.wire.operation import OPERATIONS, Kind, Operation

PAGE = Path(__file__).parent.parent / "docs" / "api.md"
BLOCK = re.compile(r"(<!-- made by tools/api.py: (.+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

KINDS = {Kind.INTEGER: "integer, as a string", Kind.DETAIL: "object of strings"}
"""Kinds of reply members whose own names would mislead."""


def document() -> str:
    """The whole page, its tables made anew. KeyError for a block that nobody knows."""
    page = PAGE.read_text(encoding="utf-8")
    made = blocks()
    return BLOCK.sub(lambda found: f"{found[1]}\n{made[found[2]]()}\n\n{found[4]}", page)


def blocks() -> Mapping[str, Callable[[], str]]:
    """What can stand between markers, by name: a block an operation, the quotas, and the two tables of codes."""
    made: dict[str, Callable[[], str]] = {name: partial(operation, each) for name, each in OPERATIONS.items()}
    return {**made, "quotas": quotas, "gateway codes": partial(codes, False), "business codes": partial(codes, True)}


def operation(one: Operation) -> str:
    """What an operation takes and answers."""
    return "\n".join(_operation(one))


def _operation(one: Operation) -> Iterator[str]:
    yield one.description
    yield ""
    yield "| parameter | | kind | limits | meaning |"
    yield "|---|---|---|---|---|"
    for each in one.parameters:
        needed = "required" if each.required else ""
        yield f"| `{each.name}` | {needed} | {each.kind.value} | {each.limits} | {each.description} |"
    yield ""
    yield "| member of the reply | kind | meaning |"
    yield "|---|---|---|"
    for field in one.reply:
        yield f"| `{field.name}` | {KINDS.get(field.kind, field.kind.value)} | {field.description} |"


def quotas() -> str:
    """Calls a second and RAM action of each operation."""
    lines = ["| operation | calls a second | RAM action |", "|---|---|---|"]
    lines += [f"| `{one.name}` | {one.quota:,} | `{one.ram_action}` |" for one in OPERATIONS.values()]
    return "\n".join(lines)


def codes(business: bool) -> str:
    """The rows of `errors`, in their order: business codes, or the gateway's own."""
    head = ["code", "sentence", "again"] if business else ["HTTP", "code", "sentence", "again"]
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *map(_row, errors.rows(business))])


def _row(row: Row) -> str:
    sentence = row.sentence.replace("{}", "…").replace("|", "\\|")
    again = "yes" if row.again else ""
    whose = " (ours)" if row.fault is Fault.OURS else ""
    return f"| {'' if row.business else f'{row.http} | '}`{row.code}`{whose} | {sentence} | {again} |"


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
