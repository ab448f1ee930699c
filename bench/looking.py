"""How long people wait for a page of messages when many are held, and what the indices for it cost whoever keeps messages.

It fills a hold with messages of all kinds, as sending and settling would have left them, straight into its tables and spread over
days before now. Then it asks each kind of question through the hold, and keeps messages beside them. Nothing but the hold runs;
docs/benchmarks.md has figures.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
from load import percentiles

from globewire.hold.pg.days import Days, day_of
from globewire.hold.port import Became, Hold, Question, Submission
from globewire.hold.postgres import PostgresHold
from globewire.hold.rows import COLUMNS, message_row
from globewire.hold.sqlite import SqliteHold
from globewire.hold.sums import connect
from globewire.message import AccessKeyId, AccountId, CarrierId, Encoding, Message, MessageId, Millis, NumberDetail, State

DAY = 86_400_000
BATCH = 20_000
DECISION = '{"route":"asia","carriers":["north","south"],"why":["country SG is among SG, HK, TW","type OTP"]}'
NAMES = (*COLUMNS, "expires_at", "decision", "carrier", "changed_at", "state", "error_code", "error", "ended_at")
KINDS = (("failed", "UNDELIV:013", 0.02), ("expired", "EXPIRED", 0.005), ("rejected", "REJECTD:0000000B", 0.0005))


def submission(n: int, at: int) -> Submission:
    """Message n, accepted at `at`: its number, TaskId and text are its own, the rest is what many have."""
    spread = random.Random(n)
    account = AccountId("small" if n % 1000 == 0 else "shop")
    carrier = CarrierId("rare" if n % 200_000 == 77 else "south" if spread.random() < 0.2 else "north")
    to = f"65{spread.randrange(80_000_000, 99_999_999)}"
    text = f"Your code is {n:08}. Do not give it to anybody, whoever asks for it. It is good for ten minutes."
    message = Message(
        MessageId(at * 100_000 + n % 100_000), account, AccessKeyId("LTAIbench"), f"{n:032X}", to, "Shop", text, "OTP",
        f"order-{spread.randrange(10**12)}" if n % 2 else "", "", Encoding.GSM7, 1, "SG", NumberDetail("Singapore", "", "Singtel"),
        Millis(at), 86_400,
    )  # fmt: skip
    return Submission(message, carrier, DECISION)


def ended(n: int, count: int) -> tuple[str, str, str, bool]:
    """How message n of so many stands: state, error code, error, and whether it has ended."""
    if n > count - 500:
        return "accepted", "", "", False
    if n in (count // 3, count // 2):
        return "unknown", "", "", False
    chance = random.Random(~n).random()
    for state, code, share in KINDS:
        if chance < share:
            return state, code, "it did not go well", True
        chance -= share
    return "delivered", "DELIVERED", "success", True


def held(count: int, days: float, now: int) -> Iterator[tuple[Any, ...]]:
    """The rows of so many messages, as NAMES."""
    for n in range(count):
        at = now - round(days * DAY) + round(n * days * DAY / count)
        state, code, error, over = ended(n, count)
        yield (*message_row(submission(n, at)), state, code, error, at + 5000 if over else 0)


def fill_file(path: Path, count: int, days: float, now: int) -> None:
    """Fill a SQLite file, made by opening it as a hold."""
    asyncio.run(_close(SqliteHold.open(path)))
    statement = f"INSERT INTO message({', '.join(NAMES)}) VALUES({', '.join('?' * len(NAMES))})"
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA cache_size = -200000")
        rows = held(count, days, now)
        while some := list(islice(rows, BATCH)):
            with connection:
                connection.executemany(statement, some)


async def _close(opening: Any) -> None:
    await (await opening).close()


async def fill_database(url: str, count: int, days: float, now: int) -> None:
    """Fill an empty PostgreSQL database, and let it see what it has."""
    await _close(PostgresHold.open(url, migrate=True, durable=False))
    async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool, pool.acquire() as connection:
        made, rows = Days(pool), held(count, days, now)
        while some := list(islice(rows, BATCH)):
            await made.make({day_of(row[0]) for row in some})
            kept = [(*row[:6], f'"{row[6]}"', *row[7:]) for row in some]
            await connection.copy_records_to_table("message", records=kept, columns=NAMES)
        await connection.execute("VACUUM ANALYZE message")


async def strip(path: Path, url: str) -> None:
    """Take the indices away that are only for looking."""
    statements = [f"DROP INDEX {name}" for name in ("message_number", "message_task", "message_amiss")]
    if url:
        connection = await asyncpg.connect(url)
        await connection.execute(";".join(statements))
        await connection.close()
        return
    with closing(connect(path)) as database:
        database.execute(";".join(statements))


def questions(count: int, days: float, now: int) -> dict[str, list[Question]]:
    """Of each kind of question several, each about something else."""
    some = [submission(n, now).message for n in range(count // 20 + 1, count, count // 10)]
    return {
        "the newest": [Question()] * 10,
        "a number": [Question(to=m.to) for m in some],
        "a number that nobody has": [Question(to=f"6570000{n}11") for n in range(10)],
        "a number's last eight digits": [Question(to_ends=m.to[-8:]) for m in some],
        "a number's last four digits": [Question(to_ends=m.to[-4:]) for m in some],
        "a TaskId": [Question(task_id=m.task_id or f"order-{m.id}") for m in some],
        "failed": [Question(states=("failed",))] * 10,
        "rejected or expired": [Question(states=("rejected", "expired"))] * 10,
        "rejected, by a rare carrier": [Question(states=("rejected",), carrier="rare")] * 10,
        "unknown": [Question(states=("unknown",))] * 10,
        "accepted, by no carrier": [Question(states=("accepted",), carrier="none")] * 10,
        "an error code that few have": [Question(error_code="REJECTD:0000000B")] * 10,
        "a carrier that nothing went by": [Question(carrier="none")] * 10,
        "an account of one in a thousand": [Question(account="small")] * 10,
        "a text that one has": [Question(text=m.text[13:21]) for m in some],
        "a text that nothing has": [Question(text="Nothing says this")] * 10,
        "a text of an hour": [
            Question(text="nothing", since=now - round(days * DAY * n / 10), until=now - round(days * DAY * n / 10) + 3_600_000)
            for n in range(10)
        ],
    }


async def ask(hold: Hold, count: int, days: float, now: int) -> None:
    """Ask all questions; print how long each kind takes, and how far back those that stop had looked."""
    print(f"{'':34}{'p50 ms':>8}{'p95 ms':>8}{'most':>8}  found, looked at")
    for kind, ones in questions(count, days, now).items():
        took, found, reached = [], 0, []
        for question in ones:
            began = time.perf_counter()
            page = await hold.find(question)
            took.append((time.perf_counter() - began) * 1000)
            found += len(page.standings)
            if page.looked_to and len(page.standings) < question.limit:
                reached.append((now - page.looked_to // 100_000) / (days * DAY))
        p50, p95 = percentiles(sorted(took), 50, 95)
        far = f"the newest {min(reached) * count:,.0f} at least" if reached else "all"
        print(f"{kind:34}{p50:8.1f}{p95:8.1f}{max(took):8.1f}  {found / len(ones):.1f}, {far}")


async def keep(hold: Hold, messages: int, callers: int, first: int) -> tuple[float, float]:
    """Keep messages one a call, from so many callers at once, and end them: how many a second, and this process's CPU milliseconds
    for each."""
    numbers = iter(range(first, first + messages))
    await hold.keep([submission(first - 1, time.time_ns() // 1_000_000)], None)

    async def calls() -> None:
        for n in numbers:
            kept = submission(n, time.time_ns() // 1_000_000)
            await hold.keep([kept], None)
            at = Millis(kept.message.accepted_at + 1)
            await hold.record(Became(kept.message.id, State.SUBMITTED, at, kept.carrier))
            await hold.record(Became(kept.message.id, State.DELIVERED, at, None, "DELIVERED", "success"))

    began, busy = time.perf_counter(), time.process_time()
    await asyncio.gather(*(calls() for _ in range(callers)))
    return messages / (time.perf_counter() - began), (time.process_time() - busy) * 1000 / messages


async def measure(hold: Hold, asked: argparse.Namespace, now: int) -> None:
    """Ask, then keep."""
    try:
        if asked.count and not asked.bare:
            await ask(hold, asked.count, asked.days, now)
        rates = [await keep(hold, asked.keep, asked.callers, 10_000_000 * (n + 1)) for n in range(asked.rounds)]
        shown = "; ".join(f"{rate:,.0f} with {busy:.3f} ms CPU each" for rate, busy in rates)
        print(f"kept, submitted and delivered a second: {shown}")
    finally:
        await hold.close()


def main() -> None:
    """Fill, ask and keep, as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000, help="messages held (1,000,000)")
    parser.add_argument("--days", type=float, default=30, help="days over which they are spread (30)")
    parser.add_argument("--keep", type=int, default=10_000, help="messages kept beside them in each round (10,000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of keeping (3)")
    parser.add_argument("--callers", type=int, default=32, help="calls at once (32)")
    parser.add_argument("--bare", action="store_true", help="keep beside them without the indices, and ask nothing")
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()), help="where the file is to lie")
    parser.add_argument("--hold", default="", help="an empty PostgreSQL database instead of a file: postgresql://...")
    asked = parser.parse_args()
    now = time.time_ns() // 1_000_000
    with tempfile.TemporaryDirectory(prefix="globewire-looking-", dir=asked.dir) as folder:
        path = Path(folder) / "hold.db"
        began = time.perf_counter()
        if asked.hold:
            asyncio.run(fill_database(asked.hold, asked.count, asked.days, now))
        else:
            fill_file(path, asked.count, asked.days, now)
        if asked.bare:
            asyncio.run(strip(path, asked.hold))
        print(f"{asked.count:,} messages held after {time.perf_counter() - began:.0f} s")
        asyncio.run(_measure(asked, path, now))


async def _measure(asked: argparse.Namespace, path: Path, now: int) -> None:
    hold: Hold = await (PostgresHold.open(asked.hold, durable=False) if asked.hold else SqliteHold.open(path, create=False))
    await measure(hold, asked, now)


if __name__ == "__main__":
    main()
