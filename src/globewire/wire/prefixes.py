"""Which name belongs to the longest known prefix of a number: areas, networks, countries. A compact table; not a judge of numbers.

The tables are package data (`data/regions.bin`), made by `tools/regions.py` from the data of `phonenumbers` in English: about
150,000 rows in some 3 MB of memory, where the library's own geocoder takes near 100 MB. The file is zlib over one line of
JSON (the header, see `read`), then for each table its names (UTF-8, one a line), then for each length of prefix the prefixes
as differences (32 bits, little-endian) and the numbers of their names (16 bits). Reading it takes some 30 ms, once.
"""

import json
import sys
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from itertools import accumulate
from typing import NamedTuple

from globewire.values import dataclass


class Rows(NamedTuple):
    """Prefixes of `digits` digits, ascending, and beside each the number of its name: those from place `start` to before `stop`."""

    digits: int
    prefixes: "array[int]"
    names: "array[int]"
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Table:
    """Names by prefix; `rows` go from the longest prefixes to the shortest."""

    lines: bytes
    starts: "array[int]"
    rows: tuple[Rows, ...]

    def name(self, number: str) -> str:
        """The name of the longest prefix of `number` (digits with the dialling code), "" where none is known."""
        for digits, prefixes, names, start, stop in self.rows:
            prefix = int(number[:digits])  # of a shorter number, less than any prefix
            at = bisect_left(prefixes, prefix, start, stop)
            if at < stop and prefixes[at] == prefix:
                which = names[at]
                # One string for all who keep the name: callers keep tens of thousands.
                return sys.intern(self.lines[self.starts[which] : self.starts[which + 1] - 1].decode())
        return ""

    def of(self, start: str) -> "Table":
        """The same for numbers that begin with `start`: without the rows, and the parts of rows, that are of no use to them."""
        rows = []
        for row in self.rows:
            lowest, highest = (int(start.ljust(row.digits, digit)[: row.digits]) for digit in "09")
            first, last = bisect_left(row.prefixes, lowest), bisect_right(row.prefixes, highest)
            if first < last:
                rows.append(row._replace(start=first, stop=last))
        return replace(self, rows=tuple(rows))

    @property
    def longest(self) -> int:
        """How many digits the longest prefix has, 0 where there is none."""
        return self.rows[0].digits if self.rows else 0


@dataclass(frozen=True, slots=True)
class Atlas:
    """The three tables. `countries` are English names by ISO alpha-2; `source` is the version of the data they came from."""

    source: str
    countries: Mapping[str, str]
    areas: Table
    networks: Table


@cache
def atlas() -> Atlas:
    """The atlas that comes with the package. The first call reads the file, which is the only reading of a file in `wire`."""
    return read(resources.files("globewire.wire").joinpath("data/regions.bin").read_bytes())


def read(packed: bytes) -> Atlas:
    """The atlas in the octets of a `regions.bin`. The file is our own: octets that are not one raise whatever they raise."""
    data = zlib.decompress(packed)
    end = data.index(b"\n") + 1
    header = json.loads(data[:end])
    tables: list[Table] = []
    for table in header["tables"]:
        lines = data[end : end + table["lines"]]
        end += len(lines)
        rows: list[Rows] = []
        for digits, count in table["rows"]:
            steps = _array("I", data[end : end + 4 * count])
            names = _array("H", data[end + 4 * count : end + 6 * count])
            rows.append(Rows(digits, array("I", accumulate(steps)), names, 0, count))
            end += 6 * count
        lengths = (len(line) + 1 for line in lines[:-1].split(b"\n"))
        tables.append(Table(lines, array("I", accumulate(lengths, initial=0)), tuple(rows)))
    return Atlas(header["source"], header["countries"], *tables)


def _array(kind: str, octets: bytes) -> "array[int]":
    values: array[int] = array(kind)
    values.frombytes(octets)
    if sys.byteorder == "big":
        values.byteswap()
    return values
