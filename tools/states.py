"""Write the state diagram of docs/design.md from `message.MAY_BECOME`; a test says that it is current.

Run it as `python tools/states.py` after a change to that table. What stands between the markers is replaced, the rest is kept.
"""

import re
from pathlib import Path

from globewire.message import FINAL, MAY_BECOME, State

PAGE = Path(__file__).parent.parent / "docs" / "design.md"
BLOCK = re.compile(r"(<!-- made by tools/states.py -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def document() -> str:
    """The whole page, its diagram drawn anew."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{diagram()}\n\n{table()}\n\n{found[3]}", PAGE.read_text(encoding="utf-8"))


def diagram() -> str:
    """The allowed changes as a Mermaid diagram, begun where a message begins and ended where it ends."""
    changes = [f"    {one} --> {other}" for one in State for other in State if other in MAY_BECOME[one]]
    ends = [f"    {one} --> [*]" for one in State if one in FINAL]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {State.ACCEPTED}", *changes, *ends, "```"])


def table() -> str:
    """The same as a table: from the row's state to the column's."""
    after = [state for state in State if any(state in changes for changes in MAY_BECOME.values())]
    lines = ["| from | " + " | ".join(after) + " |", "|---" * (len(after) + 1) + "|"]
    for state in State:
        cells = ["yes" if other in MAY_BECOME[state] else "" for other in after]
        lines.append(f"| {state}{' (final)' if state in FINAL else ''} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
