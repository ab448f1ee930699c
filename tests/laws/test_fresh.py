"""What was kept a moment ago is claimed without being read: nobody can tell, but by the time it takes."""

from dataclasses import replace

from globewire.hold.fresh import MOST, Fresh
from globewire.hold.port import SEND, Hold
from globewire.message import CarrierId, Millis
from laws.making import CARRIER, NOW, message, submission

LEASE = 600_000
SOUTH = CarrierId("south")


async def test_a_message_is_claimed_as_it_was_kept_whether_it_is_in_hand_or_read(hold: Hold) -> None:
    """By a first claim, by a second one after its lease, and by another carrier after a refusal."""
    await hold.keep([submission(n) for n in range(5)], None)
    first = await hold.claim(SEND, 3, NOW, LEASE, CARRIER)
    assert [(job.message, job.state, job.tried, job.interrupted) for job in first] == [
        (message(n), "accepted", (), False) for n in range(3)
    ]
    again = {job.message.id: job for job in await hold.claim(SEND, 9, Millis(NOW + LEASE), LEASE, CARRIER)}
    assert [(again[message(n).id].message, again[message(n).id].interrupted) for n in range(5)] == [
        (message(n), n < 3) for n in range(5)
    ]
    await hold.again((replace(again[message(3).id], tried=(CARRIER,)), NOW), carrier=SOUTH)
    (moved,) = await hold.claim(SEND, 9, NOW, LEASE, SOUTH)
    assert (moved.message, moved.tried, moved.interrupted) == (message(3), (CARRIER,), False)


async def test_more_than_can_be_in_hand_is_claimed_in_order(hold: Hold) -> None:
    await hold.keep([submission(n) for n in range(MOST + 50)], None)
    jobs = await hold.claim(SEND, MOST + 100, NOW, LEASE, CARRIER)
    assert [job.message for job in jobs] == [message(n) for n in range(MOST + 50)]


def test_what_went_another_way_is_dropped_when_nothing_else_was_due_twice() -> None:
    """What is just being kept may not be due yet."""
    fresh = Fresh()
    for n in range(3):
        fresh.add(submission(n))
    due = [(message(0).id, "[]", 0)]
    assert list(fresh.jobs(CARRIER, due, all_due=False)) == [message(0).id]
    assert list(fresh.jobs(CARRIER, due, all_due=True)) == []
    assert list(fresh.jobs(CARRIER, [(message(2).id, "[]", 0)], all_due=True)) == [message(2).id]
    assert list(fresh.jobs(CARRIER, [(message(1).id, "[]", 0)], all_due=False)) == []
