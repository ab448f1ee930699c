"""Whoever makes the pushes, in this process and in one of its own: it tells of each errand once, whatever becomes of it."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from globewire.hold.port import Report
from globewire.message import MessageId, Millis, State
from globewire.tell import pusher_process
from globewire.tell.push import PushResult
from globewire.tell.pusher import Came, Errand, How, Pushers, here
from globewire.tell.pusher_process import GONE, PusherProcess, apart
from globewire.wire.callback import SIGNATURE_HEADER, signature
from laws.making import NOW
from tell.conftest import Receivers
from tell.receiving import Receiver, plain

HOW = How(private=True, timeout=5.0, connections=64)
REPORT = Report(
    1, MessageId(NOW * 100_000), "85291000001", "task", 1, State.DELIVERED, "000", "delivered", Millis(NOW), Millis(NOW)
)
NEVER = Millis(300_000_000_000_000)
"""A moment in the year 11476, which no date can show."""


@dataclass(slots=True)
class Heard:
    """What a pusher told."""

    came: dict[int, Came] = field(default_factory=dict)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, came: Sequence[tuple[int, Came]]) -> None:
        for number, result in came:
            assert number not in self.came, "told twice"
            self.came[number] = result
        self._more.set()

    async def all(self, count: int) -> dict[int, Came]:
        """What came, as soon as it is so much."""
        async with asyncio.timeout(10):
            while len(self.came) < count:
                self._more.clear()
                await self._more.wait()
        return self.came


def errand(receiver: Receiver, report: Report = REPORT) -> Errand:
    return Errand(receiver.url, b"secret", NOW // 1000, (report,))


def acknowledged(came: Came) -> bool:
    return isinstance(came, PushResult) and came.acknowledged


def children() -> list[int]:
    """The processes that this one has started."""
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()]


async def until_gone(pid: int) -> None:
    """Return when there is no such process, or none that runs."""
    async with asyncio.timeout(10):
        while (at := Path(f"/proc/{pid}/stat")).exists() and " Z " not in at.read_text(encoding="ascii"):
            await asyncio.sleep(0.01)


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


@pytest.fixture(params=["here", "apart"])
def pushers(request: pytest.FixtureRequest) -> Pushers:
    return partial(here, HOW) if request.param == "here" else partial(apart, HOW)


async def test_each_errand_is_told_of_once(pushers: Pushers, receive: Receivers) -> None:
    """Whether it was taken, refused, or is one that cannot be made."""
    took, refused, heard = await receive(), await receive(plain(503, "busy")), Heard()
    async with pushers(heard) as pusher:
        for number in range(50):
            pusher.begin(number, errand(took))
        pusher.begin(50, errand(refused))
        pusher.begin(51, errand(took, replace(REPORT, ended_at=NEVER)))
        came = await heard.all(52)
    assert [number for number in range(50) if not acknowledged(came[number])] == []
    assert isinstance(came[50], PushResult)
    assert (came[50].status, came[50].reason, came[50].said) == (503, "HTTP 503", "busy")
    assert came[51] == "ValueError"
    assert took.message_ids() == [str(REPORT.message)] * 50
    for push in took.pushes:
        stamp = str(NOW // 1000)
        assert push.headers[SIGNATURE_HEADER] == f"v1={signature(b'secret', stamp, push.body)}"


async def test_what_is_under_way_when_it_ends_is_broken_off(pushers: Pushers, receive: Receivers) -> None:
    receiver, heard = await receive(hang), Heard()
    async with pushers(heard) as pusher:
        pusher.begin(1, errand(receiver))
        await receiver.arrived(1)
    await asyncio.sleep(0)
    assert heard.came == {}


async def test_many_reports_go_over_in_one_piece(pushers: Pushers, receive: Receivers) -> None:
    """More octets than any socket takes at once."""
    receiver, heard = await receive(), Heard()
    reports = [replace(REPORT, id=n, message=MessageId(NOW * 100_000 + n), error="x" * 500) for n in range(2_000)]
    async with pushers(heard) as pusher:
        pusher.begin(7, replace(errand(receiver), reports=reports))
        came = await heard.all(1)
    assert acknowledged(came[7])
    assert receiver.message_ids() == [str(report.message) for report in reports]


async def test_the_process_is_started_with_the_first_push_and_ends_with_the_block(receive: Receivers) -> None:
    receiver, heard, before = await receive(), Heard(), children()
    async with apart(HOW, heard) as pusher:
        assert children() == before
        pusher.begin(1, errand(receiver))
        assert acknowledged((await heard.all(1))[1])
        (started,) = set(children()) - set(before)
    assert not Path(f"/proc/{started}").exists()


async def test_a_process_that_dies_is_told_of_and_followed_by_another(receive: Receivers) -> None:
    """What it had under way is known to be unknown, so that its lease brings it back."""
    hanging, receiver, heard, before = await receive(hang), await receive(), Heard(), children()
    async with apart(HOW, heard) as pusher:
        pusher.begin(1, errand(hanging))
        await hanging.arrived(1)
        (first,) = set(children()) - set(before)
        os.kill(first, signal.SIGKILL)
        assert (await heard.all(1))[1] == GONE
        pusher.begin(2, errand(receiver))
        assert acknowledged((await heard.all(2))[2])
        (second,) = set(children()) - set(before)
        assert second != first


async def test_signals_to_all_processes_of_a_gateway_end_no_push(receive: Receivers) -> None:
    """A terminal gives Ctrl-C to this one too; only its gateway ends it, which may still have much to tell."""
    receiver, heard, before = await receive(), Heard(), children()
    async with apart(HOW, heard) as pusher:
        pusher.begin(1, errand(receiver))
        await heard.all(1)
        (started,) = set(children()) - set(before)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(started, number)
        pusher.begin(2, errand(receiver))
        assert acknowledged((await heard.all(2))[2])
        assert started in children()


async def test_one_that_does_not_come_up_is_told_of(monkeypatch: pytest.MonkeyPatch, receive: Receivers) -> None:
    monkeypatch.setattr(pusher_process, "PROGRAM", ("-c", "raise SystemExit(3)"))
    receiver, heard = await receive(), Heard()
    async with apart(HOW, heard) as pusher:
        for number in (1, 2):
            pusher.begin(number, errand(receiver))
            assert (await heard.all(number))[number] == GONE


async def test_one_that_cannot_be_started_is_told_of(monkeypatch: pytest.MonkeyPatch, receive: Receivers) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    receiver, heard = await receive(), Heard()
    async with apart(HOW, heard) as pusher:
        pusher.begin(1, errand(receiver))
        assert (await heard.all(1))[1] == GONE


async def test_it_ends_with_a_gateway_that_is_killed(receive: Receivers) -> None:
    """Nothing is pushed by nobody's child."""
    hanging = await receive(hang)
    program = f"""if True:
        import asyncio
        from pathlib import Path
        from globewire.tell.pusher import Errand, How
        from globewire.tell.pusher_process import apart

        async def main():
            async with apart(How(True, 60.0, 4), print) as pusher:
                pusher.begin(1, Errand({hanging.url!r}, b"", 0, ()))
                await asyncio.sleep(60)

        asyncio.run(main())
    """
    gateway = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    await hanging.arrived(1)
    (child,) = Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text(encoding="ascii").split()
    gateway.kill()
    await gateway.wait()
    await until_gone(int(child))


async def test_errands_wait_for_a_process_that_is_coming_up(receive: Receivers) -> None:
    """Those of later turns of the loop too: each is made once."""
    receiver, heard = await receive(), Heard()
    async with apart(HOW, heard) as pusher:
        assert isinstance(pusher, PusherProcess)
        for number in range(5):
            pusher.begin(number, errand(receiver))
            await asyncio.sleep(0)
        came = await heard.all(5)
    assert [acknowledged(each) for each in came.values()] == [True] * 5
    assert len(receiver.pushes) == 5
