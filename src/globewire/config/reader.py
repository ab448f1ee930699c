"""A reader of configuration that walks a table of fields and writes down every mistake; it knows no field of its own.

A `Section` is a table of `Field`s and the frozen dataclass that they fill; a `Kind` says what a value may be. Defaults
stand in the dataclasses alone. A broken value is noted and a stand-in read on with, so that one run finds everything;
the caller must throw the result away where mistakes were noted.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Generic, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something to mend: the file (or "environment"), the key as `carrier[2].port` (counted from 1), and a whole sentence."""

    file: str
    key: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}: {self.sentence}"


class ConfigFault(Exception):
    """The configuration cannot be used; `mistakes` has every reason, `warnings` what else is doubtful."""

    def __init__(self, mistakes: Iterable[Mistake], warnings: Iterable[Mistake] = ()) -> None:
        self.mistakes = tuple(mistakes)
        self.warnings = tuple(warnings)
        super().__init__("\n".join(map(str, self.mistakes)))


@dataclass(frozen=True, slots=True)
class Notes:
    """What one reading has to draw on, and what it has found."""

    environment: Mapping[str, str] = field(repr=False)
    read_file: Callable[[str], str]
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader stands. `label` is what sentences call it, `variable` its name in the environment ("" for none)."""

    notes: Notes
    file: str
    key: str = ""
    label: str = ""
    variable: str = ""

    def inside(self, key: str) -> "Place":
        """The place of `key` in this table."""
        path = f"{self.key}.{key}" if self.key else key
        return Place(self.notes, self.file, path, path, f"{self.variable}_{key.upper()}" if self.variable else "")

    def item(self, position: int) -> "Place":
        """The place of an item of this list, counted from 1."""
        return Place(self.notes, self.file, f"{self.key}[{position}]", f"{self.label}[{position}]")

    def from_environment(self) -> "Place":
        """This place, where its value comes from the environment."""
        return Place(self.notes, "environment", self.key, self.variable)

    def wrong(self, sentence: str) -> None:
        """Note a mistake here."""
        self.notes.broken.add(self.key)
        self.notes.mistakes.append(Mistake(self.file, self.key, f"{self.label}: {sentence}" if self.label else sentence))

    def doubtful(self, sentence: str) -> None:
        """Note something that can be used but is hardly meant."""
        self.notes.warnings.append(Mistake(self.file, self.key, f"{self.label}: {sentence}" if self.label else sentence))

    def sound(self, *keys: str) -> bool:
        """Whether nothing is noted against these keys of this table, so that they may be compared."""
        return not any(self.inside(key).key in self.notes.broken for key in keys)


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """What a value may be. `take` gives the value, or None once it has noted what is wrong; `blank` then stands in.

    `words` is for the documentation. `spell` turns a text of the environment into what TOML would have given; None where
    the value cannot come from there. `section` is the table inside, for kinds that have one.
    """

    words: str
    blank: T_co
    take: Callable[[object, Place], T_co | None]
    spell: Callable[[str], object] | None = str
    section: "Section[object] | None" = None
    several: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One key: its kind, a line of help with the unit, and where it differs: the dataclass's name for it, the default
    in words, the variable of the environment."""

    key: str
    kind: Kind[object]
    help: str
    attribute: str = ""
    default: str = ""
    variable: str = ""


def _nothing(made: object, place: Place) -> None:
    """No check beyond the fields."""


@dataclass(frozen=True, slots=True)
class Section(Generic[T_co]):
    """A table: the dataclass it fills, its fields, and a check of what lies between fields."""

    make: Callable[..., T_co]
    help: str
    fields: tuple[Field, ...]
    check: Callable[[T_co, Place], None] = _nothing


def default_of(section: Section[object], wanted: Field) -> object:
    """The value of a key that is not given; `dataclasses.MISSING` where it must be."""
    if not isinstance(section.make, type) or not dataclasses.is_dataclass(section.make):
        return dataclasses.MISSING
    for known in dataclasses.fields(section.make):
        if known.name == (wanted.attribute or wanted.key):
            return known.default if known.default_factory is dataclasses.MISSING else known.default_factory()
    return dataclasses.MISSING


# --- the walk ----------------------------------------------------------------------------------------------------------


def fill(section: Section[T], given: Mapping[str, object], place: Place) -> T:
    """The section's dataclass from a TOML table and the environment, with stand-ins for what is broken."""
    known = [name for one in section.fields for name in ([one.key, f"{one.key}_file"] if one.kind.secret else [one.key])]
    for key in given:
        if key not in known:
            _unknown(key, known, place)
    made = section.make(**{one.attribute or one.key: _value(section, one, given, place) for one in section.fields})
    section.check(made, place)
    return made


def _unknown(key: str, known: list[str], place: Place) -> None:
    at = place.inside(shown(key).strip("'"))
    advice = suggestion(key, known) or f"; known: {listed(known)}"
    sentence = f"unknown key {shown(key)}{f' in {place.label}' if place.label else ''}{advice}"
    place.notes.mistakes.append(Mistake(at.file, at.key, sentence))


def _value(section: Section[object], wanted: Field, given: Mapping[str, object], place: Place) -> object:
    at = place.inside(wanted.key)
    if wanted.variable:
        at = dataclasses.replace(at, variable=wanted.variable)
    text = place.notes.environment.get(at.variable, "") if at.variable and wanted.kind.spell else ""
    if text and wanted.kind.spell:
        return _taken(wanted.kind, wanted.kind.spell(text), at.from_environment())
    if wanted.kind.secret and f"{wanted.key}_file" in given:
        return _secret_of_file(wanted, given, place)
    if wanted.key in given:
        return _taken(wanted.kind, given[wanted.key], at)
    if wanted.kind.section and not wanted.kind.several and wanted.kind.spell is None and at.variable:
        return _taken(wanted.kind, {}, at)  # a section that is not written may still be in the environment
    default = default_of(section, wanted)
    if default is dataclasses.MISSING and wanted.default:
        return wanted.kind.blank  # whoever has the whole configuration fills it in
    if default is dataclasses.MISSING:
        at.wrong(f"is missing; give {wanted.kind.words}")
        return wanted.kind.blank
    return default


def _taken(kind: Kind[T], value: object, at: Place) -> T:
    taken = kind.take(value, at)
    return kind.blank if taken is None else taken


def _secret_of_file(wanted: Field, given: Mapping[str, object], place: Place) -> object:
    at = place.inside(f"{wanted.key}_file")
    path = given[at.key.rpartition(".")[2]]
    if wanted.key in given:
        at.wrong(f"stands beside {wanted.key}; keep one of the two")
    elif not isinstance(path, str) or not path:
        at.wrong(f"{shown(path)} is not a path; give the path of a file that holds the secret")
    else:
        return _taken(wanted.kind, f"file:{path}", at)
    return wanted.kind.blank


# --- words for sentences -----------------------------------------------------------------------------------------------

_SHOWN = 48


def shown(value: object) -> str:
    """A value as a sentence may quote it: short, and never a table's inside."""
    if isinstance(value, str):
        text = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
        return "'" + "".join(c if c.isprintable() else "?" for c in text) + "'"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else "so large a number"  # str() refuses some thousands of digits
    if isinstance(value, float):
        return str(value)
    if isinstance(value, list):
        return "a list"
    if isinstance(value, datetime | date | time):
        return "a date or time"
    return "a table"


def suggestion(word: object, known: Iterable[str]) -> str:
    """ "; did you mean ...?" where a known word is near, else nothing."""
    if not isinstance(word, str) or len(word) > _SHOWN:
        return ""
    near = get_close_matches(word.lower(), {one.lower(): one for one in known}, 1)
    return f"; did you mean '{next(one for one in known if one.lower() == near[0])}'?" if near else ""


def listed(words: Iterable[str]) -> str:
    """Words in a row for a sentence, each once; the first forty."""
    row = list(dict.fromkeys(words))
    return ", ".join(row[:40]) + (", ..." if len(row) > 40 else "")
