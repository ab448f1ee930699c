"""A hold with something of everything in it, and all that can be seen of a hold through its port.

Run as `python -m laws.stored FILE` (in tests, before a release and never after) it writes the file that later programs must open.
"""

import asyncio
import dataclasses
import sys
from pathlib import Path
from typing import Any

from globewire.hold.port import (
    SEND,
    SETTLE,
    TELL,
    AccountEntry,
    Became,
    CarrierStanding,
    Conversion,
    Hold,
    KeyEntry,
    Nonce,
    Noted,
    Once,
    PartBecame,
    PolicyEntry,
    Push,
    Question,
    Submission,
    Submitted,
    UserEntry,
)
from globewire.hold.sqlite import SqliteHold
from globewire.message import AccessKeyId, AccountId, CarrierId, Millis, PartState, State
from globewire.vault import Vault
from laws.making import ACCOUNT, CARRIER, NOW, account, heard, message, part, submission

VAULT = Vault(bytes(range(32)))
SECRETS = {"LTAImain": "main-secret", "LTAIuser": "user-secret", "STSkey": "sts-secret"}
CALLBACK_SECRET = "callback-secret"
SOUTH, OTHER, DEAD = CarrierId("south"), AccountId("other"), AccountId("unreachable")
DAY, LEASE = 86_400_000, 60_000
NONCES = (Nonce(2**62 + 7, Millis(NOW + 900_000)), Nonce(8, Millis(NOW + 800_000)))
ONCE = Once(ACCOUNT, "order-1", "c0ffee", '{"MessageId":"1"}', Millis(NOW + DAY))
OLD = submission(90, at=NOW - 40 * DAY)
LONG = dataclasses.replace(message(12), text="x" * 400, segments=3)
ODD = dataclasses.replace(message(13), text="a\0b \ud7ff \U0001f600 \x1b \\ \"'", sender="", channel="south", type="", task_id="")
ENDS = {20: State.DELIVERED, 21: State.FAILED, 22: State.EXPIRED, 23: State.DELIVERED, 24: State.FAILED, 25: State.DELIVERED}


async def fill(hold: Hold) -> None:
    """Put something of everything into an empty hold: jobs in all lanes, free, leased and given up, and messages in all states."""
    await _book(hold)
    await _messages(hold)
    await _receipts(hold)
    await _callbacks(hold)
    await hold.stand([CarrierStanding(CARRIER, 1, 2, 3, "bound", NOW), CarrierStanding(SOUTH, 0, 1, 0, "no connection: x", NOW)])
    await hold.draw("shop.send", 5.0, 3, NOW)
    await hold.own("node 3", "someone", NOW, LEASE)


async def _book(hold: Hold) -> None:
    secret = VAULT.seal(f"callback {ACCOUNT}", CALLBACK_SECRET)
    await hold.put_account(AccountEntry(ACCOUNT, "Shop", "http://127.0.0.1:1/push", {"SendMessageToGlobe": 77}, NOW, secret))
    await hold.put_account(account("", OTHER))
    await hold.put_account(account("https://127.0.0.1:2/", DEAD))
    for n, (key, secret_text) in enumerate(SECRETS.items()):
        sealed, user, token = VAULT.seal(key, secret_text), "bob" if n == 1 else "", b"\x01digest" if n == 2 else b""
        await hold.put_key(KeyEntry(AccessKeyId(key), ACCOUNT, user, sealed, n != 1, Millis(NOW + n), token))
    await hold.put_user(UserEntry(ACCOUNT, "bob", ("send-only", "AliyunDysmsReadOnlyAccess")))
    await hold.put_policy(PolicyEntry(ACCOUNT, "send-only", '{"Version":"1","Statement":[]}'))


async def _messages(hold: Hold) -> None:
    await hold.keep([OLD], None)
    (old,) = await hold.claim(SEND, 1, NOW, LEASE, CARRIER)
    await hold.done((old, [Became(old.message.id, State.SUBMITTED, NOW, CARRIER), _end(90, State.DELIVERED, at=OLD)]))
    await hold.forget(Millis(NOW - 30 * DAY), Millis(0), 100)
    await hold.keep([submission(1), submission(2)], NONCES[0], once=ONCE)
    await hold.claim(SEND, 2, NOW, LEASE, CARRIER)  # and whoever had them died
    await hold.keep([submission(3), submission(4), submission(5, carrier=SOUTH)], NONCES[1])
    await hold.keep(
        [], None, [Conversion(ACCOUNT, message(3).id, True, 0.0, NOW), Conversion(OTHER, message(0).id, False, 0.25, NOW)]
    )
    returned, _ = await hold.claim(SEND, 2, NOW, LEASE, CARRIER)
    tried = dataclasses.replace(returned, tried=(CARRIER,))
    await hold.again((tried, Millis(NOW + 500)), carrier=SOUTH)
    await hold.keep([Submission(LONG, CARRIER, '{"route":"all"}'), Submission(ODD, SOUTH, "{}")], None)
    for n in (10, 11, *ENDS, 30):
        await hold.keep([_of(n)], None)
    for job in await hold.claim(SEND, 50, NOW, LEASE, CARRIER):
        await hold.done(
            (job, [Became(job.message.id, State.UNKNOWN if job.message.id == message(10).id else State.SUBMITTED, NOW, CARRIER)])
        )
    await hold.record(Noted(message(10).id, NOW, "unanswered", "north did not answer in time"), Submitted(part(11)))
    await hold.record(*(Submitted(part(12, n, 3, f"long{n}")) for n in (1, 2, 3)))
    await hold.record(PartBecame(LONG.id, 2, PartState.DELIVERED, "000", Millis(NOW + 900)))
    await hold.record(Noted(LONG.id, Millis(NOW + 5), "refused", "north said ESME_RTHROTTLED; again later"))
    await hold.record(Became(message(30).id, State.REJECTED, Millis(NOW + 2), None, "NO_ROUTE", "no carrier took it"))


async def _receipts(hold: Hold) -> None:
    await hold.record(heard("nobodys"), heard("long1", "85291000012"), heard("early", "85291000003", carrier=SOUTH), heard("id11"))
    orphan, *_ = await hold.claim(SETTLE, 2, NOW, LEASE)
    await hold.again((orphan, None))


async def _callbacks(hold: Hold) -> None:
    for n, state in ENDS.items():
        await hold.record(Submitted(part(n)), PartBecame(message(n).id, 1, PartState.FAILED, "042", Millis(NOW + n)))
        await hold.record(_end(n, state))
    for job in await hold.claim(TELL, 1, NOW, LEASE):
        await (hold.bury(job, NOW) if job.account == DEAD else hold.done((job, ())))
    shops, deads = sorted(await hold.claim(TELL, 1, NOW, LEASE), key=lambda job: job.account)
    await hold.again((shops, Millis(NOW + LEASE)))
    assert deads.account == DEAD  # and whoever pushes died


async def push(hold: Hold) -> None:
    """Of a filled hold, some pushes: what the first schema had no room for."""
    refused = Push(Millis(NOW + 100), 20, 500, False, "HTTP 500", "no", 1)
    for job in await hold.claim(TELL, 1, Millis(NOW + 2 * LEASE), LEASE):
        await hold.again((dataclasses.replace(job, push=refused), Millis(0)))
    for job in await hold.claim(TELL, 1, Millis(NOW + 2 * LEASE), LEASE):
        told = Push(Millis(NOW + 200), 5, 200, True, "acknowledged", '{"code":0}', 1)
        await hold.done((dataclasses.replace(job, push=told), ()))
    await hold.record(Submitted(dataclasses.replace(part(5), submitted_at=Millis(NOW - 7))))


def _of(n: int) -> Submission:
    made = submission(n)
    return dataclasses.replace(made, message=dataclasses.replace(made.message, account=DEAD)) if n in (24, 25) else made


def _end(n: int, state: State, at: Submission | None = None) -> Became:
    made = at or _of(n)
    return Became(made.message.id, state, Millis(made.message.accepted_at + n), CARRIER, state.upper(), f"it {state}")


async def seen(hold: Hold) -> dict[str, Any]:
    """All that can be looked at. Secrets are opened, since each is sealed anew."""
    book = await hold.book()
    assert book is not None
    standings = [await hold.look(s.message.id) for s in await hold.search(Question(limit=1000))]
    return {
        "messages": standings,
        "accounts": [dataclasses.replace(a, callback_secret=_secret(a)) for a in sorted(book.accounts, key=lambda a: a.id)],
        "keys": [dataclasses.replace(k, sealed=VAULT.open(k.id, k.sealed).encode()) for k in sorted(book.keys, key=lambda k: k.id)],
        "users": book.users,
        "policies": book.policies,
        "outboxes": await hold.outboxes(),
        "carriers": await hold.carriers(),
        "counts": await hold.counts(),
        "nonces": await hold.nonces(NOW),
    }


def _secret(entry: AccountEntry) -> bytes:
    kept = entry.callback_secret
    return VAULT.open(f"callback {entry.id}", kept).encode() if kept != b"secret" else kept


async def drained(hold: Hold, now: Millis) -> dict[str, Any]:
    """All jobs that may be claimed at `now`, the callbacks of an endpoint in their order; and what a known key answers."""
    return {
        "send": [sorted(await hold.claim(SEND, 100, now, LEASE, of), key=lambda job: job.message.id) for of in (CARRIER, SOUTH)],
        "settle": sorted(await hold.claim(SETTLE, 100, now, LEASE), key=lambda job: job.id),
        "tell": sorted(await hold.claim(TELL, 100, now, LEASE), key=lambda job: job.account),
        "once": await hold.keep([submission(99)], None, once=ONCE),
    }


async def _write(path: Path) -> None:
    hold = await SqliteHold.open(path)
    await fill(hold)
    await hold.close()


if __name__ == "__main__":
    asyncio.run(_write(Path(sys.argv[1])))
