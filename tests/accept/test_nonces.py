"""Used nonces in memory: refused at once, for as long as their requests could be fresh, few or many."""

import pytest

from globewire.accept.nonces import OCTETS, ROWS, SPAN, Nonces
from globewire.errors import NONCE_USED, Refused
from globewire.message import Millis
from laws.making import NOW

MANY = [n * 0x9E3779B97F4A7C15 % 2**63 for n in range(50_000)]
"""Spread over all rows, as the hashes are of which marks are made."""
TOGETHER = [n * 7_919 for n in range(2_000)]
"""All in one row."""
APART = [n * 2**63 // ROWS for n in range(ROWS)]
"""One in each row, all with the same octets."""


def used(nonces: Nonces, mark: int, until: int) -> bool:
    try:
        nonces.use(mark, Millis(until))
    except Refused as refused:
        assert refused.row is NONCE_USED
        return True
    return False


def test_marks_are_told_from_what_lies_across_two() -> None:
    """The octets of a mark may be found where one ends and the next begins."""
    nonces = Nonces({}, lambda: NOW)
    one, two, across = (int.from_bytes(bytes.fromhex(mark)) for mark in ("010203040506", "070809101112", "040506070809"))
    assert max(one, two, across) < 2 ** (8 * OCTETS)
    assert [used(nonces, mark, NOW) for mark in (one, two, across)] == [False] * 3
    assert [used(nonces, mark, NOW) for mark in (one, two, across)] == [True] * 3


@pytest.mark.parametrize("marks", [MANY, TOGETHER, APART], ids=["spread", "together", "apart"])
def test_a_nonce_is_used_once_among_many(marks: list[int]) -> None:
    """Whenever its request was signed, and those that were kept before a start too."""
    nonces = Nonces({2**63 - 1: Millis(NOW)}, lambda: NOW)
    assert not any(used(nonces, mark, NOW + n * 10) for n, mark in enumerate(marks))
    assert all(used(nonces, mark, NOW) for mark in marks[::97])
    assert used(nonces, 2**63 - 1, NOW + SPAN)


@pytest.mark.parametrize(("later", "known"), [(SPAN // 2, True), (3 * SPAN, False)])
def test_a_nonce_is_forgotten_when_its_request_is_stale(later: int, known: bool) -> None:
    clock = [NOW]
    nonces = Nonces({}, lambda: Millis(clock[0]))
    assert not used(nonces, 7, NOW)
    clock[0] = Millis(NOW + later)
    assert not used(nonces, 8, NOW + later + SPAN)
    assert used(nonces, 7, NOW + later) is known
