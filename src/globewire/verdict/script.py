"""What the simulated carrier does with a submit: its behaviour, the numbers that choose an outcome, and the decision.

Values in, a `Fate` out. Time and chance are arguments: the same seed and the same order of submits give the same fates.
Nothing here speaks SMPP; `send.simulator` acts on the fate.
"""

from collections.abc import Sequence
from dataclasses import field, replace
from enum import Enum, StrEnum
from typing import Protocol, TypeVar

from globewire.values import dataclass


class ReceiptForm(StrEnum):
    """How a receipt is written: the text of SMPP 3.4 appendix B, optional parameters alone with no text, or both."""

    TEXT = "text"
    TLV = "tlv"
    BOTH = "both"


class IdForm(StrEnum):
    """How a message's id is spelt in the response, and then in the receipt."""

    DECIMAL = "decimal"
    HEX = "hex"
    HEX_DECIMAL = "hex-decimal"  # response in hexadecimal, receipt in decimal


class Reply(Enum):
    """How a submit is answered."""

    ANSWER = "answer"
    SILENCE = "silence"
    DROP = "drop"  # the connection ends instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a simulated carrier behaves. Times are seconds; a pair is the least and the most, drawn evenly between.

    An empty `system_id` or `password` lets any in. `latency` is from a submit to its response, `receipt_delay` from there
    to the receipt, `late` that of a number ending 9007. `throughput` is in segments a second for each system_id and
    `window` in unanswered submits for each bind, both 0 for no limit. `errors` are shares (0 to 1) of submits answered with
    a status, `receipts` weights of receipt words. `magic` lets a number's last four digits choose its outcome.
    """

    seed: int = 0
    system_id: str = ""
    password: str = field(default="", repr=False)
    latency: tuple[float, float] = (0.0, 0.0)
    receipt_delay: tuple[float, float] = (0.05, 0.2)
    late: float = 30.0
    throughput: float = 0.0
    window: int = 0
    errors: tuple[tuple[float, int], ...] = ()
    receipts: tuple[tuple[float, str], ...] = ((1.0, "DELIVRD"),)
    receipt_form: ReceiptForm = ReceiptForm.TEXT
    id_form: IdForm = IdForm.DECIMAL
    magic: bool = True


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one submit. A `status` other than 0 refuses it, and then there is nothing after the response.

    `word` is the state it ends in, `delay` seconds after the response, and `receipts` how often that is told, if told at
    all. `early`: the receipt leaves at once, `latency` before the response. `error` is the receipt's `err`, None for the one
    that goes with the word.
    """

    reply: Reply = Reply.ANSWER
    status: int = 0
    latency: float = 0.0
    word: str = "DELIVRD"
    delay: float = 0.0
    receipts: int = 1
    early: bool = False
    error: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What somebody wants to become of a submit, as a `Fate` has it; `latency` and `delay` of None are left to the behaviour."""

    reply: Reply = Reply.ANSWER
    status: int = 0
    latency: float | None = None
    word: str = "DELIVRD"
    delay: float | None = None
    receipts: int = 1
    early: bool = False
    error: int | None = None


@dataclass(frozen=True, slots=True)
class Magic:
    """A number's ending and what it brings about. `first` says that only the first try of a text meets it."""

    does: str
    outcome: Outcome
    first: bool = False
    late: bool = False


class Dice(Protocol):
    """A source of chance: `random.Random(seed)`."""

    def random(self) -> float:
        """A number from 0 up to, but not, 1."""


def decide(
    behaviour: Behaviour, destination: str, again: bool, validity: float | None, dice: Dice, ordered: Outcome | None = None
) -> Fate:
    """The fate of a submit to `destination` (digits). `again`: this text to this number was tried before and not answered well.

    `validity` is in seconds, None for no end. What is `ordered` goes before the number's ending, and that before the behaviour.
    Four numbers are drawn from `dice` at every call, so that no outcome shifts the chances of the next.
    """
    latency, error, word, delay = dice.random(), dice.random(), dice.random(), dice.random()
    magic = MAGIC.get(destination[-4:]) if behaviour.magic else None
    if ordered is not None:
        told = ordered
    elif magic is not None:
        told = _TAKEN if magic.first and again else _outcome(magic, behaviour)
    else:
        told = Outcome(status=_share(behaviour.errors, error, 0), word=_weighted(behaviour.receipts, word))
    wait = 0.0 if told.early else _between(behaviour.receipt_delay, delay) if told.delay is None else told.delay
    expired = validity is not None and validity < wait
    return Fate(
        told.reply,
        told.status,
        (_between(behaviour.latency, latency) if told.latency is None else told.latency) + (AHEAD if told.early else 0.0),
        "EXPIRED" if expired else told.word,
        validity if validity is not None and expired else wait,
        told.receipts,
        told.early,
        None if expired else told.error,
    )


def _outcome(magic: Magic, behaviour: Behaviour) -> Outcome:
    return replace(magic.outcome, delay=behaviour.late) if magic.late else magic.outcome


def validity(period: str) -> float | None:
    """Seconds of a relative validity_period (YYMMDDhhmmss000R, SMPP 3.4 section 7.1.1.2); None for any other.

    A year is taken as 365 days and a month as 30. Absolute times are not honoured: nothing that is simulated lasts so long.
    """
    if len(period) != 16 or not period.endswith("R") or not (period[:12].isascii() and period[:12].isdigit()):
        return None
    return float(sum(int(period[at : at + 2]) * unit for at, unit in zip(range(0, 12, 2), _UNITS, strict=True)))


_UNHEARD, _DROPPED = Outcome(Reply.SILENCE, receipts=0), Outcome(Reply.DROP, receipts=0)
MAGIC: dict[str, Magic] = {
    "9001": Magic("taken, then a receipt UNDELIV", Outcome(word="UNDELIV")),
    "9002": Magic("taken, then a receipt EXPIRED", Outcome(word="EXPIRED")),
    "9003": Magic("taken, then a receipt REJECTD", Outcome(word="REJECTD")),
    "9004": Magic("refused at submit with ESME_RINVDSTADR", Outcome(status=0x0B)),
    "9005": Magic("the first try throttled with ESME_RTHROTTLED, the next delivered", Outcome(status=0x58), first=True),
    "9006": Magic("taken and delivered, but no receipt comes", Outcome(receipts=0)),
    "9007": Magic("taken, then a late receipt DELIVRD", Outcome(), late=True),
    "9008": Magic("the receipt DELIVRD arrives before the response", Outcome(early=True)),
    "9009": Magic("the first try never answered nor receipted, the next delivered", _UNHEARD, first=True),
    "9010": Magic("the first try answered by ending the connection, the next delivered", _DROPPED, first=True),
    "9011": Magic("taken, then the receipt DELIVRD twice", Outcome(receipts=2)),
    "9012": Magic("the first try refused with ESME_RSYSERR, the next delivered", Outcome(status=0x08), first=True),
}
"""The endings of destination numbers that choose an outcome; docs/simulator.md shows this table. All others: by behaviour."""

ERRORS: dict[str, int] = {"DELIVRD": 0, "UNDELIV": 1, "EXPIRED": 2, "REJECTD": 3, "DELETED": 4, "UNKNOWN": 5}
"""The `err` that goes with a receipt's word; 0 for all others."""

AHEAD = 0.1
"""Seconds by which an early receipt precedes its response, so that it does so also where it takes another connection."""

_TAKEN = Outcome()
_UNITS = (365 * 86_400, 30 * 86_400, 86_400, 3_600, 60, 1)
T = TypeVar("T")


def _between(pair: tuple[float, float], chance: float) -> float:
    return pair[0] + (pair[1] - pair[0]) * chance


def _share(rows: Sequence[tuple[float, T]], chance: float, otherwise: T) -> T:
    for share, value in rows:
        chance -= share
        if chance < 0:
            return value
    return otherwise


def _weighted(rows: Sequence[tuple[float, str]], chance: float) -> str:
    if len(rows) == 1:
        return rows[0][1]
    return _share(rows, chance * sum(weight for weight, _ in rows), "DELIVRD")
