"""Looks through a trace (strace -f -y) of a gateway for the load's messages, and says of how many this holds, in this order:

the request was read; its text was written to the database's log; a flush of the log that began after that write returned
without an error; and then the first byte of its reply was written. flush.py TRACE MESSAGES; exit code 1 unless it is all.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_ENTERED = re.compile(r"(\d+) +(\w+)\((.*)")
_RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)")
_REQUEST = re.compile(r"POST /\S*TaskId=(\d{8})")
_KEPT = re.compile(r"#(\d{8}) Your code")
_READS = frozenset({"read", "readv", "recvfrom", "recvmsg"})
_WRITES = frozenset({"write", "writev", "sendto", "sendmsg"})


@dataclass(slots=True)
class Call:
    """A system call of a thread, from its entry to its return."""

    name: str
    words: str
    began: int

    @property
    def file(self) -> str:
        """What its first argument is: a descriptor and its path."""
        return self.words.partition(",")[0].partition(")")[0]


@dataclass(slots=True)
class Trace:
    """How far each message has come: its connection once read, the place of its last write, then whether that was flushed."""

    connection: dict[str, int] = field(default_factory=dict)
    written: dict[int, int] = field(default_factory=dict)
    flushed: set[int] = field(default_factory=set)
    replies: Counter[str] = field(default_factory=Counter)

    def begins(self, call: Call) -> None:
        """A reply counts from the moment that its write begins."""
        if call.name in _WRITES and "HTTP/1.1 200" in call.words and call.file in self.connection:
            message = self.connection.pop(call.file)
            if message not in self.written:
                self.replies["answered before its write"] += 1
            elif message not in self.flushed:
                self.replies["answered before its flush"] += 1
            else:
                self.replies["flushed, then answered"] += 1

    def returns(self, call: Call, place: int) -> None:
        """Reads, writes and flushes count from the moment that they have returned; a flush, for what was written before it."""
        if call.name in _READS:
            for number in _REQUEST.findall(call.words):
                self.connection[call.file] = int(number)
        elif "-wal>" in call.file and call.name == "pwrite64":
            for number in _KEPT.findall(call.words):
                self.written.setdefault(int(number), place)
        elif "-wal>" in call.file and call.words.rstrip().endswith("= 0"):
            self.flushed |= {message for message, written in self.written.items() if written < call.began}


def calls(lines: Iterator[str], trace: Trace) -> None:
    """Tell the trace of each call's beginning and return, in the order in which strace saw them."""
    open_calls: dict[str, Call] = {}
    for place, line in enumerate(lines):
        if entered := _ENTERED.match(line):
            thread, name, words = entered.groups()
            call = Call(name, words, place)
            trace.begins(call)
            if words.rstrip().endswith("<unfinished ...>"):
                open_calls[thread] = call
            else:
                trace.returns(call, place)
        elif (resumed := _RESUMED.match(line)) and (waiting := open_calls.pop(resumed[1], None)):
            waiting.words += resumed[3]
            trace.returns(waiting, place)


def main(path: Path, expected: int) -> int:
    """Print what was found; the exit code."""
    trace = Trace()
    with path.open(errors="replace") as lines:
        calls(iter(lines), trace)
    good = trace.replies.pop("flushed, then answered", 0)
    print(f"{good} of {expected} replies were written after their message's write to the log and a flush of it had returned")
    for what, count in trace.replies.items():
        print(f"{count}: {what}")
    return 0 if good == expected else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
