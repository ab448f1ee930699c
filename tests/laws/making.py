"""Messages and receipts for tests of the hold, made from a number so that each is its own."""

from globewire.hold.port import AccountEntry, Heard, Submission
from globewire.message import (
    AccessKeyId,
    AccountId,
    CarrierId,
    Encoding,
    Message,
    MessageId,
    Millis,
    NumberDetail,
    Part,
    PartState,
    Receipt,
)

NOW = Millis(1_800_000_000_000)
CARRIER = CarrierId("north")
ACCOUNT = AccountId("shop")


def message(n: int, *, at: int = NOW, validity: int = 3600, text: str = "") -> Message:
    return Message(
        MessageId(at * 100_000 + n), ACCOUNT, AccessKeyId("key"), f"REQ-{n}", f"85291{n:06}", "Shop",
        text or f"Code {n} \u20ac \U0001f600 \"'",
        "OTP", f"task-{n}", "", Encoding.UCS2, 1, "HK", NumberDetail("China", "HongKong", "CMI"), Millis(at), validity,
    )  # fmt: skip


def submission(n: int, *, at: int = NOW, validity: int = 3600, carrier: CarrierId = CARRIER) -> Submission:
    return Submission(message(n, at=at, validity=validity), carrier, '{"route":"all"}')


def part(n: int, sequence: int = 1, total: int = 1, carrier_id: str = "") -> Part:
    return Part(message(n).id, sequence, total, CARRIER, carrier_id or f"id{n}", PartState.SUBMITTED, NOW)


def heard(carrier_id: str, to: str = "", status: str = "DELIVRD", carrier: CarrierId = CARRIER) -> Heard:
    return Heard(carrier, Receipt((carrier_id,), to, status, "000"), NOW)


def account(callback: str = "http://127.0.0.1:1/push", name: AccountId = ACCOUNT) -> AccountEntry:
    return AccountEntry(name, "", callback, {}, NOW, b"secret")
