"""The one reader and the one writer of PDU bodies: rows of `wire.commands.BODIES`, compiled once into short steps.

A step is a run of one-octet integers followed by at most one field of another kind. Optional parameters are `wire.pdu`'s.
"""

from collections.abc import Callable, Mapping
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
    steps = _steps(body)
    names = [field.name for field in body]

    def read(frame: bytes, at: int) -> tuple[dict[str, Value], int]:
        values: list[Value] = []
        try:
            for ints, struct, kind, _, _ in steps:
                if ints:
                    values += struct.unpack_from(frame, at)
                    at += struct.size
                if kind is Kind.CSTRING:
                    end = frame.index(0, at)
                    values.append(frame[at:end].decode("latin-1"))
                    at = end + 1
                elif kind is not None:
                    value, at = _READ[kind](frame, at)
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
    steps = _steps(body)
    known = frozenset(field.name for field in body)

    def write(fields: Fields) -> bytes:
        if not known.issuperset(fields):
            raise Misread(f"no such field here: {', '.join(sorted(set(fields) - known))}")
        parts: list[bytes] = []
        for step in steps:
            if step.ints:
                try:
                    parts.append(step.struct.pack(*[fields.get(name, 0) for name in step.ints]))
                except error as wrong:
                    raise Misread(f"not an octet each: {', '.join(step.ints)}") from wrong
            if step.kind is not None:
                parts.append(_WRITE[step.kind](fields.get(step.name), step))
        return b"".join(parts)

    return write


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


class _Step(NamedTuple):
    """`ints` one-octet integers, then the field `name` of another `kind`, where there is one."""

    ints: tuple[str, ...]
    struct: Struct
    kind: Kind | None
    name: str
    most: int


def _steps(body: tuple[Field, ...]) -> tuple[_Step, ...]:
    steps: list[_Step] = []
    ints: list[str] = []
    for field in body:
        if field.kind is Kind.INT1:
            ints.append(field.name)
        else:
            steps.append(_Step(tuple(ints), Struct(f"{len(ints)}B"), field.kind, field.name, field.most))
            ints = []
    if ints:
        steps.append(_Step(tuple(ints), Struct(f"{len(ints)}B"), None, "", 0))
    return tuple(steps)


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


def _write_text(value: Value | None, step: _Step) -> bytes:
    if not value and not isinstance(value, (int, bytes, tuple)):
        return b"\0"
    if not isinstance(value, str):
        raise Misread(f"{step.name} is not text")
    try:
        octets = value.encode("latin-1")
    except UnicodeEncodeError as foreign:
        raise Misread(f"{step.name} is not latin-1") from foreign
    if len(octets) >= step.most or 0 in octets:
        raise Misread(f"{step.name} has a NUL or more than {step.most - 1} octets")
    return octets + b"\0"


def _write_message(value: Value | None, step: _Step) -> bytes:
    if value is None:
        return b"\0"
    if not isinstance(value, bytes) or len(value) > step.most:
        raise Misread(f"{step.name} is not up to {step.most} octets", Status.RINVMSGLEN)
    return bytes((len(value),)) + value


def _write_destinations(value: Value | None, step: _Step) -> bytes:
    return _write_rows(value, step, _write_destination)


def _write_failures(value: Value | None, step: _Step) -> bytes:
    return _write_rows(value, step, _write_failure)


def _write_rows(value: Value | None, step: _Step, write: Callable[[Row, _Step], bytes]) -> bytes:
    rows = () if value is None else value
    if not isinstance(rows, tuple) or len(rows) > step.most:
        raise Misread(f"{step.name} is not up to {step.most} rows", Status.RINVNUMDESTS)
    try:
        return bytes((len(rows),)) + b"".join([write(row, step) for row in rows])
    except (error, TypeError, ValueError) as wrong:
        raise Misread(f"{step.name} has a row that cannot be written") from wrong


def _write_destination(row: Row, step: _Step) -> bytes:
    if row[:1] == (2,):
        _, name = row
        return b"\2" + _write_text(name, step._replace(most=21))
    flag, ton, npi, address = row
    if flag != 1:
        raise Misread("an unknown dest_flag", Status.RINVDESTFLAG)
    return Struct("3B").pack(flag, ton, npi) + _write_text(address, step._replace(most=21))


def _write_failure(row: Row, step: _Step) -> bytes:
    ton, npi, address, status = row
    return Struct("2B").pack(ton, npi) + _write_text(address, step._replace(most=21)) + _STATUS_CODE.pack(status)


_WRITE: dict[Kind, Callable[[Value | None, _Step], bytes]] = {
    Kind.CSTRING: _write_text,
    Kind.MESSAGE: _write_message,
    Kind.DESTINATIONS: _write_destinations,
    Kind.FAILURES: _write_failures,
}
