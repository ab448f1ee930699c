"""A hold with many messages behind them: kept, taken by a carrier, delivered and told, spread over the days before now.

They come in through the hold's own port, in big batches, and what is past its keeping is forgotten as a gateway's sweep does it;
so the file is one that a gateway would have left. bench/looking.py's is filled straight into the tables: it has messages of all
kinds, to be looked for, and neither parts nor pushes.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import traffic

from globewire.hold.port import SEND, TELL, AccountEntry, Became, Fact, PartBecame, SendJob, Submission, Submitted
from globewire.hold.sqlite import SqliteHold
from globewire.message import AccessKeyId, AccountId, CarrierId, Message, MessageId, Millis, Part, PartState, State
from globewire.wire import number, segment

DAY = 86_400_000
DAYS, TEXT_DAYS = 89, 30
"""Over how many days messages are spread, and for how many their text is kept: as long as a gateway does by default."""
BATCH = 5_000
ACCOUNT, CARRIER = AccountId("past"), CarrierId("sink")


def fill(path: Path, count: int, now: int, say: Callable[[str], None]) -> None:
    """Make the SQLite file at `path` with so many messages; `now` is in ms."""
    asyncio.run(_fill(path, count, now, say))


async def _fill(path: Path, count: int, now: int, say: Callable[[str], None]) -> None:
    hold = await SqliteHold.open(path)
    try:
        await hold.put_account(AccountEntry(ACCOUNT, "", "http://127.0.0.1/", {}, Millis(now - DAYS * DAY)))
        for first in range(0, count, BATCH):
            some = range(first, min(first + BATCH, count))
            await _live(hold, [submission(k, now - DAYS * DAY + k * DAYS * DAY // count) for k in some])
            if some.stop % 100_000 == 0:
                say(f"{some.stop:,} of {count:,} filled in")
        bodies, messages = Millis(now - TEXT_DAYS * DAY), Millis(now - (DAYS + 1) * DAY)
        while await hold.forget(bodies, messages, 100_000, now=Millis(now)) >= 100_000:
            pass
        counts = await hold.counts()
    finally:
        await hold.close()
    if counts.get(f"state.{State.DELIVERED}", 0) != count or any(n for name, n in counts.items() if name.startswith("lane.")):
        raise SystemExit(f"not every message came to its end: {counts}")


async def _live(hold: SqliteHold, submissions: list[Submission]) -> None:
    """A batch's whole life, from its keeping to its push."""
    await hold.keep(submissions, None)
    at = Millis(submissions[-1].message.accepted_at + 1)
    while jobs := await hold.claim(SEND, BATCH, at, 60_000, CARRIER):
        await hold.done(*[(job, delivered(job)) for job in jobs])
    while pushes := await hold.claim(TELL, BATCH, at, 60_000):
        await hold.done(*[(push, []) for push in pushes])


def submission(k: int, at: int) -> Submission:
    """Message k, accepted at `at`."""
    asked, target, cut = traffic.parameters(k), number.read(traffic.recipient(k)), segment.cut(traffic.text(k))
    message = Message(
        MessageId(at * 100_000 + k % 100_000), ACCOUNT, AccessKeyId("past"), f"{k:032X}", target.digits, asked["From"],
        asked["Message"], "", asked["TaskId"], "", cut.encoding, len(cut.pieces), target.country, target.detail, Millis(at), 86_400,
    )  # fmt: skip
    return Submission(message, CARRIER, "{}")


def delivered(job: SendJob) -> list[Fact]:
    """What becomes of a message when all goes well."""
    id, at = job.message.id, job.message.accepted_at
    return [
        Submitted(Part(id, 1, 1, CARRIER, f"{id:x}", PartState.SUBMITTED, at)),
        Became(id, State.SUBMITTED, at, CARRIER),
        PartBecame(id, 1, PartState.DELIVERED, "DELIVRD", at),
        Became(id, State.DELIVERED, at, None, "DELIVERED", "success"),
    ]
