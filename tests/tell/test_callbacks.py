"""Pushes against real endpoints on loopback, from a real hold, with a clock that is turned by hand."""

import asyncio
import contextlib
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import apsw
import pytest
import structlog
from aiohttp import web

from globewire.hold.port import TELL, Became, Outbox, Push
from globewire.hold.sqlite import SqliteHold
from globewire.message import AccountId, MessageId, Millis, State
from globewire.meter.dials import Meter
from globewire.tell import callbacks
from globewire.tell.callbacks import Callbacks, Settings
from globewire.tell.pusher_process import apart
from laws.making import NOW, account, submission
from tell.certificates import certified
from tell.conftest import Receivers
from tell.receiving import Answer, Receiver, plain, take

SHOP = AccountId("shop")
SECRET = b"callback-secret"
MINUTE = 60_000


@dataclass(slots=True)
class Clock:
    now: int = NOW

    def __call__(self) -> Millis:
        return Millis(self.now)


@dataclass(slots=True)
class Tell:
    """A hold, a clock, and the stage running on them."""

    hold: SqliteHold
    clock: Clock
    settings: Settings
    stages: list[tuple[Callbacks, asyncio.Task[None]]]
    apart: bool = False
    meter: Meter = field(default_factory=Meter)

    async def open(self, receiver: Receiver, name: AccountId = SHOP) -> None:
        await self.hold.put_account(account(receiver.url, name))

    async def end(self, numbers: Sequence[int], name: AccountId = SHOP, state: State = State.REJECTED) -> list[str]:
        """Messages that were accepted and came to their end; their ids, as they should arrive."""
        kept = [submission(n) for n in numbers]
        kept = [replace(s, message=replace(s.message, account=name)) for s in kept]
        await self.hold.keep(kept, None)
        await self.hold.record(*(Became(s.message.id, state, self.clock(), None, "CODE", "why") for s in kept))
        return [str(s.message.id) for s in kept]

    def start(self, settings: Settings | None = None) -> Callbacks:
        settings = settings or self.settings
        stage = Callbacks(
            self.hold,
            settings=settings,
            clock=self.clock,
            secret_of=lambda name: SECRET,
            pushers=partial(apart, settings.how) if self.apart else None,
            meter=self.meter,
        )
        self.stages.append((stage, asyncio.create_task(stage.run())))
        return stage

    async def outbox(self, name: AccountId = SHOP) -> Outbox:
        return next(box for box in await self.hold.outboxes() if box.account == name)

    async def until(self, fits: Callable[[Outbox], bool], name: AccountId = SHOP) -> Outbox:
        """The outbox, as soon as it fits."""
        async with asyncio.timeout(10):
            while not fits(box := await self.outbox(name)):
                await asyncio.sleep(0.005)
        return box

    async def until_acknowledged(self, reports: int) -> None:
        """Return when so many reports were counted as acknowledged: shortly after the hold knows it of the last."""
        async with asyncio.timeout(10):
            while self.meter.reports.of("acknowledged").value < reports:
                await asyncio.sleep(0.005)

    async def until_noted(self, message: str, words: str) -> None:
        """Return when the message's history says so."""
        async with asyncio.timeout(10):
            while not (
                (seen := await self.hold.look(MessageId(int(message)))) and any(words in note.detail for note in seen.notes)
            ):
                await asyncio.sleep(0.005)


@pytest.fixture(params=["here", "apart"])
async def tell(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Tell]:
    """Pushing from this process, and from one of its own."""
    hold = await SqliteHold.open(tmp_path / "hold.db")
    made = Tell(hold, Clock(), Settings(allow_private=True, timeout=5.0, idle=0.01), [], request.param == "apart")
    yield made
    for _, task in made.stages:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await hold.close()


async def test_reports_arrive_in_order_and_are_done(tell: Tell, receive: Receivers) -> None:
    """Batches of at most `batch`, oldest first; the hold then knows that the customer was told."""
    receiver = await receive()
    await tell.open(receiver)
    ids = await tell.end(range(1, 26))
    stage = tell.start(replace(tell.settings, batch=10))
    await tell.until(lambda box: box.waiting == 0)
    assert receiver.message_ids() == ids
    assert [len(push.reports) for push in receiver.pushes] == [10, 10, 5]
    await tell.until_acknowledged(25)
    assert (tell.meter.pushes.of("acknowledged").value, tell.meter.reports.of("acknowledged").value) == (3, 25)
    assert stage.busy == 0


async def test_the_history_has_each_push_and_what_the_endpoint_said(tell: Tell, receive: Receivers) -> None:
    """With the time of each, as it was: not the time at which the message came to its end."""
    receiver = await receive(take, plain(503, "<h1>Come\r\nagain</h1>"))
    await tell.open(receiver)
    (id,) = await tell.end([7])
    tell.clock.now += 5_000
    tell.start()
    await tell.until(lambda box: box.tries == 1)
    tell.clock.now += 60_000
    box = await tell.until(lambda box: box.waiting == 0)
    standing = await tell.hold.look(MessageId(int(id)))
    assert standing is not None
    assert [(p.at, p.status, p.acknowledged, p.reason, p.said, p.reports) for p in standing.pushes] == [
        (NOW + 5_000, 503, False, "HTTP 503", "<h1>Come again</h1>", 1),
        (NOW + 65_000, 200, True, "acknowledged", web.json_response({"code": 0, "msg": "接收成功"}).text, 1),
    ]
    assert box.pushed == standing.pushes[1]
    assert box.acknowledged_at == NOW + 65_000 + standing.pushes[1].took


async def test_an_endpoint_that_is_not_there_is_in_the_history(tell: Tell, receive: Receivers) -> None:
    await tell.hold.put_account(account("http://127.0.0.1:1/push"))
    (id,) = await tell.end([7])
    tell.start()
    box = await tell.until(lambda box: box.tries == 1)
    standing = await tell.hold.look(MessageId(int(id)))
    assert standing is not None
    assert [(p.status, p.reason, p.said) for p in standing.pushes] == [(0, "no connection", "")]
    assert (box.pushed, box.acknowledged_at) == (standing.pushes[0], 0)


async def test_a_push_is_what_the_contract_says_and_signed(tell: Tell, receive: Receivers) -> None:
    receiver = await receive()
    await tell.open(receiver)
    (message_id,) = await tell.end([7], state=State.EXPIRED)
    tell.start()
    await receiver.arrived(1)
    push = receiver.pushes[0]
    assert push.reports == [
        {
            "MessageId": message_id,
            "To": "85291000007",
            "SendDate": "Fri, 15 Jan 2027 16:00:00 +0800",
            "ReceiveDate": "Fri, 15 Jan 2027 16:00:00 +0800",
            "Status": "6",
            "ErrorCode": "CODE",
            "ErrorDescription": "why",
            "TaskId": "task-7",
            "SmsSize": "1",
        }
    ]
    assert push.headers["Content-Type"] == "application/json;charset=utf-8"
    stamp = push.headers["x-globewire-timestamp"]
    assert stamp == str(NOW // 1000)
    digest = hmac.new(SECRET, stamp.encode() + b"." + push.body, hashlib.sha256).hexdigest()
    assert push.headers["x-globewire-signature"] == f"v1={digest}"


async def test_reports_that_end_while_it_runs_are_pushed(tell: Tell, receive: Receivers) -> None:
    receiver = await receive()
    await tell.open(receiver)
    tell.start(replace(tell.settings, idle=5.0))
    for n in range(1, 4):
        await tell.end([n])
        await receiver.arrived(n)
    await tell.until(lambda box: box.waiting == 0)


async def hang(request: web.Request) -> web.StreamResponse:
    """Not a word, until the other side goes."""
    await asyncio.sleep(3600)
    raise AssertionError


async def close(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def trickle(request: web.Request) -> web.StreamResponse:
    """Status 200 at once, and a body that never ends."""
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)
    return response


REFUSALS: dict[str, Answer] = {
    "status 500": plain(500, '{"code":0}'),
    "status 503": plain(503),
    "status 404": plain(404),
    "status 204": plain(204),
    "status 201": plain(201, '{"code":0}'),
    "empty 200": plain(200),
    "text in 200": plain(200, "OK"),
    "code a string": plain(200, '{"code":"0"}'),
    "no code": plain(200, '{"msg":"fine"}'),
    "too long": plain(200, '{"code":0}' + " " * 65_536),
    "hangs": hang,
    "trickles": trickle,
    "closes": close,
}


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_three_refusals_then_given_up_then_revived(refusal: str, tell: Tell, receive: Receivers) -> None:
    """After 1 and 5 minutes and never earlier, visible when given up, and delivered when asked for again."""
    receiver = await receive(plain(200, '{"code":0}'), *[REFUSALS[refusal]] * 3)
    await tell.open(receiver)
    ids = await tell.end([1, 2])
    tell.start(replace(tell.settings, timeout=0.4 if refusal in ("hangs", "trickles") else 5.0))
    box = await tell.until(lambda box: box.tries == 1)
    assert (box.waiting, box.dead, box.due_at, len(receiver.pushes)) == (2, 0, NOW + MINUTE, 1)
    tell.clock.now += MINUTE
    box = await tell.until(lambda box: box.tries == 2)
    assert (box.waiting, box.dead, box.due_at, len(receiver.pushes)) == (2, 0, NOW + 6 * MINUTE, 2)
    tell.clock.now += 5 * MINUTE
    box = await tell.until(lambda box: box.dead > 0)
    assert (box.waiting, box.dead, len(receiver.pushes)) == (0, 2, 3)
    await tell.until_noted(ids[1], "given up after 3 pushes: ")
    assert await tell.hold.revive(SHOP, tell.clock()) == 2
    box = await tell.until(lambda box: box.waiting == 0)
    assert box.dead == 0
    assert receiver.message_ids() == ids * 4


async def test_a_redirect_is_not_followed(tell: Tell, receive: Receivers) -> None:
    elsewhere = await receive()
    receiver = await receive()
    for status in (301, 302, 303, 307, 308):
        receiver.answers.append(plain(status, "", {"Location": elsewhere.url}))
        result = await callbacks.test_push(receiver.url, settings=tell.settings, secret=b"", now=tell.clock())
        assert (result.status, result.acknowledged, result.reason) == (status, False, "redirected, which is not followed")
    assert (len(receiver.pushes), elsewhere.pushes) == (5, [])


async def test_no_connection_is_a_refusal(tell: Tell, receive: Receivers) -> None:
    """Nobody listens at the port: the same delays as for an answer."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    await tell.open(Receiver(port=port))
    await tell.end([1])
    tell.start()
    box = await tell.until(lambda box: box.tries == 1)
    assert box.due_at == NOW + MINUTE


async def test_a_private_endpoint_is_refused_unless_allowed(tell: Tell, receive: Receivers) -> None:
    receiver = await receive()
    await tell.open(receiver)
    await tell.end([1])
    tell.start(replace(tell.settings, allow_private=False))
    await tell.until(lambda box: box.tries == 1)
    assert receiver.pushes == []


async def test_order_is_kept_across_retries(tell: Tell, receive: Receivers) -> None:
    """What ends while a push waits for its next try stays behind it."""
    receiver = await receive(plain(200, '{"code":0}'), plain(500), plain(500))
    await tell.open(receiver)
    ids = await tell.end([1, 2])
    tell.start()
    await tell.until(lambda box: box.tries == 1)
    ids += await tell.end([3, 4])
    tell.clock.now += MINUTE
    await tell.until(lambda box: box.tries == 2)
    ids += await tell.end([5])
    tell.clock.now += 5 * MINUTE
    await tell.until(lambda box: box.waiting == 0)
    first, second, *rest = receiver.pushes
    assert first.body == second.body
    assert [report["MessageId"] for push in rest for report in push.reports] == ids


async def test_one_push_in_flight_for_each_endpoint(tell: Tell, receive: Receivers) -> None:
    """Though more are due, and the hold is asked all the time."""
    going, most = 0, 0

    async def count(request: web.Request) -> web.StreamResponse:
        nonlocal going, most
        going += 1
        most = max(most, going)
        await asyncio.sleep(0.02)
        going -= 1
        return web.json_response({"code": 0})

    receiver = await receive(count)
    await tell.open(receiver)
    ids = await tell.end(range(1, 31))
    tell.start(replace(tell.settings, batch=3))
    await tell.until(lambda box: box.waiting == 0)
    assert most == 1
    assert receiver.message_ids() == ids


async def test_hanging_endpoints_do_not_hold_up_another(tell: Tell, receive: Receivers) -> None:
    """Twenty hang, far more than there are connections: the one that answers gets all of its reports meanwhile."""
    dead = await receive(hang)
    names = [AccountId(f"dead-{n}") for n in range(20)]
    for name in names:
        await tell.open(dead, name)
    for number, name in enumerate(names):
        await tell.end([1000 + number], name)
    tell.start(replace(tell.settings, connections=4, timeout=0.3, batch=5))
    await tell.until(lambda box: box.tries == 1, names[0])
    receiver = await receive()
    await tell.open(receiver)
    ids = await tell.end(range(1, 51))
    await tell.until(lambda box: box.waiting == 0)
    assert receiver.message_ids() == ids
    await tell.until_acknowledged(50)
    assert tell.meter.reports.of("acknowledged").value == 50


async def test_endpoints_known_to_hang_leave_connections_to_the_others(tell: Tell, receive: Receivers) -> None:
    """While those that failed before hang on their next try, and would for an hour, new reports go out."""
    dead = await receive(hang, *[plain(500)] * 8)
    names = [AccountId(f"dead-{n}") for n in range(8)]
    for number, name in enumerate(names):
        await tell.open(dead, name)
        await tell.end([1000 + number], name)
    tell.start(replace(tell.settings, connections=4, timeout=3600.0))
    for name in names:
        await tell.until(lambda box: box.tries == 1, name)
    tell.clock.now += MINUTE
    await dead.arrived(9)
    receiver = await receive()
    await tell.open(receiver)
    ids = await tell.end(range(1, 6))
    await tell.until(lambda box: box.waiting == 0)
    assert receiver.message_ids() == ids
    assert len(dead.pushes) == 9


async def test_stop_lets_a_push_end(tell: Tell, receive: Receivers) -> None:
    """What was in flight is acknowledged and written down; nothing more is claimed."""
    release = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.json_response({"code": 0})

    receiver = await receive(slow)
    await tell.open(receiver)
    await tell.end([1, 2, 3])
    stage = tell.start(replace(tell.settings, batch=2))
    await receiver.arrived(1)
    stopping = asyncio.create_task(stage.stop())
    await asyncio.sleep(0)
    release.set()
    await stopping
    box = await tell.outbox()
    assert (box.waiting, len(receiver.pushes)) == (1, 1)


async def test_stop_of_a_stage_that_has_nothing_to_do_returns(tell: Tell) -> None:
    """Though it would look again in an hour only."""
    stage = tell.start(replace(tell.settings, idle=3600.0))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(10):
        await stage.stop()


async def test_stop_of_a_stage_that_never_ran_returns(tell: Tell) -> None:
    await Callbacks(tell.hold, settings=tell.settings, clock=tell.clock, secret_of=lambda name: b"").stop()


async def test_a_stage_that_dies_in_a_push_leaves_it_to_the_next(tell: Tell, receive: Receivers) -> None:
    """At least once: after the lease, another stage pushes the same reports."""
    receiver = await receive(plain(200, '{"code":0}'), hang)
    await tell.open(receiver)
    ids = await tell.end([1, 2])
    tell.start()
    await receiver.arrived(1)
    _, task = tell.stages.pop()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    tell.clock.now += tell.settings.lease
    tell.start()
    await tell.until(lambda box: box.waiting == 0)
    assert receiver.message_ids() == ids * 2


async def test_a_kept_connection_that_was_closed_meanwhile_costs_no_try(tell: Tell) -> None:
    """The endpoint answers one request on each connection and hangs up on the second: pushed again at once, on a new one."""
    served: list[int] = []

    async def one_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(0)
        mine = len(served) - 1
        with contextlib.suppress(asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            assert length
            await reader.readexactly(int(length[1]))
            served[mine] += 1
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"code":0}')
            await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(one_each, "127.0.0.1", 0) as server:
        await tell.open(Receiver(port=server.sockets[0].getsockname()[1]))
        await tell.end(range(1, 4))
        stage = tell.start(replace(tell.settings, batch=1))
        await tell.until(lambda box: box.waiting == 0)
        assert served == [1, 1, 1]
        await tell.until_acknowledged(3)
        assert (tell.meter.pushes.of("acknowledged").value, tell.meter.reports.of("acknowledged").value) == (3, 3)
        assert stage.busy == 0
        await stage.stop()


async def test_the_log_holds_no_number_and_no_text(tell: Tell, receive: Receivers) -> None:
    receiver = await receive(plain(200, '{"code":0}'), plain(500, "a secret page"))
    await tell.open(receiver)
    await tell.end([1])
    with structlog.testing.capture_logs() as events:
        tell.start()
        await tell.until(lambda box: box.tries == 1)
        tell.clock.now += MINUTE
        await tell.until(lambda box: box.waiting == 0)
        await tell.until_acknowledged(1)
    assert [event["event"] for event in events] == ["callback.again", "callback.acknowledged"]
    assert {key for event in events for key in event} == {"event", "log_level", "account", "reports", "tries", "reason", "took"}
    assert not any(word in str(events) for word in ("85291", "why", "task-1", "a secret page", receiver.url, str(MessageId(NOW))))


async def test_the_test_push_is_marked_and_signed(tell: Tell, receive: Receivers) -> None:
    receiver = await receive()
    result = await callbacks.test_push(receiver.url, settings=tell.settings, secret=SECRET, now=tell.clock())
    assert (result.status, result.acknowledged, result.reason) == (200, True, "acknowledged")
    (report,) = receiver.pushes[0].reports
    assert (report["MessageId"], report["TaskId"]) == ("0", "globewire-test")
    assert "x-globewire-signature" in receiver.pushes[0].headers


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://127.0.0.1/", "the URL begins neither with https:// nor with http://"),
        ("http://user:pass@127.0.0.1/", "the URL has a user name or password in it: use the signature header instead"),
        ("http://127.0.0.1:{port}/", "127.0.0.1 is not a public address"),
        ("https://127.0.0.1:{port}/", "127.0.0.1 is not a public address"),
    ],
)
async def test_the_test_push_says_what_is_wrong_with_a_url(url: str, reason: str, receive: Receivers) -> None:
    receiver = await receive()
    result = await callbacks.test_push(url.format(port=receiver.port), settings=Settings(), secret=b"", now=Millis(NOW))
    assert (result.status, result.acknowledged, result.reason) == (0, False, reason)
    assert receiver.pushes == []


async def test_the_test_push_to_a_port_without_tls(tell: Tell, receive: Receivers) -> None:
    receiver = await receive()
    url = receiver.url.replace("http:", "https:")
    result = await callbacks.test_push(url, settings=tell.settings, secret=b"", now=tell.clock())
    assert (result.status, result.acknowledged, result.reason) == (0, False, "TLS failed")


async def test_a_certificate_that_nobody_vouches_for_is_refused(tell: Tell, tmp_path: Path) -> None:
    asked: list[bytes] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(1))
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0, ssl=certified(tmp_path, "127.0.0.1")) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        result = await callbacks.test_push(url, settings=tell.settings, secret=b"", now=tell.clock())
    assert (result.status, result.acknowledged, result.reason) == (0, False, "the TLS certificate is not valid")
    assert b"".join(asked) == b""


async def test_a_push_that_cannot_be_written_down_holds_up_no_other(tell: Tell, receive: Receivers, tmp_path: Path) -> None:
    """What is acknowledged at once is written at once; where that fails, each by itself."""
    names, made = [AccountId(f"shop{n}") for n in range(3)], Push(NOW, 1, 200, True, "acknowledged", "", 1)
    for name in names:
        await tell.open(await receive(), name)
        await tell.end([names.index(name) + 1], name)
    jobs = await tell.hold.claim(TELL, 9, tell.clock(), MINUTE)
    connection = apsw.Connection(str(tmp_path / "hold.db"))
    connection.execute(
        "CREATE TRIGGER spoilt BEFORE INSERT ON push WHEN NEW.account = 'shop1' BEGIN SELECT RAISE(ABORT, 'spoilt'); END"
    )
    connection.close()
    stage = Callbacks(tell.hold, settings=tell.settings, clock=tell.clock, secret_of=lambda account: SECRET, meter=tell.meter)
    stage._taken += [(replace(job, push=made), made) for job in jobs]
    await stage._write()
    assert [job.account for job in jobs] == names
    assert {box.account: box.waiting for box in await tell.hold.outboxes(names)} == {"shop0": 0, "shop1": 1, "shop2": 0}
    assert tell.meter.pushes.of("acknowledged").value == 2


async def test_the_documented_snippet_verifies_a_real_push(tell: Tell, receive: Receivers) -> None:
    """The Python in docs/callbacks.md, as it stands there."""
    page = (Path(__file__).parents[2] / "docs" / "callbacks.md").read_text(encoding="utf-8")
    snippet = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert snippet
    names: dict[str, Callable[[bytes, dict[str, str], bytes, float], bool]] = {}
    exec(snippet[1], names)  # noqa: S102 - our own page
    verified = names["verified"]
    receiver = await receive()
    await callbacks.test_push(receiver.url, settings=tell.settings, secret=SECRET, now=tell.clock())
    push = receiver.pushes[0]
    headers = {name.lower(): value for name, value in push.headers.items()}
    now = NOW / 1000
    assert verified(SECRET, headers, push.body, now + 299)
    assert not verified(SECRET, headers, push.body, now + 302)
    assert not verified(SECRET, headers, push.body + b" ", now)
    assert not verified(b"other", headers, push.body, now)
    assert not verified(SECRET, {**headers, "x-globewire-timestamp": str(NOW // 1000 + 1)}, push.body, now)
    assert not verified(SECRET, {}, push.body, now)
