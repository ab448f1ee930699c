"""The plain kinds of value: text, numbers, words, lists, secrets, tables. `kinds` has those that know what an SMS gateway is."""

from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from math import isfinite
from typing import TypeVar

from globewire.config.reader import Kind, Place, Section, fill, listed, shown, suggestion

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


def text(
    words: str = "text in quotes", most: int = 255, read: Callable[[str, Place], T] | None = None, empty: bool = False
) -> Kind[str | T]:
    """Printable text of at most `most` characters; `read` may refuse it or make another value of it."""

    def take(value: object, place: Place) -> str | T | None:
        if not isinstance(value, str) or not value.isprintable() or len(value) > most or not (value or empty):
            place.wrong(f"{shown(value) if value != '' else 'empty text'} is not {words}; {_give_text(value, words, most)}")
            return None
        return value if read is None or not value else read(value, place)

    return Kind(words, "", take)


def _give_text(value: object, words: str, most: int) -> str:
    if isinstance(value, str) and len(value) > most:
        return f"it has more than {most} characters"
    if isinstance(value, str) and not value.isprintable():
        return "it has characters that cannot be printed"
    return f"give {words}" + (", in quotes" if not isinstance(value, str) and "quotes" not in words else "")


def whole(least: int, most: int, words: str = "a whole number") -> Kind[int]:
    """A whole number from `least` to `most`."""

    def take(value: object, place: Place) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        place.wrong(f"{shown(value)} is not {words}; give a number from {least} to {most}")
        return None

    return Kind(f"{words}, {least} to {most}", 0, take, _spell_whole)


def number(least: float, most: float, words: str = "a number") -> Kind[float]:
    """A finite number from `least` to `most`."""

    def take(value: object, place: Place) -> float | None:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if plain and isinstance(value, int | float) and least <= value <= most and isfinite(value):
            return float(value)
        place.wrong(f"{shown(value)} is not {words}; give a number from {least:.12g} to {most:.12g}")
        return None

    return Kind(f"{words}, {least:.12g} to {most:.12g}", 0.0, take, _spell_number)


def flag() -> Kind[bool]:
    """true or false."""

    def take(value: object, place: Place) -> bool | None:
        if isinstance(value, bool):
            return value
        place.wrong(f"{shown(value)} is neither true nor false; give true or false, without quotes")
        return None

    return Kind("true or false", False, take, _spell_flag)


def choice(words: type[E]) -> Kind[E]:
    """One of an enum's words."""
    names = [one.value for one in words]

    def take(value: object, place: Place) -> E | None:
        if isinstance(value, str) and value in names:
            return words(value)
        place.wrong(f"{shown(value)} is not known here; give one of {listed(names)}{suggestion(value, names)}")
        return None

    return Kind("one of " + ", ".join(names), next(iter(words)), take)


def many(item: Kind[T], words: str, empty: bool = False, twice: bool = False) -> Kind[tuple[T, ...]]:
    """A list of `item`; an empty one is a mistake unless `empty`, and so is one that has something twice unless `twice`."""

    def take(value: object, place: Place) -> tuple[T, ...] | None:
        if not isinstance(value, list):
            place.wrong(f"{shown(value)} is not a list; put it in square brackets: [...]")
            return None
        if not value and not empty:
            place.wrong("is an empty list; give at least one, or leave the key out")
            return None
        before = len(place.notes.mistakes)
        taken = [one for at, raw in enumerate(value, 1) if (one := item.take(raw, place.item(at))) is not None]
        if len(place.notes.mistakes) > before:
            place.notes.broken.add(place.key)
        elif not twice and len(set(taken)) < len(taken):
            place.wrong(f"has {shown(str(_repeated(taken)))} twice; keep one")
        return tuple(taken)

    spell = item.spell
    return Kind(words, (), take, None if spell is None else lambda given: [spell(part.strip()) for part in given.split(",")])


def _repeated(row: list[T]) -> T:
    return Counter(row).most_common(1)[0][0]


def any_of(item: Kind[T], words: str) -> Kind[frozenset[T]]:
    """A list of `item` whose order does not matter."""
    row = many(item, words)

    def take(value: object, place: Place) -> frozenset[T] | None:
        taken = row.take(value, place)
        return None if taken is None else frozenset(taken)

    return Kind(words, frozenset(), take, row.spell)


def secret(most: int = 4096) -> Kind[str]:
    """A secret of ISO 8859-1, at most `most` characters: as it is, "env:NAME" or "file:PATH". No sentence ever shows it."""

    def take(value: object, place: Place) -> str | None:
        found = _found(value, place)
        if found is None:
            return None
        if not found:
            place.wrong('the secret is empty; give it, or name where it is: "env:NAME", "file:PATH"')
        elif len(found) > most:
            place.wrong(f"the secret has {len(found)} characters; at most {most} can be used here")
        elif not found.isprintable() or not all(c <= "\xff" for c in found):
            place.wrong("the secret has characters that cannot be used; give one line of ISO 8859-1")
        else:
            return found
        return None

    return Kind('a secret: text, "env:NAME" or "file:PATH"', "", take, secret=True)


def _found(value: object, place: Place) -> str | None:
    if not isinstance(value, str):
        place.wrong('this is not text; give the secret in quotes, or "env:NAME" or "file:PATH"')
        return None
    source, _, name = value.partition(":")
    if source == "env":
        if name not in place.notes.environment:
            place.wrong(f"the environment has no variable {shown(name)}; set it, or give the secret another way")
        return place.notes.environment.get(name)
    return contents(name, place) if source == "file" else value


def contents(path: str, place: Place) -> str | None:
    """A file's text without the line's end; None once it is noted that it cannot be read."""
    try:
        return place.notes.read_file(path).rstrip("\r\n")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is not text"
        place.wrong(f"the file {shown(path)} cannot be read ({why}); give the path of a file that can")
        return None


def table(section: Section[T], words: str, blank: T) -> Kind[T]:
    """A table that is filled by `section`; `words` shows how it is written."""

    def take(value: object, place: Place) -> T | None:
        if isinstance(value, Mapping):
            return fill(section, value, place)
        place.wrong(f"{shown(value)} is not a table; write {words}")
        return None

    return Kind(words, blank, take, None, section)


def tables(section: Section[T], key: str) -> Kind[tuple[T, ...]]:
    """Any number of tables, each begun by `[[key]]`."""

    def take(value: object, place: Place) -> tuple[T, ...] | None:
        if not isinstance(value, list):
            place.wrong(f"{shown(value)} stands where there may be several; begin each with [[{key}]], in double brackets")
            return None
        taken = []
        for at, raw in enumerate(value, 1):
            if isinstance(raw, Mapping):
                taken.append(fill(section, raw, place.item(at)))
            else:
                place.item(at).wrong(f"{shown(raw)} is not a table; begin each with [[{key}]]")
        return tuple(taken)

    return Kind(f"tables, each begun by [[{key}]]", (), take, None, section, several=True)


# --- the environment's spelling ----------------------------------------------------------------------------------------


def _spell_whole(given: str) -> object:
    try:
        return int(given)
    except ValueError:
        return given


def _spell_number(given: str) -> object:
    try:
        return float(given)
    except ValueError:
        return given


def _spell_flag(given: str) -> object:
    return {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}.get(
        given.lower(), given
    )
