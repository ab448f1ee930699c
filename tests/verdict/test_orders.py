"""Whose turn it is among what was ordered for the next messages."""

import pytest

from globewire.verdict import orders
from globewire.verdict.orders import Full, Order, Orders
from globewire.verdict.script import Outcome
from globewire.wire.tie import Tie

FAILED, LOST, TWICE = Outcome(word="UNDELIV"), Outcome(receipts=0), Outcome(receipts=2)
HERE, THERE = "6591234567", "85261234567"


def given(*wanted: Order) -> Orders:
    """Orders that were given so."""
    found = Orders()
    for order in wanted:
        found.give(order)
    return found


def test_an_order_is_for_so_many_messages() -> None:
    """Then the next one goes its usual way."""
    book = given(Order(FAILED, HERE, 2))
    assert [book.next(HERE, None) for _ in range(3)] == [FAILED, FAILED, None]
    assert book.all() == []


def test_orders_are_carried_out_in_their_order() -> None:
    """First this, then that; and `all` says what is left."""
    book = given(Order(FAILED, HERE), Order(LOST, HERE, 2))
    assert [book.next(HERE, None), book.next(HERE, None)] == [FAILED, LOST]
    assert book.all() == [Order(LOST, HERE, 1)]


def test_a_number_s_own_order_goes_first() -> None:
    """An order for any number stays for the others; a standing one waits behind those for so many."""
    book = given(Order(LOST), Order(FAILED, HERE, None), Order(TWICE, HERE))
    assert [book.next(HERE, None), book.next(HERE, None), book.next(THERE, None)] == [TWICE, FAILED, LOST]
    assert [book.next(THERE, None), book.next(HERE, None)] == [None, FAILED]


def test_a_standing_order_takes_the_place_of_the_last() -> None:
    """There is one for each number, and it holds until it is withdrawn."""
    book = given(Order(FAILED, HERE, None), Order(LOST, HERE, None), Order(TWICE, "", None))
    assert [book.next(HERE, None) for _ in range(5)] == [LOST] * 5
    book.withdraw(HERE)
    assert book.next(HERE, None) == TWICE
    book.withdraw()
    assert book.next(HERE, None) is None


def test_the_parts_of_a_text_share_an_outcome() -> None:
    """Parts that come between those of another text, in any order, meet the fate of their own."""
    book = given(Order(FAILED, HERE))
    first, second = 7, 8
    met = [book.next(HERE, Tie(reference, 3, part)) for part in (2, 1, 3) for reference in (first, second)]
    assert met == [FAILED, None] * 3
    assert book.next(HERE, Tie(first, 3, 1)) is None


def test_a_part_that_comes_again_counts_again() -> None:
    """A text that is submitted once more, or another that has the same reference by chance, is a new one."""
    book = given(Order(FAILED, HERE), Order(LOST, HERE))
    assert [book.next(HERE, Tie(7, 2, 1)), book.next(HERE, Tie(7, 2, 1)), book.next(HERE, Tie(7, 2, 2))] == [FAILED, LOST, LOST]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many orders are refused; of texts whose parts never came the oldest are forgotten."""
    monkeypatch.setattr(orders, "MOST", 3)
    monkeypatch.setattr(orders, "TIED", 2)
    book = given(Order(FAILED), Order(FAILED), Order(FAILED))
    with pytest.raises(Full):
        book.give(Order(FAILED))
    book.withdraw()
    book.give(Order(FAILED, "", None))
    for reference in range(4):
        assert book.next(HERE, Tie(reference, 2, 1)) == FAILED
    book.withdraw()
    book.give(Order(LOST))
    assert book.next(HERE, Tie(0, 2, 2)) == LOST
