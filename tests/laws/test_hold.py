"""The laws of the hold, against every engine."""

import asyncio
import dataclasses
from typing import Any, cast

import pytest

from globewire import errors
from globewire.hold.port import (
    ENDPOINTS,
    SEND,
    SETTLE,
    TELL,
    Became,
    Conversion,
    Fact,
    Hold,
    Lane,
    Nonce,
    Noted,
    Once,
    PartBecame,
    Question,
    Submitted,
)
from globewire.message import AccountId, CarrierId, MessageId, Millis, PartState, Receipt, State
from laws.conftest import Opener
from laws.making import ACCOUNT, CARRIER, NOW, account, heard, message, part, submission

LEASE = 60_000
SOUTH = CarrierId("south")
RECOVERED: tuple[tuple[Lane[Any], str], ...] = ((SEND, CARRIER), (SETTLE, ""), (TELL, ""))


def once(key: str = "k", content: str = "c0", answer: str = "first", account: AccountId = ACCOUNT) -> Once:
    return Once(account, key, content, answer, Millis(NOW + 86_400_000))


async def test_kept_is_kept(opener: Opener) -> None:
    """Law 1: after keep returns, a restart finds the message as it was given, and its job."""
    hold = await opener()
    await hold.keep([submission(1), submission(2)], None)
    await hold.close()
    again = await opener()
    standing = await again.look(message(1).id)
    assert standing is not None
    assert standing.message == message(1)
    assert standing.state is State.ACCEPTED
    assert [job.message for job in await again.claim(SEND, 10, NOW, LEASE, CARRIER)] == [message(1), message(2)]


async def test_a_text_is_kept_to_its_last_character(opener: Opener) -> None:
    """Whatever is in it."""
    texts = ["a\0b", "\0", "\ud7ff\ue000 \U0001f600", "\\u0000 \x1b \\ \"'", "\x7f\x80\u2028"]
    hold = await opener()
    await hold.keep([dataclasses.replace(submission(n), message=message(n, text=text)) for n, text in enumerate(texts)], None)
    assert [job.message.text for job in await hold.claim(SEND, 10, NOW, LEASE, CARRIER)] == texts
    assert [standing.message.text for standing in await hold.search(Question())] == texts[::-1]


async def test_a_used_nonce_stays_used(opener: Opener) -> None:
    """Law 2, and nothing of the refused call is kept."""
    hold = await opener()
    nonce = Nonce(4_611_686_018_427_387_904, Millis(NOW + 900_000))
    await hold.keep([submission(1)], nonce)
    await hold.close()
    hold = await opener()
    assert await hold.nonces(NOW) == {nonce.mark: nonce.until}
    with pytest.raises(errors.Refused) as refused:
        await hold.keep([submission(2)], nonce)
    assert refused.value.row == errors.NONCE_USED
    assert await hold.look(message(2).id) is None
    assert await hold.nonces(Millis(nonce.until + 1)) == {}


async def test_of_two_calls_with_one_nonce_at_once_one_is_kept(hold: Hold) -> None:
    nonce = Nonce(7, Millis(NOW + 1))
    results = await asyncio.gather(*(hold.keep([submission(n)], nonce) for n in range(20)), return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert len(await hold.search(Question())) == 1


async def test_a_key_is_kept_once_and_gives_its_answer(opener: Opener) -> None:
    """Law 7, over a restart: the first answer, and nothing else of the second call but its nonce."""
    hold = await opener()
    assert await hold.keep([submission(1)], None, once=once()) is None
    await hold.close()
    hold = await opener()
    nonce = Nonce(9, Millis(NOW + 900_000))
    assert await hold.keep([submission(2)], nonce, once=once(answer="second")) == "first"
    assert [s.message.id for s in await hold.search(Question())] == [message(1).id]
    assert await hold.nonces(NOW) == {9: nonce.until}
    assert await hold.keep([submission(3)], None, once=once(account=AccountId("other"), answer="theirs")) is None
    assert await hold.keep([submission(4)], None, once=once("k2", answer="another")) is None


async def test_a_key_with_other_content_is_refused(hold: Hold) -> None:
    await hold.keep([submission(1)], None, once=once())
    with pytest.raises(errors.Refused) as refused:
        await hold.keep([submission(2)], None, once=once(content="c1"))
    assert refused.value.row == errors.IDEMPOTENCY_CONFLICT
    assert len(await hold.search(Question())) == 1


async def test_a_key_whose_call_was_refused_is_free(hold: Hold) -> None:
    """The nonce was used: nothing is kept, the key neither."""
    nonce = Nonce(9, Millis(NOW + 900_000))
    await hold.keep([submission(1)], nonce)
    with pytest.raises(errors.Refused):
        await hold.keep([submission(2)], nonce, once=once())
    assert await hold.keep([submission(3)], None, once=once(answer="third")) is None


async def test_of_many_calls_with_one_key_at_once_one_is_kept(hold: Hold) -> None:
    answers = await asyncio.gather(*(hold.keep([submission(n)], None, once=once(answer=f"a{n}")) for n in range(20)))
    (kept,) = await hold.search(Question())
    assert answers.count(None) == 1
    winner = f"a{int(kept.message.task_id.removeprefix('task-'))}"
    assert {answer for answer in answers if answer} == {winner}


async def test_a_key_is_forgotten_when_it_ran_out(hold: Hold) -> None:
    await hold.keep([submission(1)], None, once=once())
    await hold.forget(Millis(0), Millis(0), 10, now=once().until)
    assert await hold.keep([submission(2)], None, once=once()) == "first"
    await hold.forget(Millis(0), Millis(0), 10, now=Millis(once().until + 1))
    assert await hold.keep([submission(2)], None, once=once()) is None


async def test_what_is_owned_has_one_owner(opener: Opener) -> None:
    """Law 8: until the lease ends, over a restart."""
    hold = await opener()
    assert await hold.own("carrier.north", "a", NOW, LEASE)
    assert await hold.own("carrier.south", "b", NOW, LEASE)
    assert not await hold.own("carrier.north", "b", NOW, LEASE)
    assert await hold.own("carrier.north", "a", Millis(NOW + 10), LEASE)
    await hold.close()
    hold = await opener()
    assert not await hold.own("carrier.north", "b", Millis(NOW + LEASE + 9), LEASE)
    assert await hold.own("carrier.north", "b", Millis(NOW + LEASE + 10), LEASE)
    assert not await hold.own("carrier.north", "a", Millis(NOW + LEASE + 10), LEASE)
    await hold.disown("b")
    assert await hold.own("carrier.north", "a", NOW, LEASE)
    assert await hold.own("carrier.south", "a", NOW, LEASE)


async def test_of_many_who_want_to_own_one_does(hold: Hold) -> None:
    owns = await asyncio.gather(*(hold.own("carrier.north", f"o{n}", NOW, LEASE) for n in range(10)))
    assert owns.count(True) == 1


@pytest.mark.parametrize(("rate", "want"), [(0.5, 1), (1.0, 10_000), (30.0, 1), (30.0, 7), (1000.0, 10_000)])
async def test_a_quota_is_what_it_says(hold: Hold, rate: float, want: int) -> None:
    """Over 10 s no more than its rate and one burst; under demand no less than 95 % of the rate."""
    ticks = range(0, 25_000, 100)
    given = [await hold.draw("shop.send", rate, want, Millis(NOW + tick)) for tick in ticks]
    demand = min(rate, 10.0 * want)
    for start in range(0, len(ticks) - 100, 10):
        over = sum(given[start : start + 100])
        assert int(0.95 * 10 * demand) <= over <= 10 * rate + max(1.0, rate)


async def test_quotas_are_apart_and_one_without_a_rate_has_no_limit(hold: Hold) -> None:
    assert await hold.draw("one", 5.0, 100, NOW) == 5
    assert await hold.draw("one", 5.0, 100, NOW) == 0
    assert await hold.draw("other", 5.0, 3, NOW) == 3
    assert await hold.draw("free", 0.0, 1000, NOW) == 1000


async def test_what_is_left_of_a_quota_is_told_and_not_drawn(hold: Hold) -> None:
    """A second's worth where nobody drew, less what was drawn, and more again as time passes."""
    assert [await hold.left("one", 5.0, NOW) for _ in range(3)] == [5, 5, 5]
    await hold.draw("one", 5.0, 3, NOW)
    assert await hold.left("one", 5.0, NOW) == 2
    assert await hold.left("one", 5.0, Millis(NOW + 200)) == 3
    assert await hold.draw("one", 5.0, 100, Millis(NOW + 200)) == 3
    assert await hold.left("one", 5.0, Millis(NOW + 200)) == 0


async def test_a_clock_that_differs_neither_starves_nor_gives_more(hold: Hold) -> None:
    """A machine half a second behind draws by the others' clock; one set back by an hour bars nobody for an hour."""
    assert await hold.draw("q", 10.0, 8, NOW) == 8
    assert await hold.draw("q", 10.0, 8, Millis(NOW - 500)) == 2
    back = Millis(NOW - 3_600_000)
    assert await hold.draw("q", 10.0, 8, back) == 0
    assert await hold.draw("q", 10.0, 8, Millis(back + 500)) == 5


async def test_a_claimed_job_is_nobody_elses(hold: Hold) -> None:
    """Law 3: until the lease ends; then anyone's, marked interrupted."""
    await hold.keep([submission(n) for n in range(5)], None)
    first = await hold.claim(SEND, 3, NOW, LEASE, CARRIER)
    second = await hold.claim(SEND, 3, NOW, LEASE, CARRIER)
    assert [job.message.id for job in first + second] == [message(n).id for n in range(5)]
    assert not any(job.interrupted for job in first + second)
    assert await hold.claim(SEND, 3, NOW, LEASE, CARRIER) == []
    later = await hold.claim(SEND, 9, Millis(NOW + LEASE), LEASE, CARRIER)
    assert len(later) == 5
    assert all(job.interrupted for job in later)


async def test_recovery_ends_the_leases_of_those_who_died(hold: Hold) -> None:
    """And only those: a refused callback still waits for its time."""
    await hold.put_account(account())
    await hold.keep([submission(1), submission(2)], None)
    await hold.record(Became(message(2).id, State.EXPIRED, NOW), heard("id1"))
    await hold.claim(SEND, 9, NOW, LEASE, CARRIER)
    await hold.claim(SETTLE, 9, NOW, LEASE)
    (telling,) = await hold.claim(TELL, 9, NOW, LEASE)
    for lane, of in RECOVERED:
        await hold.recover(NOW, lane, of)
    assert [job.interrupted for job in await hold.claim(SEND, 9, NOW, LEASE, CARRIER)] == [True]
    assert len(await hold.claim(SETTLE, 9, NOW, LEASE)) == 1
    assert len(await hold.claim(TELL, 9, NOW, LEASE)) == 1
    await hold.again((telling, Millis(NOW + 60_000)))
    await hold.recover(NOW, TELL)
    assert await hold.claim(TELL, 9, NOW, LEASE) == []


async def test_recovery_may_leave_the_leases_of_those_who_came_later(hold: Hold) -> None:
    """Whoever takes a carrier over goes to work before it calls in doubt what its last owner left."""
    await hold.keep([submission(1), submission(2)], None)
    await hold.claim(SEND, 1, NOW, LEASE, CARRIER)
    await hold.claim(SEND, 1, Millis(NOW + 5), LEASE, CARRIER)
    await hold.recover(Millis(NOW + 9), SEND, CARRIER, before=Millis(NOW + 5 + LEASE))
    (job,) = await hold.claim(SEND, 9, Millis(NOW + 9), LEASE, CARRIER)
    assert (job.message.id, job.interrupted) == (message(1).id, True)


async def test_recovery_is_of_one_lane_and_one_carrier(hold: Hold) -> None:
    await hold.keep([submission(1), submission(2, carrier=SOUTH)], None)
    await hold.record(heard("id1"))
    for carrier in (CARRIER, SOUTH):
        await hold.claim(SEND, 9, NOW, LEASE, carrier)
    await hold.claim(SETTLE, 9, NOW, LEASE)
    await hold.recover(NOW, SEND, CARRIER)
    assert len(await hold.claim(SEND, 9, NOW, LEASE, CARRIER)) == 1
    assert await hold.claim(SEND, 9, NOW, LEASE, SOUTH) == []
    assert await hold.claim(SETTLE, 9, NOW, LEASE) == []


async def test_a_lane_is_a_carriers_own(hold: Hold) -> None:
    await hold.keep([submission(1), submission(2, carrier=CarrierId("south"))], None)
    assert [job.message.id for job in await hold.claim(SEND, 9, NOW, LEASE, "south")] == [message(2).id]


async def test_several_carriers_are_claimed_for_at_once(hold: Hold) -> None:
    """Of each so many, the oldest first, under leases as by a claim of its own; one that has nothing gets nothing."""
    east = CarrierId("east")
    await hold.keep([submission(n, carrier=SOUTH if n > 3 else CARRIER) for n in range(1, 6)], None)

    async def claimed(at: int) -> dict[CarrierId, list[int]]:
        jobs = await hold.claim_sends({CARRIER: 2, SOUTH: 9, east: 1}, Millis(at), LEASE)
        assert all(job.carrier == carrier for carrier, each in jobs.items() for job in each)
        return {carrier: [job.message.id for job in each] for carrier, each in jobs.items()}

    assert await claimed(NOW) == {CARRIER: [message(1).id, message(2).id], SOUTH: [message(4).id, message(5).id], east: []}
    assert await claimed(NOW) == {CARRIER: [message(3).id], SOUTH: [], east: []}
    assert await claimed(NOW) == {CARRIER: [], SOUTH: [], east: []}
    assert sum(map(len, (await claimed(NOW + LEASE)).values())) == 4


async def test_a_returned_job_is_due_when_it_says(hold: Hold) -> None:
    await hold.keep([submission(1)], None)
    (job,) = await hold.claim(SEND, 1, NOW, LEASE, CARRIER)
    await hold.again((job, Millis(NOW + 500)))
    assert await hold.claim(SEND, 1, Millis(NOW + 499), LEASE, CARRIER) == []
    (job,) = await hold.claim(SEND, 1, Millis(NOW + 500), LEASE, CARRIER)
    assert not job.interrupted
    await hold.again((dataclasses.replace(job, tried=(CARRIER,)), Millis(NOW)), carrier=CarrierId("south"))
    (job,) = await hold.claim(SEND, 1, NOW, LEASE, "south")
    assert job.tried == (CARRIER,)


async def test_done_writes_all_that_came_of_a_job(hold: Hold) -> None:
    """Law 4: the job is off its lane, its facts are there, and the callback is queued."""
    await hold.put_account(account())
    await hold.keep([submission(1)], None)
    (job,) = await hold.claim(SEND, 1, NOW, LEASE, CARRIER)
    await hold.done(
        (job, [Submitted(part(1)), Became(job.message.id, State.SUBMITTED, NOW, CARRIER), Noted(job.message.id, NOW, "odd", "x")])
    )
    assert await hold.claim(SEND, 1, Millis(NOW + LEASE), LEASE, CARRIER) == []
    standing = await hold.look(job.message.id)
    assert standing is not None
    assert (standing.state, standing.carrier, standing.parts) == (State.SUBMITTED, CARRIER, (part(1),))
    assert [note.what for note in standing.notes] == ["odd"]
    await hold.record(heard("id1"))
    (settling,) = await hold.claim(SETTLE, 9, NOW, LEASE)
    assert (settling.part, settling.parts, settling.state) == (part(1), (part(1),), State.SUBMITTED)
    ended: list[Fact] = [
        PartBecame(job.message.id, 1, PartState.DELIVERED, "000", NOW),
        Became(job.message.id, State.DELIVERED, NOW, None, "DELIVERED", "success"),
    ]
    await hold.done((settling, ended))
    assert await hold.claim(SETTLE, 9, Millis(NOW + LEASE), LEASE) == []
    (telling,) = await hold.claim(TELL, 9, NOW, LEASE)
    assert [(r.message, r.state, r.task_id) for r in telling.reports] == [(job.message.id, State.DELIVERED, "task-1")]
    await hold.done((telling, ()))
    assert await hold.claim(TELL, 9, Millis(NOW + LEASE), LEASE) == []
    standing = await hold.look(job.message.id)
    assert standing is not None
    assert (standing.state, standing.told, standing.ended_at) == (State.DELIVERED, "acknowledged", NOW)


async def test_claims_at_once_get_each_message_once(hold: Hold) -> None:
    """Law 3, where the claims of several carriers, or two of one, are served together: each gets its own, and no more than it asked
    for, the oldest first."""
    north, south = CarrierId("north"), CarrierId("south")
    await hold.keep([submission(n, carrier=north if n % 2 else south, at=NOW + n // 5) for n in range(1, 11)], None)
    claims = ((2, north), (9, south), (2, north), (9, CarrierId("west")), (9, north))
    claimed = await asyncio.gather(*(hold.claim(SEND, limit, Millis(NOW + 9), LEASE, of) for limit, of in claims))
    numbers = [[job.message.task_id.removeprefix("task-") for job in jobs] for jobs in claimed]
    assert numbers[1] == ["2", "4", "6", "8", "10"]
    assert sorted(numbers[0] + numbers[2] + numbers[4], key=int) == ["1", "3", "5", "7", "9"]
    assert (len(numbers[0]), len(numbers[2]), numbers[3]) == (2, 2, [])


async def test_done_is_nothing_where_a_fact_cannot_be_written(hold: Hold) -> None:
    """Law 4, the other half: a fact that the engine refuses takes the whole outcome with it, and no other caller's."""
    await hold.keep([submission(1), submission(2)], None)
    one, two = await hold.claim(SEND, 2, NOW, LEASE, CARRIER)
    bad = dataclasses.replace(part(1), sequence=cast(int, "not a number"))
    results = await asyncio.gather(
        hold.done((one, [Became(one.message.id, State.SUBMITTED, NOW), Submitted(bad)])),
        hold.done((two, [Became(two.message.id, State.SUBMITTED, NOW), Submitted(part(2))])),
        return_exceptions=True,
    )
    assert isinstance(results[0], errors.Unavailable)
    assert results[1] is None
    standings = {s.message.id: s.state for s in await hold.search(Question())}
    assert standings == {one.message.id: State.ACCEPTED, two.message.id: State.SUBMITTED}
    assert [job.message.id for job in await hold.claim(SEND, 9, Millis(NOW + LEASE), LEASE, CARRIER)] == [one.message.id]


@pytest.mark.parametrize("final", [State.DELIVERED, State.FAILED, State.EXPIRED])
async def test_a_final_state_never_changes(hold: Hold, final: State) -> None:
    """Law 5, and its callback is queued once."""
    await hold.put_account(account())
    await hold.keep([submission(1)], None)
    await hold.record(Became(message(1).id, State.SUBMITTED, NOW))
    await hold.record(Became(message(1).id, final, NOW, None, "first", ""))
    await hold.record(*(Became(message(1).id, state, Millis(NOW + 1), None, "later", "") for state in State))
    standing = await hold.look(message(1).id)
    assert standing is not None
    assert (standing.state, standing.error_code, standing.ended_at) == (final, "first", NOW)
    (job,) = await hold.claim(TELL, 9, NOW, LEASE)
    assert len(job.reports) == 1


async def test_a_parts_final_state_never_changes(hold: Hold) -> None:
    """And it does not hide when the part was submitted."""
    await hold.keep([submission(1)], None)
    await hold.record(Submitted(part(1)), Became(message(1).id, State.SUBMITTED, NOW))
    for later, state in enumerate((PartState.DELIVERED, PartState.FAILED), start=1):
        await hold.record(PartBecame(message(1).id, 1, state, "", Millis(NOW + later)))
    standing = await hold.look(message(1).id)
    assert standing is not None
    assert standing.parts == (dataclasses.replace(part(1), state=PartState.DELIVERED, settled_at=Millis(NOW + 1)),)


async def test_changes_of_one_message_in_one_batch_are_made_in_order(hold: Hold) -> None:
    await hold.keep([submission(1)], None)
    await hold.record(Became(message(1).id, State.SUBMITTED, NOW), Became(message(1).id, State.DELIVERED, Millis(NOW + 1)))
    standing = await hold.look(message(1).id)
    assert standing is not None
    assert (standing.state, standing.ended_at) == (State.DELIVERED, NOW + 1)


async def test_callbacks_come_in_the_order_they_were_queued(hold: Hold) -> None:
    """Law 6, through a refusal: what was refused comes first again, by itself, when it is due."""
    await hold.put_account(account())
    await hold.keep([submission(n) for n in range(7)], None)
    for n in (3, 1, 5, 0):
        await hold.record(Became(message(n).id, State.SUBMITTED, NOW), Became(message(n).id, State.DELIVERED, NOW))
    (job,) = await hold.claim(TELL, 3, NOW, LEASE)
    assert [r.message for r in job.reports] == [message(n).id for n in (3, 1, 5)]
    await hold.record(Became(message(6).id, State.EXPIRED, NOW))
    assert await hold.claim(TELL, 3, NOW, LEASE) == []
    await hold.again((job, Millis(NOW + 60_000)))
    assert await hold.claim(TELL, 9, Millis(NOW + 59_999), LEASE) == []
    (job,) = await hold.claim(TELL, 9, Millis(NOW + 60_000), LEASE)
    assert (job.tries, [r.message for r in job.reports]) == (1, [message(n).id for n in (3, 1, 5)])
    await hold.done((job, ()))
    (job,) = await hold.claim(TELL, 9, NOW, LEASE)
    assert [r.message for r in job.reports] == [message(n).id for n in (0, 6)]


async def test_many_endpoints_are_claimed_at_once_each_in_its_order(hold: Hold) -> None:
    """As many reports of each as were asked for; of one that was refused those that were, before what came after."""
    names = [AccountId(f"shop{n}") for n in range(40)]
    kept = [dataclasses.replace(submission(n), message=dataclasses.replace(message(n), account=names[n % 40])) for n in range(120)]
    for name in names:
        await hold.put_account(account(name=name))
    await hold.keep(kept, None)
    await hold.record(*(Became(s.message.id, State.EXPIRED, NOW) for s in kept[:40]))
    for job in [job for _ in range(2) for job in await hold.claim(TELL, 9, NOW, LEASE)]:
        await (hold.again((job, NOW)) if job.account in names[:3] else hold.done((job, ())))
    await hold.record(*(Became(s.message.id, State.EXPIRED, NOW) for s in kept[40:]))
    told: dict[AccountId, list[MessageId]] = {name: [] for name in names}
    while jobs := await hold.claim(TELL, 1, NOW, LEASE):
        assert all(len(job.reports) == 1 for job in jobs)
        for job in jobs:
            told[job.account] += [report.message for report in job.reports]
        await hold.done(*((job, ()) for job in jobs))
    assert told == {
        name: [message(m).id for m in ((n, n + 40, n + 80) if n < 3 else (n + 40, n + 80))] for n, name in enumerate(names)
    }
    assert not await hold.pending(NOW)


async def test_a_claim_of_fewer_endpoints_than_it_could_lease_leaves_none_that_is_due(hold: Hold) -> None:
    """Though those whose reports were given up come first and have none left to push."""
    names = [AccountId(f"shop{n:02}") for n in range(ENDPOINTS + 8)]
    messages = [dataclasses.replace(message(n), account=name) for n, name in enumerate(names)]
    kept = [dataclasses.replace(submission(n), message=m) for n, m in enumerate(messages)]
    for name in names:
        await hold.put_account(account(name=name))
    await hold.keep(kept, None)
    await hold.record(*(Became(s.message.id, State.EXPIRED, NOW) for s in kept[:8]))
    for job in await hold.claim(TELL, 100, NOW, LEASE):
        await hold.bury(job, NOW)
    await hold.record(*(Became(s.message.id, State.EXPIRED, NOW) for s in kept[8:]))
    assert sorted(job.account for job in await hold.claim(TELL, 100, NOW, LEASE)) == names[8:]
    assert await hold.claim(TELL, 100, NOW, LEASE) == []


async def test_endpoints_are_served_in_turn_however_much_each_has_to_be_told(hold: Hold) -> None:
    names = [AccountId(f"shop{n:03}") for n in range(2 * ENDPOINTS + 8)]
    messages = [dataclasses.replace(message(n), account=names[n % len(names)]) for n in range(3 * len(names))]
    for name in names:
        await hold.put_account(account(name=name))
    await hold.keep([dataclasses.replace(submission(n), message=m) for n, m in enumerate(messages)], None)
    await hold.record(*(Became(m.id, State.EXPIRED, NOW) for m in messages))
    told: list[str] = []
    while jobs := await hold.claim(TELL, 1, NOW, LEASE, told[-1] if told else ""):
        told += [job.account for job in jobs]
        await hold.done(*((job, ()) for job in jobs))
    assert told == 3 * names


async def test_given_up_callbacks_wait_until_they_are_revived(hold: Hold) -> None:
    await hold.put_account(account())
    await hold.keep([submission(1), submission(2)], None)
    await hold.record(Became(message(1).id, State.EXPIRED, NOW))
    (job,) = await hold.claim(TELL, 9, NOW, LEASE)
    await hold.bury(job, NOW)
    assert await hold.claim(TELL, 9, Millis(NOW + LEASE), LEASE) == []
    (outbox,) = await hold.outboxes()
    assert (outbox.waiting, outbox.dead) == (0, 1)
    (standing,) = await hold.given_up(ACCOUNT, 10)
    assert (standing.message, standing.state, standing.told) == (message(1), State.EXPIRED, "given up")
    assert await hold.given_up(AccountId("other"), 10) == []
    assert await hold.revive(ACCOUNT, NOW) == 1
    assert await hold.given_up(ACCOUNT, 10) == []
    (job,) = await hold.claim(TELL, 9, NOW, LEASE)
    assert (job.tries, [r.message for r in job.reports]) == (0, [message(1).id])


async def test_one_account_with_an_endpoint_does_not_queue_for_another(hold: Hold) -> None:
    await hold.put_account(account("", ACCOUNT))
    await hold.put_account(account("http://127.0.0.1:2/", AccountId("other")))
    await hold.keep([submission(1)], None)
    await hold.record(Became(message(1).id, State.EXPIRED, NOW))
    assert await hold.claim(TELL, 9, NOW, LEASE) == []


async def test_a_receipt_that_overtakes_its_response_waits_for_it(hold: Hold) -> None:
    await hold.keep([submission(1)], None)
    await hold.record(heard("id1"))
    (job,) = await hold.claim(SETTLE, 9, NOW, LEASE)
    assert job.part is None
    await hold.again((job, Millis(NOW + 200)))
    await hold.record(Submitted(part(1)), Became(message(1).id, State.SUBMITTED, NOW))
    (job,) = await hold.claim(SETTLE, 9, Millis(NOW + 200), LEASE)
    assert (job.part, job.tries) == (part(1), 1)
    await hold.again((job, None))
    assert await hold.claim(SETTLE, 9, Millis(NOW + 10**9), LEASE) == []
    assert (await hold.counts())["lane.orphan"] == 1


ID_SPELLINGS = [
    # submitted under, spellings of the receipt, the receipt's number, marked as a receipt?, matches?
    ("1a2b", ("1a2b",), "85291000001", True, True),
    ("1a2b", ("6699", "1a2b", "26265"), "85291000001", True, True),
    ("1a2b", ("6699", "1a2b", "26265"), "44791000009", True, False),  # converted, and the number disagrees
    ("1a2b", ("6699", "1a2b"), "", True, False),  # converted, and no number to agree
    ("1a2b", ("1a2b",), "", True, True),
    ("1a2b", ("1a2b",), "44791000009", True, True),  # as given: the carrier may speak of the number in its own way
    ("1a2b", ("1a2b",), "44791000009", False, False),  # a subscriber wrote a text that reads like a receipt
    ("1a2b", ("1a2b",), "85291000001", False, True),
    ("1a2b", ("1a2c",), "85291000001", True, False),
]


@pytest.mark.parametrize(("submitted", "spellings", "to", "marked", "matches"), ID_SPELLINGS)
async def test_receipts_match_by_spelling_and_number(
    hold: Hold, submitted: str, spellings: tuple[str, ...], to: str, marked: bool, matches: bool
) -> None:
    await hold.keep([submission(1)], None)
    await hold.record(Submitted(part(1, carrier_id=submitted)), Became(message(1).id, State.SUBMITTED, NOW))
    await hold.record(dataclasses.replace(heard(""), receipt=Receipt(spellings, to, "DELIVRD", "", marked)))
    (job,) = await hold.claim(SETTLE, 9, NOW, LEASE)
    assert (job.part is not None) is matches


async def test_an_id_matches_at_its_own_carrier_only(hold: Hold) -> None:
    await hold.keep([submission(1)], None)
    await hold.record(Submitted(part(1)))
    await hold.record(heard("id1", carrier=CarrierId("south")))
    (job,) = await hold.claim(SETTLE, 9, NOW, LEASE)
    assert job.part is None


async def test_all_parts_come_with_a_receipt(hold: Hold) -> None:
    await hold.keep([submission(1)], None)
    parts = tuple(part(1, n, 3, f"p{n}") for n in (1, 2, 3))
    await hold.record(*(Submitted(p) for p in parts), Became(message(1).id, State.SUBMITTED, NOW))
    await hold.record(heard("p2"))
    (job,) = await hold.claim(SETTLE, 9, NOW, LEASE)
    assert (job.part, job.parts) == (parts[1], parts)


async def test_expiry_ends_what_is_overdue_and_takes_it_off_its_lane(hold: Hold) -> None:
    await hold.keep([submission(1, validity=10), submission(2, validity=20)], None)
    assert await hold.expire(Millis(NOW + 10_999), 1000, 100) == 0
    assert await hold.expire(Millis(NOW + 11_000), 1000, 100) == 1
    assert [job.message.id for job in await hold.claim(SEND, 9, NOW, LEASE, CARRIER)] == [message(2).id]
    standing = await hold.look(message(1).id)
    assert standing is not None
    assert standing.state is State.EXPIRED


async def test_what_is_old_is_forgotten_and_what_is_under_way_is_not(hold: Hold) -> None:
    day = 86_400_000
    await hold.keep([submission(1), submission(2), submission(3, at=NOW + day), submission(4, at=NOW + 2 * day)], None)
    ended = (message(1).id, message(3, at=NOW + day).id, message(4, at=NOW + 2 * day).id)
    await hold.record(*(Became(MessageId(i), State.EXPIRED, NOW) for i in ended))
    assert await hold.forget(Millis(NOW + 2 * day), Millis(NOW + day), 100) == 2
    standings = {s.message.id: s.message.text for s in await hold.search(Question())}
    assert set(standings) == {message(2).id, ended[1], ended[2]}
    assert standings[ended[1]] == ""
    assert standings[ended[2]] != ""
    assert standings[message(2).id] != ""


async def test_the_text_of_a_message_that_ends_late_is_blanked_too(hold: Hold) -> None:
    """It was under way when the texts of its day were."""
    day = 86_400_000
    await hold.keep([submission(1), submission(2)], None)
    await hold.record(Became(message(2).id, State.EXPIRED, NOW))
    for later in (day, 2 * day):
        await hold.forget(Millis(NOW + later), Millis(0), 100)
    await hold.record(Became(message(1).id, State.EXPIRED, Millis(NOW + 2 * day)))
    await hold.forget(Millis(NOW + 2 * day), Millis(0), 100)
    assert [standing.message.text for standing in await hold.search(Question())] == ["", ""]


async def test_search_filters_and_pages(hold: Hold) -> None:
    await hold.keep([submission(n) for n in range(10)], None)
    newest = await hold.search(Question(limit=3))
    assert [s.message.id for s in newest] == [message(n).id for n in (9, 8, 7)]
    assert [s.message.id for s in await hold.search(Question(limit=1, before=newest[-1].message.id))] == [message(6).id]
    assert [s.message.id for s in await hold.search(Question(to=message(4).to))] == [message(4).id]
    assert await hold.search(Question(task_id="task-4", states=("delivered",))) == []


async def test_old_conversions_are_forgotten(hold: Hold) -> None:
    """As many at a time as are asked for."""
    await hold.keep([], None, [Conversion(ACCOUNT, message(n).id, True, 0.5, Millis(NOW + n)) for n in range(5)])
    before = Millis(NOW + 4)
    assert [await hold.forget(Millis(0), before, 3) for _ in range(3)] == [3, 1, 0]
    assert await hold.forget(Millis(0), Millis(before + 1), 3) == 1


async def test_the_mark_is_another_after_every_change(opener: Opener) -> None:
    """Whoever watches sees that something was written, by this process or another."""
    watched, other = await opener(), await opener()
    marks = [await watched.mark()]
    await watched.keep([submission(1)], None)
    marks.append(await watched.mark())
    await other.record(Noted(message(1).id, NOW, "looked at", "by another"))
    marks.append(await watched.mark())
    assert len(set(marks)) == 3
