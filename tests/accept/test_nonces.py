"""Used nonces in memory: refused at once, for as long as their requests could be fresh, few or many."""

import pytest

from globewire.accept.nonces import SPAN, Nonces
from globewire.errors import NONCE_USED, Refused
from globewire.message import Millis
from laws.making import NOW

MANY = 50_000


def used(nonces: Nonces, mark: int, until: int) -> bool:
    try:
        nonces.use(mark, Millis(until))
    except Refused as refused:
        assert refused.row is NONCE_USED
        return True
    return False


def test_a_nonce_is_used_once_among_many() -> None:
    """Whenever its request was signed, and those that were kept before a start too."""
    nonces = Nonces({2**63 - 1: Millis(NOW)}, lambda: NOW)
    marks = [n * 7_919 * 8_192 % 2**63 for n in range(MANY)]
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
