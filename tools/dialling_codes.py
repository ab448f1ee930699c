"""Make docs/dialling-codes.md: every country, its ISO code and dialling code. Run it after `tools/regions.py`."""

from pathlib import Path

from globewire.wire.number import MAINLAND, SEED_FORMS, calling_codes, country_name

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
    codes = list(calling_codes())
    rows = sorted((country_name(country), country, code) for code, countries in codes for country in countries)
    table = "".join(_row(name, country, code) for name, country, code in rows)
    world = ", ".join(str(code) for code, countries in codes if not countries)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(INTRODUCTION + table + AFTER.format(world), encoding="utf-8")
    print(f"{TARGET.name}: {len(rows)} countries")


def _row(name: str, country: str, code: int) -> str:
    form = SEED_FORMS.get(country)
    named = f"{form.country}, {form.region}" if form else ""
    note = "**refused** (NOT_SUPPORTED_COUNTRY): in the scope of SendMessageWithTemplate only" if str(code) == MAINLAND else ""
    return f"| {name} | {country} | {code} | {named} | {note} |\n"


if __name__ == "__main__":
    main()
