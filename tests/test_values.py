"""Values are frozen to the type checker, and otherwise what `dataclasses` makes of them."""

import copy
import dataclasses
import subprocess
import sys

import pytest

from globewire.message import NumberDetail, Receipt
from globewire.values import dataclass

CHANGES = """
from globewire.message import NumberDetail
from globewire.hold.port import Nonce

def change(detail: NumberDetail, nonce: Nonce) -> None:
    detail.region = "Rome"
    nonce.mark += 1
"""


def test_mypy_refuses_a_change() -> None:
    mypy = subprocess.run([sys.executable, "-m", "mypy", "--strict", "-c", CHANGES], capture_output=True, text=True, check=False)
    assert 'Property "region" defined in "NumberDetail" is read-only' in mypy.stdout
    assert 'Property "mark" defined in "Nonce" is read-only' in mypy.stdout
    assert "Found 2 errors" in mypy.stdout


@dataclasses.dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Theirs:
    """As `dataclasses` makes it."""

    id: str = dataclasses.field(repr=False)
    names: tuple[str, ...] = ()
    seen: list[int] = dataclasses.field(default_factory=list, compare=False)


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Ours:
    """The same."""

    id: str = dataclasses.field(repr=False)
    names: tuple[str, ...] = ()
    seen: list[int] = dataclasses.field(default_factory=list, compare=False)


def test_all_else_is_as_dataclasses_has_it() -> None:
    theirs, ours = Theirs(id="1", names=("a",), seen=[3]), Ours(id="1", names=("a",), seen=[3])
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert hash(ours) == hash(theirs)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert [field.name for field in dataclasses.fields(ours)] == [field.name for field in dataclasses.fields(theirs)]
    assert {ours, Ours(id="1", names=("a",)), dataclasses.replace(ours, seen=[])} == {ours}
    assert ours < dataclasses.replace(ours, id="2")
    assert Ours.__slots__ == Theirs.__slots__


def test_values_are_copied_and_hashed() -> None:
    receipt = Receipt(("1",), "4915112345678", "DELIVRD", "000")
    assert copy.copy(receipt) == copy.deepcopy(receipt) == receipt
    assert hash(NumberDetail("Italy")) == hash(("Italy", "", ""))


def test_what_is_not_frozen_has_no_hash() -> None:
    @dataclass(slots=True)
    class Counted:
        count: int = 0

    @dataclass(frozen=True, slots=True, eq=False)
    class Thing:
        name: str

    with pytest.raises(TypeError):
        hash(Counted())
    assert len({Thing("a"), Thing("a")}) == 2
