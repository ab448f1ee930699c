"""One carrier's sessions over real sockets: window, queue, pause, unfit submits, lost binds and the last goodbye."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from globewire import plan
from globewire.message import CarrierId
from globewire.plan import Binding
from globewire.send.carrier import Carrier
from globewire.send.session import Pump
from globewire.wire.pdu import Command, Pdu, PduFault, Status
from globewire.wire.submission import SubmitSm
from stories.carriers import Address, Smsc, smsc, willing
from stories.house import eventually

Heard = tuple[str, object]


@dataclass(slots=True)
class Ear:
    """A listener that remembers, in order, what became of each ref."""

    heard: list[Heard] = field(default_factory=list)
    asks: list[Pdu] = field(default_factory=list)
    roomier: asyncio.Event = field(default_factory=asyncio.Event)

    def moved(self) -> None:
        """Note that there may be more room."""
        self.roomier.set()

    def left(self, ref: object) -> None:
        """Nothing follows."""

    def answered(self, ref: object, response: Pdu, took: float) -> None:
        """Note the status."""
        self.heard.append((f"status {response.status}", ref))

    def unanswered(self, ref: object) -> None:
        """Note it."""
        self.heard.append(("unanswered", ref))

    def unfit(self, ref: object, fault: PduFault) -> None:
        """Note it."""
        self.heard.append(("unfit", ref))

    def asked(self, pump: Pump, request: Pdu) -> None:
        """Note it, and acknowledge."""
        self.asks.append(request)
        pump.write(pump.session.respond(request))

    async def until(self, count: int) -> list[Heard]:
        """The first `count` things heard."""

        async def look() -> list[Heard] | None:
            return self.heard[:count] if len(self.heard) >= count else None

        return await eventually(look, lambda: f"{count} awaited, {len(self.heard)} heard")


@dataclass(slots=True)
class Line:
    """A carrier that is kept alive, and what is heard of it."""

    carrier: Carrier
    ear: Ear

    async def bound(self, count: int) -> None:
        """Return when so many binds stand."""

        async def look() -> bool | None:
            return self.carrier.bound == count or None

        await eventually(look, lambda: f"{self.carrier.bound} binds, {count} awaited")


@asynccontextmanager
async def lined(address: Address, **more: Any) -> AsyncIterator[Line]:
    """Keep the sessions of a carrier at this address alive."""
    quick = {"reconnect_first": 0.05, "reconnect_most": 0.1, "throttle_pause": 0.1, **more}
    settings = plan.Carrier(id=CarrierId("north"), host=address[0], port=address[1], system_id="globe", password="", **quick)
    ear = Ear()
    carrier = Carrier(settings, ear, tls=None, clock=asyncio.get_running_loop().time, jitter=lambda: 0.5)
    keeping = asyncio.create_task(carrier.keep())
    try:
        yield Line(carrier, ear)
    finally:
        await carrier.leave(1.0)
        keeping.cancel()
        await asyncio.wait([keeping])


def text(to: str, **more: int | str | bytes) -> SubmitSm:
    return SubmitSm({"destination_addr": to, "short_message": b"hello", **more}, {})


def silent(pdu: Pdu) -> Any:
    """Bind, and answer nothing else."""
    return None if pdu.command == Command.SUBMIT_SM else willing(pdu)


def busy(submits: Smsc) -> list[str]:
    return [pdu.text("destination_addr") for _, pdu in submits.heard if pdu.command == Command.SUBMIT_SM]


async def test_no_more_than_the_window_is_unanswered() -> None:
    """The rest waits in order, and can be taken back while it does."""
    async with smsc(silent) as (far, address), lined(address, window=3) as line:
        assert (line.carrier.room, line.carrier.bound) == (0, 0)
        await line.bound(1)
        assert line.carrier.room == 3
        for n in range(8):
            line.carrier.submit(n, text(str(n)))
        await far.requests(Command.SUBMIT_SM, 3)
        assert (line.carrier.in_flight, line.carrier.room, busy(far)) == (3, 0, ["0", "1", "2"])
        assert line.carrier.take_unsent() == [3, 4, 5, 6, 7]
        assert line.carrier.take_unsent() == []


async def test_what_waits_follows_as_answers_come_and_first_is_first() -> None:
    """Each answer makes room; what is submitted as `first` overtakes what waits."""
    async with smsc() as (far, address), lined(address, window=1) as line:
        for n in range(4):
            line.carrier.submit(n, text(str(n)))
        line.carrier.submit("first", text("first"), first=True)
        heard = await line.ear.until(5)
        assert [ref for _, ref in heard] == ["first", 0, 1, 2, 3]
        assert {said for said, _ in heard} == {"status 0"}
        assert busy(far) == ["first", "0", "1", "2", "3"]


async def test_all_binds_share_the_work() -> None:
    """The freest is taken: no bind waits while another is full."""
    async with smsc(silent) as (far, address), lined(address, window=2, binds=3) as line:
        await line.bound(3)
        assert line.carrier.room == 6
        for n in range(6):
            line.carrier.submit(n, text(str(n)))
        await far.requests(Command.SUBMIT_SM, 6)
        per_bind = [sum(pump is each for pump, pdu in far.heard if pdu.command == Command.SUBMIT_SM) for each in far.sessions]
        assert (per_bind, line.carrier.room) == ([2, 2, 2], 0)


async def test_a_receiver_takes_no_submits() -> None:
    """With separate binds the transmitter's window is all the room there is; receipts come by the receiver."""
    async with smsc() as (far, address), lined(address, bind=Binding.SEPARATE, window=2) as line:
        await line.bound(2)
        assert (line.carrier.room, line.carrier.unbound_since) == (2, None)
        line.carrier.submit("one", text("1"))
        await line.ear.until(1)
        [by] = [pump for pump, pdu in far.heard if pdu.command == Command.SUBMIT_SM]
        assert by.session.bound_as.value == "transmitter"
        far.deliver("id:1 stat:DELIVRD", "1")

        async def acknowledged() -> Pdu | None:
            return next(iter(line.ear.asks), None)

        assert (await eventually(acknowledged)).command == Command.DELIVER_SM


async def test_what_does_not_fit_is_told_and_holds_nothing_up() -> None:
    """A field that cannot be written ends as unfit; the next submit goes out."""
    async with smsc() as (far, address), lined(address) as line:
        await line.bound(1)
        line.carrier.submit("odd", text("1" * 60))
        line.carrier.submit("good", text("2"))
        assert await line.ear.until(2) == [("unfit", "odd"), ("status 0", "good")]
        assert busy(far) == ["2"]


async def test_a_pause_stops_all_and_ends_by_itself() -> None:
    """While paused there is no room and nothing leaves; then the listener hears that there is room and what waited goes out."""
    async with smsc() as (far, address), lined(address, throttle_pause=0.3) as line:
        await line.bound(1)
        line.carrier.pause()
        line.carrier.submit("later", text("1"))
        assert (line.carrier.room, line.carrier.throttled_since is None) == (0, False)
        line.ear.roomier.clear()
        assert busy(far) == []
        async with asyncio.timeout(10):
            await line.ear.roomier.wait()
        assert await line.ear.until(1) == [("status 0", "later")]


@pytest.mark.parametrize("end", ["dropped", "timed out"])
async def test_a_submit_without_an_answer_is_told_once(end: str) -> None:
    """Whether the connection ends or the time does. What still waited is not in doubt: it leaves by the next bind."""
    patience = {"response_timeout": 0.2} if end == "timed out" else {}
    async with smsc(silent) as (far, address), lined(address, window=1, **patience) as line:
        await line.bound(1)
        line.carrier.submit("lost", text("1"))
        line.carrier.submit("waiting", text("2"))
        await far.requests(Command.SUBMIT_SM, 1)
        far.answer = willing
        if end == "dropped":
            far.sessions[0].close()
        assert await line.ear.until(2) == [("unanswered", "lost"), ("status 0", "waiting")]
        assert busy(far) == ["1", "2"]


async def test_an_end_is_noticed_and_a_new_beginning_too() -> None:
    """`unbound_since` counts from the loss of the last bind that takes submits, and is None once there is one."""
    async with smsc() as (far, address), lined(address) as line:
        assert line.carrier.unbound_since is not None
        await line.bound(1)
        assert line.carrier.unbound_since is None
        began = asyncio.get_running_loop().time()
        far.sessions[0].close()
        await line.bound(0)
        assert line.carrier.unbound_since is not None
        assert line.carrier.unbound_since >= began
        await line.bound(1)
        assert line.carrier.unbound_since is None


async def test_a_refused_bind_is_tried_again_and_says_why() -> None:
    """The state of the bind has the carrier's reason; when the carrier changes its mind, it binds."""
    async with smsc(lambda pdu: (Status.RINVPASWD, {})) as (far, address), lined(address) as line:
        await far.requests(Command.BIND_TRANSCEIVER, 2)
        assert line.carrier.binds[0].state.startswith("bind refused: ESME_RINVPASWD")
        far.answer = willing
        await line.bound(1)
        assert line.carrier.binds[0].state == "bound"


async def test_a_bind_that_is_never_answered_is_given_up_and_said() -> None:
    """After the response timeout the connection is closed, the state says so, and another try is made."""
    async with smsc(lambda pdu: None) as (far, address), lined(address, response_timeout=0.2) as line:
        await far.requests(Command.BIND_TRANSCEIVER, 2)

        async def said() -> str | None:
            state = line.carrier.binds[0].state
            return state if state != "not connected" else None

        assert await eventually(said) == "not bound: no response to bind_transceiver"


async def test_leaving_unbinds_every_bind() -> None:
    """The carrier is told, answers, and the connections end."""
    async with smsc() as (far, address):
        async with lined(address, binds=2) as line:
            await line.bound(2)
        assert far.endings == ["unbound by the peer"] * 2
        assert line.carrier.bound == 0


async def test_who_has_left_does_not_come_back() -> None:
    """Though it is cancelled only later: a session that nobody serves would take receipts that nobody keeps."""
    async with smsc() as (far, address):
        settings = plan.Carrier(id=CarrierId("north"), host=address[0], port=address[1], system_id="globe", password="", binds=2)
        carrier = Carrier(settings, Ear(), tls=None, clock=asyncio.get_running_loop().time, jitter=lambda: 0.5)
        keeping = asyncio.create_task(carrier.keep())
        await Line(carrier, Ear()).bound(2)
        await carrier.leave(5.0)
        async with asyncio.timeout(10):
            await keeping
        assert (carrier.bound, far.endings) == (0, ["unbound by the peer"] * 2)


async def test_a_session_ends_with_whoever_kept_it() -> None:
    """Cancelled without a word: the connection is closed, and the carrier knows that nobody hears."""
    async with smsc() as (far, address):
        settings = plan.Carrier(id=CarrierId("north"), host=address[0], port=address[1], system_id="globe", password="")
        carrier = Carrier(settings, Ear(), tls=None, clock=asyncio.get_running_loop().time, jitter=lambda: 0.5)
        keeping = asyncio.create_task(carrier.keep())
        await far.bound(1)
        keeping.cancel()
        await asyncio.wait([keeping])

        async def ended() -> bool | None:
            return True if far.endings else None

        await eventually(ended)
