"""SMPP 3.4 protocol data units: octets to `Pdu` and back, and the splitting of a stream into frames.

It knows how a PDU is written, and nothing of sessions: `wire.smpp` does. Statuses, commands and tags that the tables do
not know pass through as plain integers.
"""

from collections.abc import Mapping
from dataclasses import field
from struct import Struct, error

from globewire.values import dataclass
from globewire.wire.commands import BODIES, RESP, TAG_KINDS, Command, Kind, Status, Tag
from globewire.wire.fields import Fields, Misread, Row, Value, blank, reader, writer

__all__ = ["RESP", "Command", "Fields", "Frames", "Pdu", "PduFault", "Row", "Status", "Tag", "Value", "decode", "encode", "tlv"]

LARGEST = 65_536
"""Octets in the largest PDU that is read, unless the caller says otherwise."""

_HEADER = Struct(">IIII")
_LENGTH = Struct(">I")
_TLV = Struct(">HH")
_READERS = {command: reader(body) for command, body in BODIES.items()}
_WRITERS = {command: writer(body) for command, body in BODIES.items()}
_BLANKS = {command: {row.name: blank(row.kind) for row in body} for command, body in BODIES.items()}
_BLANK_BODIES = {command: write({}) for command, write in _WRITERS.items()}


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU. `fields` are the mandatory ones by name (for an unknown command `{"body": octets}`), C-octet strings as
    latin-1 text; `tlvs` the optional parameters by tag, the last of repeated ones."""

    command: int
    status: int
    sequence: int
    fields: Fields = field(default_factory=dict)
    tlvs: Mapping[int, bytes] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """An integer field, 0 where absent."""
        value = self.fields.get(name)
        return value if isinstance(value, int) else 0

    def text(self, name: str) -> str:
        """A C-octet string field, "" where absent."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def octets(self, name: str) -> bytes:
        """An octet field, b"" where absent."""
        value = self.fields.get(name)
        return value if isinstance(value, bytes) else b""

    def tlv_number(self, tag: int) -> int | None:
        """An optional parameter of 1 to 8 octets as an integer, None where absent or of no such length."""
        value = self.tlvs.get(tag)
        return int.from_bytes(value, "big") if value and len(value) <= 8 else None

    def tlv_text(self, tag: int) -> str | None:
        """An optional parameter as latin-1 text up to its NUL, which may be missing; None where absent."""
        value = self.tlvs.get(tag)
        return None if value is None else value.partition(b"\0")[0].decode("latin-1")


class PduFault(Exception):
    """Octets that are no PDU, or a PDU that cannot be written.

    `status` is what to answer with; `command` and `sequence` are 0 where they could not be read; `fields` are those
    that were read before the fault.
    """

    def __init__(self, sentence: str, status: int, command: int = 0, sequence: int = 0, fields: Fields | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.command = command
        self.sequence = sequence
        self.fields: Fields = {} if fields is None else fields


def decode(frame: bytes) -> Pdu:
    """The PDU that `frame` is, header included. It raises PduFault and nothing else.

    A response without a body is read as blank fields, whatever its status: peers leave it away with errors
    (SMPP 3.4 section 4.4.2), and some always.
    """
    if len(frame) < 16:
        raise PduFault("shorter than a header", Status.RINVCMDLEN)
    length, command, status, sequence = _HEADER.unpack_from(frame)
    if length != len(frame):
        raise PduFault("command_length is not the frame's", Status.RINVCMDLEN, command, sequence)
    read = _READERS.get(command)
    if read is None:
        return Pdu(command, status, sequence, {"body": frame[16:]}, {})
    if length == 16 and command & RESP:
        return Pdu(command, status, sequence, dict(_BLANKS[command]), {})
    try:
        fields, at = read(frame, 16)
    except Misread as fault:
        raise PduFault(str(fault), fault.status, command, sequence) from None
    if at >= length:
        return Pdu(command, status, sequence, fields, {})
    return Pdu(command, status, sequence, fields, _read_tlvs(frame, at, command, sequence, fields))


def encode(pdu: Pdu) -> bytes:
    """The octets of `pdu`, header included; absent fields as 0 or "". It raises PduFault for what cannot be written.

    A response with an error and nothing to say is a header alone (SMPP 3.4 section 4.4.2).
    """
    command, status, sequence, fields, tlvs = pdu.command, pdu.status, pdu.sequence, pdu.fields, pdu.tlvs
    write = _WRITERS.get(command)
    try:
        if write is None:
            body = pdu.octets("body")
        elif fields:
            body = write(fields)
        else:
            body = b"" if status and command & RESP else _BLANK_BODIES[command]
        if tlvs:
            body += b"".join([_TLV.pack(tag, len(value)) + value for tag, value in tlvs.items()])
        return _HEADER.pack(16 + len(body), command, status, sequence) + body
    except Misread as fault:
        raise PduFault(str(fault), fault.status, command, sequence) from None
    except (error, TypeError) as fault:
        raise PduFault("a number is out of its range", Status.RINVPARLEN) from fault


def tlv(tag: int, value: int | str | bytes) -> bytes:
    """`value` as the octets of optional parameter `tag`, by the kind the table gives it. It raises PduFault."""
    kind = TAG_KINDS.get(tag, Kind.OCTETS)
    try:
        if isinstance(value, bytes):
            return value
        if isinstance(value, str):
            return value.encode("latin-1") + (b"\0" if kind is Kind.CSTRING else b"")
        return value.to_bytes(kind.value if isinstance(kind.value, int) else 1, "big")
    except (OverflowError, UnicodeEncodeError) as fault:
        raise PduFault(f"optional parameter {tag:#06x} does not fit", Status.RINVOPTPARAMVAL) from fault


class Frames:
    """Splits a stream into frames. `fault` is what broke the stream, if anything did: nothing after it can be read."""

    def __init__(self, largest: int = LARGEST) -> None:
        self.fault: PduFault | None = None
        self._largest = largest
        self._rest = bytearray()
        self._need = 4

    def feed(self, data: bytes) -> list[bytes]:
        """The whole frames that `data` completes. For an impossible command_length it raises PduFault: at once where
        no frame comes before it, at the next call otherwise."""
        if self.fault is not None:
            raise self.fault
        if self._rest:
            self._rest += data
            if len(self._rest) < self._need:
                return []
            data = bytes(self._rest)
            self._rest.clear()
        frames, at = self._split(data)
        if self.fault is None:
            self._rest += data[at:]
        elif not frames:
            raise self.fault
        return frames

    def _split(self, data: bytes) -> tuple[list[bytes], int]:
        frames: list[bytes] = []
        at, end = 0, len(data)
        self._need = 4
        while end - at >= 4:
            (length,) = _LENGTH.unpack_from(data, at)
            if not 16 <= length <= self._largest:
                self.fault = _bad_length(data[at : at + 16])
                break
            if end - at < length:
                self._need = length
                break
            frames.append(data[at : at + length])
            at += length
        return frames, at


def _bad_length(header: bytes) -> PduFault:
    _, command, _, sequence = _HEADER.unpack(header.ljust(16, b"\0"))
    return PduFault("an impossible command_length", Status.RINVCMDLEN, command, sequence)


def _read_tlvs(frame: bytes, at: int, command: int, sequence: int, fields: Fields) -> dict[int, bytes]:
    tlvs: dict[int, bytes] = {}
    end = len(frame)
    while at < end:
        value_at = at + 4
        if value_at <= end:
            tag, length = _TLV.unpack_from(frame, at)
            at = value_at + length
            tlvs[tag] = frame[value_at:at]
        if value_at > end or at > end:
            raise PduFault("an optional parameter is cut off", Status.RINVOPTPARSTREAM, command, sequence, fields)
    return tlvs
