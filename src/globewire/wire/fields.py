"""The one reader and the one writer of PDU bodies: rows of `wire.commands.BODIES`, compiled once.

What is read is split by patterns, and what is written is put into a template. Optional parameters are `wire.pdu`'s.
"""

import re
from collections.abc import Callable, Mapping
from itertools import groupby
from struct import Struct, error
from typing import NamedTuple

from globewire.wire.commands import Field, Kind, Status

Row = tuple[int | str, ...]
Value = int | str | bytes | tuple[Row, ...]
Fields = Mapping[str, Value]
Reader = Callable[[bytes, int], tuple[dict[str, Value], int]]
Writer = Callable[[Fields], bytes]

_STATUS_CODE = Struct(">I")


class Misread(ValueError):
    """Octets that do not make the field, or a value that does not fit it; `status` is what to answer with."""

    def __init__(self, sentence: str, status: int = Status.RINVPARLEN) -> None:
        super().__init__(sentence)
        self.status = status


def reader(body: tuple[Field, ...]) -> Reader:
    """A function that reads `body` from a frame at an offset, and gives the fields and where it stopped. It raises Misread.

    C-octet strings over their size are taken as they are: refusing a carrier's receipt for that would bring it back for ever.
    """
    if [field.kind for field in body] == [Kind.CSTRING]:
        return _reader_of_text(body[0].name)
    stretches = _stretches(body)
    names = [field.name for field in body]

    def read(frame: bytes, at: int) -> tuple[dict[str, Value], int]:
        values: list[Value] = []
        try:
            for pattern, texts, read_last in stretches:
                match = pattern.match(frame, at)
                if match is None:
                    raise Misread("the body ends inside a field")
                for octets, text in zip(match.groups(), texts, strict=True):
                    if text:
                        values.append(octets.decode("latin-1"))
                    else:
                        values += octets
                at = match.end()
                if read_last is not None:
                    value, at = read_last(frame, at)
                    values.append(value)
        except (error, IndexError) as cut:
            raise Misread("the body ends inside a field") from cut
        except Misread:
            raise
        except ValueError as unended:
            raise Misread("a C-octet string has no end") from unended
        return dict(zip(names, values, strict=True)), at

    return read


def writer(body: tuple[Field, ...]) -> Writer:
    """A function that writes fields as `body`; absent ones as 0, "" or nothing. It raises Misread for what does not fit."""
    blanks = {field.name: blank(field.kind) for field in body}
    template = b"".join([b"%c" if field.kind is Kind.INT1 else b"%b" for field in body])
    ints = [field.name for field in body if field.kind is Kind.INT1]
    others = [(place, field, _WRITE[field.kind]) for place, field in enumerate(body) if field.kind is not Kind.INT1]

    def write(fields: Fields) -> bytes:
        all_fields = {**blanks, **fields}
        if len(all_fields) > len(blanks):
            raise Misread(f"no such field here: {', '.join(sorted(all_fields.keys() - blanks))}")
        values = list(all_fields.values())
        for place, field, write_one in others:
            values[place] = write_one(values[place], field)
        try:
            return template % tuple(values)
        except (OverflowError, TypeError) as wrong:
            raise Misread(f"not an octet each: {', '.join(name for name in ints if all_fields[name] not in _OCTETS)}") from wrong

    return write


_OCTETS = range(256)


def _reader_of_text(name: str) -> Reader:
    """For a body of one string, a response's id or name: some peers leave its NUL away, and then it goes on to the end."""

    def read(frame: bytes, at: int) -> tuple[dict[str, Value], int]:
        end = frame.find(0, at)
        if end < 0:
            end = len(frame)
        return {name: frame[at:end].decode("latin-1")}, end + 1

    return read


def blank(kind: Kind) -> Value:
    """What an absent field of this kind is taken for."""
    if kind is Kind.INT1:
        return 0
    return "" if kind is Kind.CSTRING else b"" if kind is Kind.MESSAGE else ()


class _Stretch(NamedTuple):
    """A run of one-octet integers and C-octet strings: a pattern whose groups are the strings and the integers between them, which
    of the groups are `texts`, and what reads a field of another kind behind them."""

    pattern: re.Pattern[bytes]
    texts: tuple[bool, ...]
    read_last: Callable[[bytes, int], tuple[Value, int]] | None


def _stretches(body: tuple[Field, ...]) -> tuple[_Stretch, ...]:
    stretches: list[_Stretch] = []
    groups: list[bytes] = []
    for kind, fields in groupby([field.kind for field in body]):
        if kind is Kind.INT1:
            groups.append(b"(.{%d})" % len(list(fields)))
            continue
        for _ in fields:
            if kind is Kind.CSTRING:
                groups.append(_TEXT)
            else:
                stretches.append(_stretch(groups, _READ[kind]))
                groups = []
    return tuple([*stretches, _stretch(groups, None)] if groups else stretches)


def _stretch(groups: list[bytes], read_last: Callable[[bytes, int], tuple[Value, int]] | None) -> _Stretch:
    return _Stretch(re.compile(b"".join(groups), re.DOTALL), tuple(group == _TEXT for group in groups), read_last)


_TEXT = rb"([^\0]*+)\0"


# --- one kind each: read ------------------------------------------------------------------------------------------------


def _read_text(frame: bytes, at: int) -> tuple[str, int]:
    end = frame.index(0, at)
    return frame[at:end].decode("latin-1"), end + 1


def _read_message(frame: bytes, at: int) -> tuple[Value, int]:
    end = at + 1 + frame[at]
    if end > len(frame):
        raise Misread("sm_length goes past the body", Status.RINVMSGLEN)
    return frame[at + 1 : end], end


def _read_destinations(frame: bytes, at: int) -> tuple[Value, int]:
    rows: list[Row] = []
    count, at = frame[at], at + 1
    for _ in range(count):
        flag = frame[at]
        if flag == 1:  # an SME address; 2 is a distribution list (SMPP 3.4 section 5.2.25)
            address, end = _read_text(frame, at + 3)
            rows.append((flag, frame[at + 1], frame[at + 2], address))
        elif flag == 2:
            name, end = _read_text(frame, at + 1)
            rows.append((flag, name))
        else:
            raise Misread("an unknown dest_flag", Status.RINVDESTFLAG)
        at = end
    return tuple(rows), at


def _read_failures(frame: bytes, at: int) -> tuple[Value, int]:
    rows: list[Row] = []
    count, at = frame[at], at + 1
    for _ in range(count):
        address, end = _read_text(frame, at + 2)
        rows.append((frame[at], frame[at + 1], address, *_STATUS_CODE.unpack_from(frame, end)))
        at = end + 4
    return tuple(rows), at


_READ: dict[Kind, Callable[[bytes, int], tuple[Value, int]]] = {
    Kind.MESSAGE: _read_message,
    Kind.DESTINATIONS: _read_destinations,
    Kind.FAILURES: _read_failures,
}


# --- one kind each: write -----------------------------------------------------------------------------------------------


def _write_text(value: Value, field: Field) -> bytes:
    if value == "":
        return b"\0"
    if not isinstance(value, str):
        raise Misread(f"{field.name} is not text")
    try:
        octets = value.encode("latin-1")
    except UnicodeEncodeError as foreign:
        raise Misread(f"{field.name} is not latin-1") from foreign
    if len(octets) >= field.most or 0 in octets:
        raise Misread(f"{field.name} has a NUL or more than {field.most - 1} octets")
    return octets + b"\0"


def _write_message(value: Value, field: Field) -> bytes:
    if not isinstance(value, bytes) or len(value) > field.most:
        raise Misread(f"{field.name} is not up to {field.most} octets", Status.RINVMSGLEN)
    return bytes((len(value),)) + value


def _write_destinations(value: Value, field: Field) -> bytes:
    return _write_rows(value, field, _write_destination)


def _write_failures(value: Value, field: Field) -> bytes:
    return _write_rows(value, field, _write_failure)


def _write_rows(value: Value, field: Field, write: Callable[[Row], bytes]) -> bytes:
    if not isinstance(value, tuple) or len(value) > field.most:
        raise Misread(f"{field.name} is not up to {field.most} rows", Status.RINVNUMDESTS)
    try:
        return bytes((len(value),)) + b"".join([write(row) for row in value])
    except (error, TypeError, ValueError) as wrong:
        raise Misread(f"{field.name} has a row that cannot be written") from wrong


def _write_destination(row: Row) -> bytes:
    if row[:1] == (2,):
        _, name = row
        return b"\2" + _write_text(name, _ROW_TEXT)
    flag, ton, npi, address = row
    if flag != 1:
        raise Misread("an unknown dest_flag", Status.RINVDESTFLAG)
    return Struct("3B").pack(flag, ton, npi) + _write_text(address, _ROW_TEXT)


def _write_failure(row: Row) -> bytes:
    ton, npi, address, status = row
    return Struct("2B").pack(ton, npi) + _write_text(address, _ROW_TEXT) + _STATUS_CODE.pack(status)


_ROW_TEXT = Field("an address", Kind.CSTRING, 21)

_WRITE: dict[Kind, Callable[[Value, Field], bytes]] = {
    Kind.CSTRING: _write_text,
    Kind.MESSAGE: _write_message,
    Kind.DESTINATIONS: _write_destinations,
    Kind.FAILURES: _write_failures,
}
