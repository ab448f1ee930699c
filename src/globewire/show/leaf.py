"""A leaf of the list of accounts: as many as a page shows, of those whose id has what was searched for in it."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request

from globewire.hold.port import AccountEntry

SHOWN = 50
"""Accounts on a leaf."""
FEW = 100
"""Up to so many, what there is to be chosen from is listed; of more a field takes the name."""
_MOST = 9
"""Digits of a leaf's number."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """The accounts of one leaf, its number from 1 on, and how many accounts fit `wanted` on all of them."""

    path: str
    wanted: str
    number: int
    accounts: tuple[AccountEntry, ...]
    fitting: int

    @property
    def first(self) -> int:
        """The place of the first account that is shown, from 1 on."""
        return (self.number - 1) * SHOWN + 1

    @property
    def last(self) -> int:
        """The place of the last one; the place before the first where none is shown."""
        return self.first + len(self.accounts) - 1

    @property
    def before(self) -> str:
        """The address of the leaf before this one, "" for none."""
        return self._address(self.number - 1) if self.number > 1 else ""

    @property
    def after(self) -> str:
        """The address of the leaf after this one, "" for none."""
        return self._address(self.number + 1) if self.last < self.fitting else ""

    def _address(self, number: int) -> str:
        given = {"account": self.wanted, "leaf": number if number > 1 else 0}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{self.path}?{query}" if query else self.path


def leaf(request: Request, accounts: Iterable[AccountEntry], rank: Callable[[AccountEntry], int] = lambda entry: 0) -> Leaf:
    """The leaf that a request asks for, by `account` and `leaf`: who is searched for by the whole id comes first, the others by
    their rank and their ids. The last leaf where there are not so many."""
    wanted = request.query_params.get("account", "").strip()[:64]
    part = wanted.lower()
    found = [entry for entry in accounts if part in entry.id.lower()]
    found.sort(key=lambda entry: (entry.id != wanted, rank(entry), entry.id))
    number = min(_number(request.query_params.get("leaf", "")), max(1, -(-len(found) // SHOWN)))
    shown = tuple(found[(number - 1) * SHOWN : number * SHOWN])
    return Leaf(request.url.path, wanted, number, shown, len(found))


def few(names: Collection[str]) -> list[str] | None:
    """The names in order, where they are few enough to be chosen from; None where they are not."""
    return sorted(names) if len(names) <= FEW else None


def _number(given: str) -> int:
    return max(1, int(given)) if given.isascii() and given.isdigit() and len(given) <= _MOST else 1
