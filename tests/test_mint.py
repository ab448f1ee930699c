"""Ids: of messages, ascending whatever the clock does; and of requests, UUIDs as the API writes them."""

from uuid import RFC_4122, UUID

from globewire.message import Millis
from globewire.mint import A_MILLISECOND, NODES, Mint, RequestIds

AT = 1_790_000_000_000


def test_ids_of_messages_only_grow() -> None:
    """One at a time or a thousand, over a clock that is set back, and after those of an earlier start."""
    clock = iter((AT, AT, AT - 5, AT + 1, AT + 9))
    mint = Mint(lambda: Millis(next(clock)), 7, after=(AT * NODES + 99) * A_MILLISECOND + 999)
    made = [id for count in (1, A_MILLISECOND, 2, 2 * A_MILLISECOND, 3) for id in mint.ids(count)]
    assert made == sorted(set(made))
    assert len(made) == 3 * A_MILLISECOND + 6
    assert {(id // A_MILLISECOND) % NODES for id in made} == {7}
    assert [id // (NODES * A_MILLISECOND) - AT for id in made[:: A_MILLISECOND // 2]] == [1, 1, 2, 2, 3, 3, 4]
    assert made[-1] == (AT + 9) * NODES * A_MILLISECOND + 7 * A_MILLISECOND + 2


def test_ids_of_requests_are_uuids_in_capitals() -> None:
    """Of version 5 and of RFC 4122's variant, all of which occur; no two alike."""
    ids = RequestIds()
    made = [ids() for _ in range(1000)]
    read = [UUID(id) for id in made]
    assert [str(id).upper() for id in read] == made
    assert {(id.version, id.variant) for id in read} == {(5, RFC_4122)}
    assert {id[19] for id in made} == set("89AB")
    assert len(set(made)) == 1000
