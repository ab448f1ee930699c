"""How a page of messages is found within a bounded time, whatever is asked and however many are held: alike on every engine.

Where few messages can fit (a number, a TaskId, what is under way) an index names them all. Else ids are gone through from the
newest on, a stretch of so many rows at a time, until the page is full or the time is up; the answer says how far it came.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from time import monotonic

from globewire.hold.port import Found, Question, Standing
from globewire.message import FINAL, MessageId, State
from globewire.values import dataclass

PATIENCE = 0.08
"""Seconds for going through stretches: none is begun that would end later, if it took as long as the one before."""
SHORTEST, LONGEST = 1_000, 8_000
"""Rows of the first stretch, and of the longest; each is four times the one before."""
FEW = 10_000
"""Messages that an index may name. Where it has more, going through from the newest on soon meets some."""
TAIL = 6
"""Last digits of a number by which it is indexed: of a million numbers few share them."""
NEWEST = 2**63 - 1
IDS = 100_000
"""Ids in a millisecond."""


class Key(StrEnum):
    """What an index may name messages by: a number's last digits, a TaskId, that they are under way."""

    NUMBER = "number"
    TASK = "task"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Messages from id `since` to before `before`; with `ids` only these, with `amiss` only those that ended otherwise than
    delivered."""

    since: int
    before: int
    ids: Sequence[int] | None = None
    amiss: bool = False


@dataclass(frozen=True, slots=True)
class Looking:
    """What an engine does for it. Each call is short, so that others who read take turns with it.

    `keyed(key, value, stretch, limit)`: ids of the messages of this key, in any order, at most `limit`. `floor(stretch, rows)`:
    the id that has `rows` - 1 newer ones in the stretch; None where the stretch has not so many. `rows(question, stretch, limit)`:
    messages of the stretch that fit the question, newest first."""

    keyed: Callable[[Key, str, Stretch, int], Awaitable[Sequence[int]]]
    floor: Callable[[Stretch, int], Awaitable[int | None]]
    rows: Callable[[Question, Stretch, int], Awaitable[Sequence[Standing]]]


async def find(looking: Looking, question: Question) -> Found:
    """A page of messages that fit, newest first."""
    since, before = question.since * IDS, min(question.before or NEWEST, question.until * IDS or NEWEST)
    stretch = Stretch(since, before, amiss=_amiss(question))
    if key := _key(question):
        ids = await looking.keyed(*key, stretch, FEW + 1)
        if len(ids) <= FEW:
            stretch = replace(stretch, ids=ids)
    bounded = stretch.ids is None and bool(wanted(question))
    found: list[Standing] = []
    rows, until = SHORTEST, monotonic() + PATIENCE
    while True:
        began = monotonic()
        floor = await looking.floor(stretch, rows) if bounded else None
        found += await _all(looking, question, replace(stretch, since=floor or since), question.limit + 1 - len(found))
        if len(found) > question.limit:
            return Found(tuple(found[: question.limit]), found[question.limit - 1].message.id)
        if floor is None or 2 * monotonic() - began > until:
            return Found(tuple(found), MessageId(floor) if floor is not None else None)
        stretch, rows = replace(stretch, before=floor), min(rows * 4, LONGEST)


async def search(looking: Looking, question: Question) -> list[Standing]:
    """All messages that fit, up to the question's limit."""
    found: list[Standing] = []
    while True:
        page = await find(looking, replace(question, limit=question.limit - len(found)))
        found += page.standings
        if page.looked_to is None or len(found) >= question.limit:
            return found
        question = replace(question, before=page.looked_to)


async def _all(looking: Looking, question: Question, stretch: Stretch, limit: int) -> list[Standing]:
    """Messages of the stretch that fit. A store may take a text for fitting that does not (it keeps it in a form of its own)."""
    found: list[Standing] = []
    while True:
        asked = limit - len(found)
        rows = await looking.rows(question, stretch, asked)
        found += [one for one in rows if contains(one.message.text, question.text)]
        if len(rows) < asked or len(found) == limit:
            return found
        stretch = replace(stretch, before=rows[-1].message.id)


_AMISS = FINAL - {State.DELIVERED}


def _amiss(question: Question) -> bool:
    """Whether only messages can fit that ended otherwise than delivered."""
    if question.states:
        return _AMISS.issuperset(question.states)
    return question.error_code not in ("", "DELIVERED")


def _key(question: Question) -> tuple[Key, str] | None:
    """The index that names what can fit, and what to look for in it."""
    if digits := question.to or question.to_ends:
        return (Key.NUMBER, digits[-TAIL:]) if question.to or len(digits) >= TAIL else None
    if question.task_id:
        return Key.TASK, question.task_id
    return (Key.OPEN, "") if question.states and FINAL.isdisjoint(question.states) else None


def wanted(question: Question) -> dict[str, tuple[str, ...]]:
    """What a question asks of each message: the name of a condition, and the values of which one must fulfil it."""
    asked = {
        "account": (question.account,),
        "to": (question.to,),
        "to_ends": (question.to_ends,),
        "task_id": (question.task_id,),
        "state": question.states,
        "error_code": (question.error_code,),
        "carrier": (question.carrier,),
        "country": (question.country,),
        "text": spellings(question.text),
    }
    return {name: values for name, values in asked.items() if values and values[0]}


def asked_of(question: Question, dialect: Mapping[str, str], mark: str, first: int) -> tuple[list[str], list[str]]:
    """The conditions in SQL, and their values. A dialect has each condition's text with {0} for its value; parameters are
    written as `mark` and a number, from `first` on."""
    conditions, values = [], list[str]()
    for name, ones in wanted(question).items():
        places = range(first + len(values), first + len(values) + len(ones))
        conditions.append(f"({' OR '.join(dialect[name].format(f'{mark}{place}') for place in places)})")
        values += ones
    return conditions, values


def spellings(text: str) -> tuple[str, ...]:
    """The spellings of which one is in a text that contains `text`, as they stand in it once its ASCII letters are small."""
    return tuple(dict.fromkeys(_small(form) for form in (text, text.lower(), text.upper(), text.capitalize(), text.title())))


def contains(text: str, part: str) -> bool:
    """Whether a text contains `part`, as a Question's `text` has it."""
    return not part or any(spelling in _small(text) for spelling in spellings(part))


def _small(text: str) -> str:
    return text.encode().lower().decode()  # of octets, only ASCII's letters are letters
