"""What is kept of each push, and which messages show it; and a report that is queued again. Against every engine."""

import asyncio
import dataclasses

import pytest

from globewire.hold.port import TELL, Became, Hold, Push, TellJob
from globewire.message import AccountId, MessageId, Millis, State
from laws.conftest import Opener
from laws.making import ACCOUNT, NOW, account, message, submission

LEASE = 60_000
REFUSED = Push(Millis(NOW + 100), 20, 500, False, "HTTP 500", "<h1>Sorry</h1> \u20ac", 2)
GONE = Push(Millis(NOW + 200), 10_000, 0, False, "no answer in time", "", 2)
GOOD = Push(Millis(NOW + 300), 7, 200, True, "acknowledged", '{"code": 0}', 2)


async def ended(hold: Hold, *numbers: int, at: int = NOW) -> None:
    """These messages are over, and their account has an endpoint."""
    await hold.put_account(account())
    await hold.keep([submission(n) for n in numbers], None)
    await hold.record(*(Became(message(n).id, State.EXPIRED, Millis(at), None, "EXPIRED", "") for n in numbers))


async def claimed(hold: Hold, push: Push | None = None, now: int = NOW) -> TellJob:
    """The one job that is due, pushed."""
    (job,) = await hold.claim(TELL, 100, Millis(now), LEASE)
    return dataclasses.replace(job, push=push)


async def shown(hold: Hold, n: int) -> tuple[str, tuple[Push, ...]]:
    standing = await hold.look(message(n).id)
    assert standing is not None
    return standing.told, standing.pushes


async def test_an_acknowledged_push_is_shown_by_each_of_its_messages(opener: Opener) -> None:
    """And by no other one, over a restart."""
    hold = await opener()
    await ended(hold, 1, 2)
    await hold.done((await claimed(hold, GOOD), ()))
    await ended(hold, 3)
    later = dataclasses.replace(GOOD, at=Millis(NOW + 400), reports=1)
    await hold.done((await claimed(hold, later), ()))
    await hold.close()
    hold = await opener()
    assert await shown(hold, 1) == await shown(hold, 2) == ("acknowledged", (GOOD,))
    assert await shown(hold, 3) == ("acknowledged", (later,))


async def test_pushes_to_several_endpoints_that_are_written_at_once_are_each_shown_by_its_own_messages(hold: Hold) -> None:
    """Refused together, and acknowledged together: each message shows the two that it went in."""
    names = [AccountId(f"shop{n}") for n in range(5)]
    kept = [dataclasses.replace(submission(n), message=dataclasses.replace(message(n), account=names[n % 5])) for n in range(10)]
    for name in names:
        await hold.put_account(account(name=name))
    await hold.keep(kept, None)
    await hold.record(*(Became(s.message.id, State.EXPIRED, NOW, None, "EXPIRED", "") for s in kept))

    async def pushed(push: Push) -> list[TellJob]:
        jobs = await hold.claim(TELL, 100, NOW, LEASE)
        return [dataclasses.replace(job, push=dataclasses.replace(push, said=job.account)) for job in jobs]

    await asyncio.gather(*(hold.again((job, NOW)) for job in await pushed(REFUSED)))
    await hold.done(*((job, ()) for job in await pushed(GOOD)))
    for n in range(10):
        told, pushes = await shown(hold, n)
        said = names[n % 5]
        assert (told, pushes) == ("acknowledged", tuple(dataclasses.replace(push, said=said) for push in (REFUSED, GOOD)))


async def test_refused_pushes_are_shown_while_a_message_waits_and_once_it_was_told(hold: Hold) -> None:
    await ended(hold, 1, 2)
    await hold.again((await claimed(hold, REFUSED), Millis(NOW + 60_000)))
    assert await shown(hold, 1) == ("refused 1 times, waiting", (REFUSED,))
    await hold.again((await claimed(hold, GONE, NOW + 60_000), Millis(NOW + 120_000)))
    assert await shown(hold, 2) == ("refused 2 times, waiting", (REFUSED, GONE))
    await hold.done((await claimed(hold, GOOD, NOW + 120_000), ()))
    assert await shown(hold, 1) == await shown(hold, 2) == ("acknowledged", (REFUSED, GONE, GOOD))


async def test_what_was_given_up_and_revived_shows_all_its_pushes(hold: Hold) -> None:
    await ended(hold, 1)
    await hold.bury(await claimed(hold, REFUSED), NOW)
    assert await shown(hold, 1) == ("given up", (REFUSED,))
    await hold.revive(ACCOUNT, NOW)
    assert await shown(hold, 1) == ("waiting", (REFUSED,))
    await hold.done((await claimed(hold, GOOD), ()))
    assert await shown(hold, 1) == ("acknowledged", (REFUSED, GOOD))


async def test_a_push_of_which_nothing_is_said_leaves_nothing(hold: Hold) -> None:
    await ended(hold, 1)
    await hold.again((await claimed(hold), Millis(0)))
    assert await shown(hold, 1) == ("refused 1 times, waiting", ())
    await hold.done((await claimed(hold), ()))
    assert await shown(hold, 1) == ("acknowledged", ())


async def test_a_report_that_was_acknowledged_is_queued_again(hold: Hold) -> None:
    """Alone, as if it were the first time; its history shows that somebody asked, and all pushes."""
    await ended(hold, 1, 2)
    await hold.done((await claimed(hold, GOOD), ()))
    assert await hold.replay(message(2).id, Millis(NOW + 500))
    assert (await shown(hold, 2))[0] == "waiting"
    job = await claimed(hold, dataclasses.replace(GOOD, at=Millis(NOW + 600), reports=1))
    assert (job.tries, [r.message for r in job.reports]) == (0, [message(2).id])
    await hold.done((job, ()))
    assert await shown(hold, 2) == ("acknowledged", (GOOD, job.push))
    assert await shown(hold, 1) == ("acknowledged", (GOOD,))
    standing = await hold.look(message(2).id)
    assert standing is not None
    assert [(note.at, note.what) for note in standing.notes] == [(NOW + 500, "callback")]


async def test_a_report_that_was_given_up_is_queued_again_alone(hold: Hold) -> None:
    await ended(hold, 1, 2)
    await hold.bury(await claimed(hold, REFUSED), NOW)
    assert await hold.replay(message(1).id, NOW)
    job = await claimed(hold, GOOD)
    assert (job.tries, [r.message for r in job.reports]) == (0, [message(1).id])
    await hold.done((job, ()))
    assert await shown(hold, 1) == ("acknowledged", (REFUSED, GOOD))
    assert (await shown(hold, 2))[0] == "given up"


async def test_a_report_that_waits_is_queued_once_and_due_at_once(hold: Hold) -> None:
    await ended(hold, 1)
    await hold.again((await claimed(hold, REFUSED), Millis(NOW + 60_000)))
    assert await hold.claim(TELL, 9, NOW, LEASE) == []
    assert await hold.replay(message(1).id, NOW)
    job = await claimed(hold, GOOD)
    assert [r.message for r in job.reports] == [message(1).id]
    await hold.done((job, ()))
    assert await hold.claim(TELL, 9, NOW, LEASE) == []


async def test_a_report_that_never_was_may_be_queued_once_there_is_an_endpoint(hold: Hold) -> None:
    await hold.put_account(account(""))
    await hold.keep([submission(1)], None)
    assert not await hold.replay(message(1).id, NOW)  # it is under way
    await hold.record(Became(message(1).id, State.EXPIRED, NOW, None, "EXPIRED", ""))
    assert not await hold.replay(message(1).id, NOW)  # there is no endpoint
    assert not await hold.replay(MessageId(5), NOW)  # there is no such message
    await hold.put_account(account())
    assert await shown(hold, 1) == ("none", ())
    assert await hold.replay(message(1).id, NOW)
    await hold.done((await claimed(hold, GOOD), ()))
    assert await shown(hold, 1) == ("acknowledged", (GOOD,))


async def test_an_outbox_shows_its_last_push_and_its_last_success(hold: Hold) -> None:
    await hold.put_account(account("http://127.0.0.1:2/", AccountId("other")))
    await ended(hold, 1, 2)
    boxes = {box.account: box for box in await hold.outboxes()}
    assert (boxes[ACCOUNT].pushed, boxes[ACCOUNT].acknowledged_at) == (None, 0)
    await hold.done((await claimed(hold, GOOD), ()))
    await ended(hold, 3)
    late = dataclasses.replace(REFUSED, at=Millis(NOW + 900))
    await hold.again((await claimed(hold, late), Millis(NOW + 60_000)))
    boxes = {box.account: box for box in await hold.outboxes()}
    box = boxes[ACCOUNT]
    assert (box.waiting, box.dead, box.tries, box.due_at) == (1, 0, 1, NOW + 60_000)
    assert (box.pushed, box.acknowledged_at) == (late, GOOD.at + GOOD.took)
    assert (boxes[AccountId("other")].pushed, boxes[AccountId("other")].waiting) == (None, 0)


async def test_outboxes_are_those_of_the_accounts_that_are_asked_for(hold: Hold) -> None:
    """Of several: one waits, one was refused, one was given up, one has an endpoint and nothing else, one has neither."""
    names = [AccountId(name) for name in ("b", "c", "a", "idle", "none")]
    for name in names:
        await hold.put_account(account("" if name == "none" else "http://127.0.0.1:1/push", name))
    kept = [dataclasses.replace(submission(n), message=dataclasses.replace(message(n), account=names[n % 3])) for n in range(6)]
    await hold.keep(kept, None)
    assert await hold.owed() == {}
    await hold.record(*(Became(s.message.id, State.EXPIRED, NOW, None, "EXPIRED", "") for s in kept))
    jobs = {job.account: job for job in await hold.claim(TELL, 100, NOW, LEASE)}
    assert await hold.owed() == dict.fromkeys(names[:3], False)
    await hold.again((dataclasses.replace(jobs[names[1]], push=REFUSED), Millis(NOW + 60_000)))
    await hold.bury(dataclasses.replace(jobs[names[2]], push=GONE), NOW)
    assert await hold.owed() == {names[0]: False, names[1]: True, names[2]: True}
    every = await hold.outboxes()
    assert [(box.account, box.waiting, box.dead, box.tries, box.pushed) for box in every] == [
        *((names[2], 0, 2, 0, GONE), (names[0], 2, 0, 0, None), (names[1], 2, 0, 1, REFUSED), (names[3], 0, 0, 0, None)),
    ]
    assert await hold.outboxes([names[1], names[4], AccountId("nobody"), names[2]]) == [every[0], every[2]]
    assert await hold.outboxes([]) == []
    await hold.revive(names[2], NOW)
    await hold.done((jobs[names[0]], ()))
    assert await hold.owed() == {names[1]: True, names[2]: False}


async def test_pushes_are_forgotten_with_the_messages_that_could_show_them(hold: Hold) -> None:
    """As many at a time as are asked for."""
    await ended(hold, 1)
    for n in range(5):
        await hold.again((await claimed(hold, dataclasses.replace(REFUSED, at=Millis(NOW - 9 + n))), Millis(0)))
    before = Millis(NOW - 5)
    assert [await hold.forget(Millis(0), before, 3) for _ in range(3)] == [3, 1, 0]
    assert [push.at for push in (await shown(hold, 1))[1]] == [NOW - 5]
    (box,) = await hold.outboxes()
    assert box.pushed is not None
    await hold.forget(Millis(0), Millis(before + 1), 3)
    (box,) = await hold.outboxes()
    assert (box.pushed, await shown(hold, 1)) == (None, ("refused 5 times, waiting", ()))


@pytest.mark.parametrize("reports", [1, 100, 1000])
async def test_many_reports_are_one_push(hold: Hold, reports: int) -> None:
    await ended(hold, *range(reports))
    (job,) = await hold.claim(TELL, 1000, NOW, LEASE)
    await hold.done((dataclasses.replace(job, push=dataclasses.replace(GOOD, reports=reports)), ()))
    assert [push.reports for n in (0, reports - 1) for push in (await shown(hold, n))[1]] == [reports, reports]
