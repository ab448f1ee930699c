"""What one message costs, piece by piece, in microseconds: the budget that the whole gateway spends.

The formats and decisions are called on ten thousand different messages, each once; the hold in batches, against a file of its
own. It starts no gateway and opens no socket; what the whole comes to, run.py measures. Only public functions are called.
`--json` keeps the costs, and `bench/compare budget` prints two such files side by side.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import traffic
import uvloop
from machine import machine
from rich.console import Console
from rich.table import Table

from globewire.accept.framing import Framer, Limits
from globewire.hold.port import SEND, SETTLE, TELL, AccountEntry, Became, Fact, Heard, Nonce, SendJob, Submission, Submitted
from globewire.hold.settling import decide
from globewire.hold.sqlite import SqliteHold
from globewire.message import AccessKeyId, AccountId, CarrierId, Message, MessageId, Millis, Part, PartState, Receipt, State
from globewire.plan import Carrier, ReceiptIds, Route
from globewire.verdict.route import Asked, Router
from globewire.wire import callback, number, receipt, reply, request, segment, signature, submission
from globewire.wire.pdu import Command, Fields, Pdu, Status, decode, encode

MESSAGES, ROUNDS = 10_000, 5
PUSH = 100
"""Receipts in one push."""
ACCOUNT, CARRIER = AccountId("bench"), CarrierId("sink")
NOW = Millis(time.time_ns() // 1_000_000)
FIRST = NOW * 100_000
"""The first message's id."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds for one message: by the clock, and of processor time over all threads."""

    stage: str
    what: str
    clock: float
    cpu: float


def main() -> None:
    """Measure all, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=20_000, help="messages through the hold (20,000)")
    parser.add_argument("--batch", type=int, default=32, help="messages in a batch, the fewer the dearer (32)")
    parser.add_argument("--runs", type=int, default=1, help="how often all is measured; each piece's median counts (1)")
    parser.add_argument(
        "--dir", type=Path, default=Path(tempfile.gettempdir()), help="where the hold's file is to lie: its disk counts"
    )
    parser.add_argument("--json", type=Path, help="write the costs there, too")
    asked = parser.parse_args()
    facts = machine(asked.dir)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as processes:
        costs = middle(list(processes.map(_run, [asked] * asked.runs)))  # each in a new process, whose caches are empty
    show(costs)
    if asked.json:
        kept = {"machine": facts, "n": asked.n, "batch": asked.batch, "runs": asked.runs, "costs": [asdict(cost) for cost in costs]}
        asked.json.write_text(json.dumps(kept, indent=1) + "\n")


def _run(asked: argparse.Namespace) -> list[Cost]:
    with tempfile.TemporaryDirectory(prefix="globewire-bench-", dir=asked.dir) as folder:
        return [*_pieces(), *uvloop.run(_hold(Path(folder) / "parts.db", asked.n, asked.batch))]


def middle(runs: Sequence[Sequence[Cost]]) -> list[Cost]:
    """Of each piece the median over the runs, in the order of a message's way."""
    costs = [
        Cost(same[0].stage, same[0].what, round(median(c.clock for c in same), 2), round(median(c.cpu for c in same), 2))
        for same in zip(*runs, strict=True)
    ]
    return sorted(costs, key=lambda cost: ("accept", "send", "settle", "tell").index(cost.stage))


def show(costs: Sequence[Cost]) -> None:
    """The costs as a table."""
    table = Table("stage", "what", "clock, us", "CPU, us")
    for cost in costs:
        table.add_row(cost.stage, cost.what, f"{cost.clock:.1f}", f"{cost.cpu:.1f}")
    whole = sum(cost.cpu for cost in costs)
    table.add_row("", "all of it", "", f"{whole:.1f}", style="bold")
    for column in table.columns[2:]:
        column.justify = "right"
    Console().print(table)
    print(f"One core that did only this: {1e6 / whole:,.0f} messages a second. Sockets, timers and tasks come on top.")


# --- formats and decisions ---------------------------------------------------------------------------------------------


def _pieces() -> Iterator[Cost]:
    number.prepare()
    yield _cost("accept", "number: read, seen for the first time", number.read, [traffic.recipient(k) for k in range(MESSAGES)])
    octets = list(traffic.requests(0, MESSAGES, 8018, NOW))
    framer = Framer(Limits())
    framed = [framer.feed(one)[0] for one in octets]
    raws = [request.Raw(f.method, f.path, f.query, f.headers, f.body, "127.0.0.1", False) for f in framed]
    calls = [request.read(raw) for raw in raws]
    numbers = [number.read(traffic.recipient(k)) for k in range(MESSAGES)]
    asked = [Asked(n.country, n.digits, ACCOUNT, "", "", "Globewire") for n in numbers]
    router = Router([Route(id="route-1", carriers=(CARRIER,))], {CARRIER})
    fields: reply.Fields = {"ResponseCode": "OK", "Segments": "1", "From": "Globewire", "NumberDetail": {"Country": "US"}}
    yield _cost("accept", "request: split from the stream", framer.feed, octets)
    yield _cost("accept", "request: read", request.read, raws)
    yield _cost("accept", "signature: verify", lambda call: signature.verify(call, traffic.SECRET), calls)
    yield _cost("accept", "nonce: digest", lambda call: signature.nonce_mark(call.access_key, call.nonce), calls)
    yield _cost("accept", "text: cut", segment.cut, [traffic.text(k) for k in range(MESSAGES)])
    yield _cost("accept", "route: decide", router.decide, asked)
    yield _cost("accept", "reply: write", lambda _: reply.answer(traffic.OPERATION, fields, request.Format.JSON, "R"), raws)
    yield from _pdus()


def _pdus() -> Iterator[Cost]:
    carrier = Carrier(id=CARRIER, host="", port=0, system_id="", password="")
    messages = [_submission(k).message for k in range(MESSAGES)]
    submits = [submission.submissions(message, carrier, NOW)[0] for message in messages]
    pdus = [Pdu(Command.SUBMIT_SM, Status.ROK, k + 1, s.fields, s.tlvs) for k, s in enumerate(submits)]
    ids = [str(1_000_000_000 + k) for k in range(MESSAGES)]
    responses = [encode(Pdu(Command.SUBMIT_SM_RESP, Status.ROK, k + 1, {"message_id": id})) for k, id in enumerate(ids)]
    receipts = [encode(_deliver(k, id)) for k, id in enumerate(ids)]
    heard = [decode(one) for one in receipts]
    items = [callback.Item(m.id, m.to, NOW, NOW, "1", "DELIVRD", "success", m.task_id, 1) for m in messages]
    batches = [items[at : at + PUSH] for at in range(0, MESSAGES, PUSH)]
    yield _cost("send", "message: to submit_sm", lambda message: submission.submissions(message, carrier, NOW), messages)
    yield _cost("send", "submit_sm: write", encode, pdus)
    yield _cost("send", "submit_sm_resp: read", decode, responses)
    yield _cost("settle", "deliver_sm: read", decode, receipts)
    yield _cost("settle", "receipt: read", lambda pdu: receipt.read(pdu, ids=ReceiptIds.AUTO), heard)
    yield _cost("settle", "deliver_sm_resp: write", lambda k: encode(Pdu(Command.DELIVER_SM_RESP, Status.ROK, k)), range(MESSAGES))
    yield _cost("tell", f"push of {PUSH}: write", callback.body, batches, PUSH)


def _deliver(k: int, id: str) -> Pdu:
    day = "2611230000"
    text = f"id:{id} sub:001 dlvrd:001 submit date:{day} done date:{day} stat:DELIVRD err:000 text:-"
    fields: Fields = {
        "source_addr": traffic.recipient(k),
        "destination_addr": "Globewire",
        "esm_class": 4,
        "short_message": text.encode(),
    }
    return Pdu(Command.DELIVER_SM, Status.ROK, k + 1, fields, {0x1E: id.encode() + b"\0", 0x427: b"\2"})


def _cost(stage: str, what: str, call: Callable[[Any], object], arguments: Sequence[Any], each: int = 1) -> Cost:
    """The median of some rounds, none of which sees what another saw; `each` argument is so many messages."""
    clock, cpu = list[float](), list[float]()
    share = len(arguments) // ROUNDS
    for start in range(0, len(arguments), share):
        own = arguments[start : start + share]
        began, busy = time.perf_counter(), time.process_time()
        for argument in own:
            call(argument)
        clock.append((time.perf_counter() - began) / len(own) / each * 1e6)
        cpu.append((time.process_time() - busy) / len(own) / each * 1e6)
    return Cost(stage, what, median(clock), median(cpu))


# --- the hold ----------------------------------------------------------------------------------------------------------


async def _hold(path: Path, n: int, most: int) -> list[Cost]:
    """A message's whole life in the hold, lane by lane, in batches."""
    hold = await SqliteHold.open(path)
    await hold.put_account(AccountEntry(ACCOUNT, "", "http://127.0.0.1/", {}, NOW))
    batches = [range(at, min(at + most, n)) for at in range(0, n, most)]
    submissions = [[_submission(k) for k in batch] for batch in batches]
    costs = [
        await _timed("accept", f"hold: keep, {most} callers at once", n, lambda: _keep(hold, submissions)),
        await _timed("send", f"hold: claim and done, {most} at a time", n, lambda: _send(hold, most)),
        await _timed("settle", f"hold: record what was heard, {most} at a time", n, lambda: _hear(hold, batches)),
        await _timed("settle", f"hold: claim, decide and done, {most} at a time", n, lambda: _settle(hold, most)),
        await _timed("tell", f"hold: claim and done, {most} at a time", n, lambda: _tell(hold, most)),
    ]
    counts = await hold.counts()
    await hold.close()
    if counts[f"state.{State.DELIVERED}"] != n or any(count for name, count in counts.items() if name.startswith("lane.")):
        raise SystemExit(f"not every message came to its end: {counts}")
    return costs


async def _timed(stage: str, what: str, n: int, work: Callable[[], Awaitable[None]]) -> Cost:
    began, cpu = time.perf_counter(), time.process_time()
    await work()
    return Cost(stage, what, (time.perf_counter() - began) / n * 1e6, (time.process_time() - cpu) / n * 1e6)


async def _keep(hold: SqliteHold, batches: list[list[Submission]]) -> None:
    until = Millis(NOW + 900_000)
    for batch in batches:
        await asyncio.gather(*[hold.keep([one], Nonce(one.message.id * 40_503 % 2**63, until)) for one in batch])


async def _send(hold: SqliteHold, most: int) -> None:
    while jobs := await hold.claim(SEND, most, NOW, 60_000, CARRIER):
        await hold.done(*[(job, _sent(job)) for job in jobs])


async def _hear(hold: SqliteHold, batches: list[range]) -> None:
    for batch in batches:
        await hold.record(*[Heard(CARRIER, Receipt((_carrier_id(k),), traffic.recipient(k), "DELIVRD", "000"), NOW) for k in batch])


async def _settle(hold: SqliteHold, most: int) -> None:
    while jobs := await hold.claim(SETTLE, most, NOW, 60_000):
        await hold.done(*zip(jobs, decide(jobs, NOW), strict=True))


async def _tell(hold: SqliteHold, most: int) -> None:
    while jobs := await hold.claim(TELL, most, NOW, 60_000):
        await hold.done(*[(job, []) for job in jobs])


def _submission(k: int) -> Submission:
    asked, target, cut = traffic.parameters(k), number.read(traffic.recipient(k)), segment.cut(traffic.text(k))
    message = Message(
        MessageId(FIRST + k), ACCOUNT, AccessKeyId(traffic.KEY), "R", target.digits, asked["From"], asked["Message"], "",
        asked["TaskId"], "", cut.encoding, len(cut.pieces), target.country, target.detail, NOW, 86_400,
    )  # fmt: skip
    return Submission(message, CARRIER, "{}")


def _sent(job: SendJob) -> list[Fact]:
    id = job.message.id
    part = Part(id, 1, 1, CARRIER, _carrier_id(id - FIRST), PartState.SUBMITTED, NOW)
    return [Submitted(part), Became(id, State.SUBMITTED, NOW, CARRIER)]


def _carrier_id(k: int) -> str:
    return str(1_000_000_000 + k)


if __name__ == "__main__":
    main()
