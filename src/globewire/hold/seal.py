"""A seal on each message in SQLite, which itself has no checksums: what a disk has altered is told from what was kept.

CRC-32 over the columns that never change, made when the row is kept and looked at wherever the row is read to be used. It misses
one alteration in four thousand million, and none of a single bit. It guards against disks, not against people: whoever can
write the file can write a seal. The text has one of its own, since it is blanked when its retention is over.

Indices, parts, queues and the book have none: what is altered there is found where it makes no sense any more, or not at all.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from typing import Any

import orjson

from globewire.hold.port import ALTERED
from globewire.hold.rows import COLUMNS, Row
from globewire.hold.sql import ask_octets
from globewire.message import State

SEALS = ("seal", "text_seal")
"""The columns of the seals, in the order of `seals`. A row from before there were any has 0 as its first."""
_COUNT, _TEXT = len(COLUMNS), COLUMNS.index("text")


def seals(row: Row) -> tuple[int, int]:
    """The seals of a row that begins with COLUMNS: of all but the text, and of the text, which is 0 where that is empty.

    NUL ends each value, as it may in SQLite: its JSON did so up to some version."""
    rest = orjson.dumps((*row[:_TEXT], *row[_TEXT + 1 : _COUNT]))
    if b"\\" in rest:  # there may be a NUL
        rest = orjson.dumps([_begin(value) for value in (*row[:_TEXT], *row[_TEXT + 1 : _COUNT])])
    return zlib.crc32(rest) or 1, zlib.crc32(_begin(row[_TEXT]).encode())


def _begin(value: Any) -> Any:
    return value.partition("\0")[0] if isinstance(value, str) else value


_STATES = frozenset(State)


def holds(row: Row, seal: int, text_seal: int, state: str = State.ACCEPTED) -> bool:
    """Whether a row that begins with COLUMNS is as it was kept, as far as its seals say, and its state is one."""
    return state in _STATES and (not seal or (isinstance(row[_TEXT], str) and seals(row) == (seal, text_seal)))


def blank(id: int) -> Row:
    """What is told of an altered message in place of COLUMNS: its id, with the moment that is in it, and what happened to it."""
    return (id, "", "", "", "", "", ALTERED, "", "", "", "GSM7", 0, "", "", "", "", id // 100_000, 0)


_PAGE = (
    f"SELECT json_group_array(json_array({', '.join((*COLUMNS, *SEALS))})) FROM "
    "(SELECT * FROM message WHERE id > ? ORDER BY id LIMIT 1000)"
)


def altered(connection: sqlite3.Connection) -> Iterator[int]:
    """The ids of all messages that were altered."""
    after = -1
    while rows := ask_octets(connection.cursor(), _PAGE, after):
        yield from (row[0] for row in rows if not holds(row, *row[_COUNT:]))
        after = rows[-1][0]
