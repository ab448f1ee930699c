"""The laws of the hold, against every engine, when the caller's clock leaps by an hour between calls, ahead or back.

The wall clock is set by people and time servers. What was promised before must hold after, and nothing may wait for the hour.
"""

import asyncio
from typing import Any

import pytest

from globewire import errors
from globewire.hold.port import (
    FRESH,
    LEAP,
    SEND,
    SETTLE,
    TELL,
    Became,
    Hold,
    Lane,
    Nonce,
    Once,
    PartBecame,
    Question,
    Submitted,
)
from globewire.message import Millis, PartState, State
from laws.conftest import Opener
from laws.making import ACCOUNT, CARRIER, NOW, account, heard, message, part, submission

HOUR = 3_600_000
LEASE = 60_000
AHEAD, BACK = Millis(NOW + HOUR), Millis(NOW - HOUR)
PUT_OFF: tuple[tuple[Lane[Any], str, int], ...] = ((SEND, CARRIER, 30_000), (SETTLE, "", 600_000), (TELL, "", 300_000))
LEAPS = pytest.mark.parametrize("leapt", [AHEAD, BACK], ids=["ahead", "back"])


@LEAPS
async def test_kept_is_kept_and_sent_at_once(opener: Opener, leapt: Millis) -> None:
    """Law 1: what was accepted by the one clock is found by the other, and its turn comes as soon as somebody hastens it."""
    hold = await opener()
    await hold.keep([submission(1)], None)
    await hold.close()
    hold = await opener()
    await hold.hasten(leapt, SEND, LEASE, CARRIER)
    (job,) = await hold.claim(SEND, 9, leapt, LEASE, CARRIER)
    assert (job.message, job.interrupted) == (message(1), False)


async def test_a_nonce_stays_used_though_the_clock_was_ahead_and_is_set_back(opener: Opener) -> None:
    """Law 2, over a sweep and a start by the clock that was ahead: by it the request was stale, and now it is fresh again."""
    hold = await opener()
    nonce = Nonce(7, Millis(NOW + 900_000))
    await hold.keep([submission(1)], nonce)
    await hold.forget(Millis(0), Millis(0), 10, now=AHEAD)
    await hold.close()
    hold = await opener()
    assert await hold.nonces(AHEAD) == {}
    with pytest.raises(errors.Refused) as refused:
        await hold.keep([submission(2)], nonce)
    assert refused.value.row == errors.NONCE_USED
    assert await hold.nonces(NOW) == {7: nonce.until}
    await hold.forget(Millis(0), Millis(0), 10, now=Millis(nonce.until + LEAP + 1))
    assert await hold.keep([submission(2)], nonce) is None


@LEAPS
async def test_a_claimed_job_is_submitted_by_one_worker(hold: Hold, leapt: Millis) -> None:
    """Law 3. Back: it stays with its worker, however it is hastened. Ahead: its lease is over, and it says so."""
    await hold.keep([submission(1)], None)
    (first,) = await hold.claim(SEND, 9, NOW, LEASE, CARRIER)
    assert not first.interrupted
    assert await hold.hasten(leapt, SEND, 1000, CARRIER) == 0
    again = await hold.claim(SEND, 9, leapt, LEASE, CARRIER)
    assert [job.interrupted for job in again] == ([True] if leapt > NOW else [])
    await hold.recover(leapt, SEND, CARRIER)
    assert [job.interrupted for job in await hold.claim(SEND, 9, leapt, LEASE, CARRIER)] == [True]


async def test_what_a_clock_ahead_put_off_is_due_when_it_is_set_back(hold: Hold) -> None:
    """Messages, receipts and callbacks: given back, heard, or refused by the clock that was ahead; none waits for the hour."""
    await hold.put_account(account())
    await hold.keep([submission(n) for n in range(3)], None)
    sends = await hold.claim(SEND, 9, AHEAD, LEASE, CARRIER)
    await hold.again((sends[0], Millis(AHEAD + 30_000)))
    await hold.done((sends[1], [Became(message(1).id, State.EXPIRED, AHEAD)]))
    await hold.record(heard("lost"))
    (receipt,) = await hold.claim(SETTLE, 9, AHEAD, LEASE)
    await hold.again((receipt, Millis(AHEAD + 600_000)))
    (reports,) = await hold.claim(TELL, 9, AHEAD, LEASE)
    await hold.again((reports, Millis(AHEAD + 300_000)))
    for lane, of, ahead in PUT_OFF:
        assert await hold.claim(lane, 9, NOW, LEASE, of) == []
        assert await hold.hasten(Millis(AHEAD), lane, ahead, of) == 0
        assert await hold.hasten(NOW, lane, ahead, of) == 1
        assert len(await hold.claim(lane, 9, NOW, LEASE, of)) == 1


async def test_a_receipt_just_heard_does_not_wait_like_one_that_matched_nothing(hold: Hold) -> None:
    """Its time is that of its arrival: by a clock that was a little ahead it is due soon, whatever others wait for."""
    ahead = Millis(NOW - FRESH - 1)
    await hold.record(heard("new"))
    assert await hold.hasten(Millis(ahead + 1), SETTLE, 600_000) == 0
    assert await hold.hasten(ahead, SETTLE, 600_000) == 1
    assert len(await hold.claim(SETTLE, 9, ahead, LEASE)) == 1


async def test_what_waits_no_longer_than_it_may_is_left_alone(hold: Hold) -> None:
    await hold.put_account(account())
    await hold.keep([submission(1)], None)
    (job,) = await hold.claim(SEND, 9, NOW, LEASE, CARRIER)
    await hold.again((job, Millis(NOW + 30_000)))
    assert await hold.hasten(NOW, SEND, 30_000, CARRIER) == 0
    assert await hold.hasten(NOW, SEND, 29_999, "south") == 0
    assert await hold.claim(SEND, 9, NOW, LEASE, CARRIER) == []


@LEAPS
async def test_done_and_final_are_done_and_final(hold: Hold, leapt: Millis) -> None:
    """Laws 4 and 5: facts of a moment that is long before, or long after, are written all the same, and end a message once."""
    await hold.put_account(account())
    await hold.keep([submission(1)], None)
    (job,) = await hold.claim(SEND, 9, NOW, LEASE, CARRIER)
    await hold.done((job, [Submitted(part(1)), Became(message(1).id, State.SUBMITTED, leapt, CARRIER)]))
    await hold.record(heard("id1"))
    await hold.hasten(leapt, SETTLE, 600_000)
    (receipt,) = await hold.claim(SETTLE, 9, leapt, LEASE)
    await hold.done(
        (receipt, [PartBecame(message(1).id, 1, PartState.DELIVERED, "", leapt), Became(message(1).id, State.DELIVERED, leapt)])
    )
    await hold.record(Became(message(1).id, State.FAILED, NOW), Became(message(1).id, State.EXPIRED, Millis(leapt + HOUR)))
    standing = await hold.look(message(1).id)
    assert standing is not None
    assert (standing.state, standing.ended_at, standing.parts[0].state) == (State.DELIVERED, leapt, PartState.DELIVERED)
    (told,) = await hold.claim(TELL, 9, leapt, LEASE)
    assert [report.message for report in told.reports] == [message(1).id]


@LEAPS
async def test_callbacks_keep_their_order(hold: Hold, leapt: Millis) -> None:
    """Law 6, with the clock leaping before each report is queued."""
    await hold.put_account(account())
    await hold.keep([submission(n) for n in range(4)], None)
    for n, at in ((2, NOW), (0, leapt), (3, NOW), (1, leapt)):
        await hold.record(Became(message(n).id, State.EXPIRED, at))
    (job,) = await hold.claim(TELL, 9, leapt, LEASE)
    assert [report.message for report in job.reports] == [message(n).id for n in (2, 0, 3, 1)]


@LEAPS
async def test_a_key_is_kept_once(hold: Hold, leapt: Millis) -> None:
    """Law 7, over sweeps by either clock, for the day that is promised."""
    day = 86_400_000

    def call(at: int) -> Once:
        return Once(ACCOUNT, "k", "c0", f"answer of {at}", Millis(at + 2 * day))

    assert await hold.keep([submission(1)], None, once=call(NOW)) is None
    for now in (leapt, NOW, Millis(leapt + day)):
        await hold.forget(Millis(0), Millis(0), 10, now=now)
        answers = await asyncio.gather(*(hold.keep([submission(2 + n)], None, once=call(now)) for n in range(5)))
        assert answers == [f"answer of {NOW}"] * 5
    assert len(await hold.search(Question())) == 1


@pytest.mark.parametrize("ahead", [HOUR, 24 * HOUR])
async def test_a_lease_of_a_clock_ahead_does_not_outlive_its_owner(hold: Hold, ahead: int) -> None:
    """Law 8: while it is renewed it is its owner's, whatever the others' clocks say; when it is not, it is free after two."""
    assert await hold.own("carrier.north", "a", Millis(NOW + ahead), LEASE)
    for turn in range(10):
        assert not await hold.own("carrier.north", "b", Millis(NOW + turn * LEASE), LEASE)
        assert await hold.own("carrier.north", "a", Millis(NOW + ahead + turn * LEASE + 1), LEASE)
    since = NOW + 10 * LEASE
    assert not await hold.own("carrier.north", "b", Millis(since), LEASE)
    assert not await hold.own("carrier.north", "b", Millis(since + 2 * LEASE - 1), LEASE)
    assert await hold.own("carrier.north", "b", Millis(since + 2 * LEASE), LEASE)
    assert not await hold.own("carrier.north", "c", Millis(since + 2 * LEASE), LEASE)


async def test_a_clock_that_goes_back_makes_nobody_silent(hold: Hold) -> None:
    """Whoever looks by it begins to count anew."""
    assert await hold.own("carrier.north", "a", AHEAD, LEASE)
    assert not await hold.own("carrier.north", "b", NOW, LEASE)
    assert not await hold.own("carrier.north", "b", BACK, LEASE)
    assert not await hold.own("carrier.north", "b", Millis(BACK + 2 * LEASE - 1), LEASE)
    assert await hold.own("carrier.north", "b", Millis(BACK + 2 * LEASE), LEASE)


@LEAPS
async def test_a_quota_bars_nobody_for_the_hour_and_gives_no_more_than_two_bursts(hold: Hold, leapt: Millis) -> None:
    rate = 10.0
    assert await hold.draw("q", rate, 100, NOW) == 10
    seconds = [await hold.draw("q", rate, 100, Millis(leapt + 1000 * second)) for second in range(5)]
    assert seconds[0] in (0, 10)
    assert seconds[1:] == [10] * 4


@LEAPS
async def test_expiry_is_by_the_clock_that_it_is_told_and_ends_a_message_once(hold: Hold, leapt: Millis) -> None:
    """A validity that is over by one clock stays over; one that is not is not."""
    await hold.keep([submission(1, validity=600), submission(2, validity=7200)], None)
    assert await hold.expire(leapt, 0, 100) == (1 if leapt > NOW else 0)
    assert await hold.expire(NOW, 0, 100) == 0
    states = {standing.message.id: standing.state for standing in await hold.search(Question())}
    assert states == {message(1).id: State.EXPIRED if leapt > NOW else State.ACCEPTED, message(2).id: State.ACCEPTED}
