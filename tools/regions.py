"""Make src/globewire/wire/data/regions.bin from the data of `phonenumbers`: English names of countries, areas and networks.

Run it after an update of `phonenumbers`: `python tools/regions.py`. The layout is told in src/globewire/wire/prefixes.py.
Rows of mainland China are left out (the gateway refuses +86), and so are rows that only repeat their shorter prefix.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import phonenumbers
from phonenumbers.carrierdata import CARRIER_DATA
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.geodata.locale import LOCALE_DATA

TARGET = Path(__file__).parent.parent / "src/globewire/wire/data/regions.bin"
REFUSED = "86"
UNLISTED = {"AC": "Ascension Island", "TA": "Tristan da Cunha", "XK": "Kosovo"}
"""Regions of the numbering plan that the library's table of names lacks."""


def main() -> None:
    tables = [_table(_english(GEOCODE_DATA)), _table(_english(CARRIER_DATA))]
    header = {
        "source": phonenumbers.__version__,
        "countries": {region: _country(region) for region in sorted(phonenumbers.SUPPORTED_REGIONS)},
        "tables": [description for description, _ in tables],
    }
    line = json.dumps(header, ensure_ascii=False).encode() + b"\n"
    TARGET.write_bytes(zlib.compress(line + b"".join(body for _, body in tables), 9))
    print(f"{TARGET.name}: {TARGET.stat().st_size} octets from phonenumbers {phonenumbers.__version__}")


def _english(data: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    names = {prefix: row["en"] for prefix, row in data.items() if "en" in row and not prefix.startswith(REFUSED)}
    return {prefix: name for prefix, name in names.items() if _inherited(names, prefix) != name}


def _inherited(names: Mapping[str, str], prefix: str) -> str:
    shorter = (prefix[:end] for end in range(len(prefix) - 1, 0, -1))
    return next((names[each] for each in shorter if each in names), "")


def _country(region: str) -> str:
    names = LOCALE_DATA.get(region, {})
    name = names.get("en", "")
    name = names[name[1:]] if name.startswith("*") else name
    return name or UNLISTED[region]


def _table(names: Mapping[str, str]) -> tuple[dict[str, object], bytes]:
    numbers: dict[str, int] = {}
    rows: list[tuple[int, int]] = []
    columns: list[bytes] = []
    for digits in sorted({len(prefix) for prefix in names}, reverse=True):
        prefixes = sorted(int(prefix) for prefix in names if len(prefix) == digits)
        steps = [after - before for before, after in zip([0, *prefixes], prefixes, strict=False)]
        which = [numbers.setdefault(names[str(prefix)], len(numbers)) for prefix in prefixes]
        columns += [struct.pack(f"<{len(steps)}I", *steps), struct.pack(f"<{len(which)}H", *which)]
        rows.append((digits, len(prefixes)))
    lines = "".join(f"{name}\n" for name in numbers).encode()
    return {"lines": len(lines), "rows": rows}, lines + b"".join(columns)


if __name__ == "__main__":
    main()
