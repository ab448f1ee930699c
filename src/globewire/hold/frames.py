"""What a crash left of a SQLite file's write-ahead log: whether commits were in it that SQLite does not find there any more.

SQLite takes from the log what fits its checksums, up to the first frame that does not, and drops the rest: after a crash that is
what a commit left that was not flushed yet. But where a disk has altered a frame, the rest are commits that were flushed, and
answered. They are told in two ways. The index that the crashed process left counts the frames of flushed commits only. And a
whole commit with a frame of the next one behind it was flushed, since the next is not begun before.

Reads octets, and opens nothing. The formats: sqlite.org/fileformat2.html, 4; sqlite.org/walformat.html, 2.1.
"""

import struct
from mmap import mmap

from globewire.values import dataclass

INDEX = 96
"""Octets of an index that `read_index` wants: its header, twice."""
_WHOLE = 2**32 - 1
_HEADER, _FRAME = 32, 24
"""Octets of the log's header, and of that of a frame."""


@dataclass(frozen=True, slots=True)
class Index:
    """Which log an index is of, by its salts, and how many of its frames are flushed commits."""

    salts: bytes
    frames: int


def read_index(octets: bytes) -> Index | None:
    """The index from the beginning of its file; None where it is none, or was being written."""
    header = octets[: INDEX // 2]
    if len(octets) < INDEX or header != octets[INDEX // 2 : INDEX] or not header[12]:
        return None
    if struct.pack("=2I", *_sum("=", header[:40], (0, 0))) != header[40:]:
        return None
    return Index(header[32:40], struct.unpack_from("=I", header, 16)[0])


def cut_short(log: bytes | mmap, left: Index | None, found: Index) -> bool:
    """Whether commits were in a log of which SQLite found those that `found` has. `left` is what the index said before."""
    if len(log) < _HEADER + _FRAME:
        return False
    order = ">" if log[3] & 1 else "<"
    whole = struct.pack(">2I", *_sum(order, log[:24], (0, 0))) == log[24:_HEADER]
    salts = log[16:24] if whole else log[_HEADER + 8 : _HEADER + 16]
    if left is not None and left.salts == salts and left.frames > found.frames:
        return True
    size: int = _FRAME + struct.unpack_from(">I", log, 8)[0]

    def place(frame: int) -> int:
        return _HEADER + (frame - 1) * size

    def fits(frame: int) -> bool:
        """Whether a frame is this log's, and fits what the one before it says, which itself may be anything."""
        at = place(frame)
        if at + size > len(log) or log[at + 8 : at + 16] != salts:
            return False
        before = struct.unpack_from(">2I", log, at - size + 16 if frame > 1 else 24)
        return struct.pack(">2I", *_sum(order, log[at : at + 8] + log[at + _FRAME : at + size], before)) == log[at + 16 : at + 24]

    behind = range(found.frames + 1, len(log) // size)
    return any(log[place(n) + 4 : place(n) + 8] != bytes(4) and fits(n) and fits(n + 1) for n in behind)


def _sum(order: str, octets: bytes, seed: tuple[int, int]) -> tuple[int, int]:
    """SQLite's checksum of a log, continued from `seed`."""
    one, other = seed
    for low, high in struct.iter_unpack(f"{order}2I", octets):
        one = one + low + other & _WHOLE
        other = other + high + one & _WHOLE
    return one, other
