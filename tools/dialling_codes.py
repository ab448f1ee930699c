"""Make docs/dialling-codes.md: every country, its ISO code and dialling code. Run it after `tools/regions.py`."""

from pathlib import Path

from globewire.wire.dialling import DiallingCode, dialling_codes

TARGET = Path(__file__).parent.parent / "docs/dialling-codes.md"

INTRODUCTION = """# Dialling codes

<!-- Made by tools/dialling_codes.py. Do not edit. -->

What `To` may begin with. Write the dialling code and the number, digits only: no `+`, no leading `00`, and without the `0`
that many countries dial in front of a number at home. Several countries share a code where it is listed more than once;
the digits after it tell them apart.

"Named as" is what `NumberDetail` says where it differs from the country's name.

| Country | ISO | Dialling code | Named as | Note |
|---|---|---|---|---|
"""

AFTER = """
Dialling codes that belong to no country, which the gateway takes too: {}. Their `NumberDetail` is empty.
"""


def main() -> None:
    rows = [row for row in dialling_codes() if row.country]
    world = ", ".join(str(row.code) for row in dialling_codes() if not row.country)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(INTRODUCTION + "".join(map(_row, rows)) + AFTER.format(world), encoding="utf-8")
    print(f"{TARGET.name}: {len(rows)} countries")


def _row(row: DiallingCode) -> str:
    note = "**refused** (NOT_SUPPORTED_COUNTRY): in the scope of SendMessageWithTemplate only" if row.refused else ""
    return f"| {row.name} | {row.country} | {row.code} | {row.named} | {note} |\n"


if __name__ == "__main__":
    main()
