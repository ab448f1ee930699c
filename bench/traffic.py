"""The requests that the benchmark sends: SendMessageToGlobe signed with V3, as the official SDKs do, one for each number.

Message k has `#` and k in eight digits in its text, by which the sink knows it, and k as its TaskId, by which it is known in
the pushed receipts. Recipients are spread over ten countries. The same messages can be asked of Kannel's sendsms, which wants
no signature, and a callback's address with each; and in batches, whose receipts name no message, since a batch has one TaskId.
"""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

from globewire.wire.signature import sign_v3, stamp

KEY, SECRET = "benchkeyid", "benchkeysecret"
OPERATION, BATCH = "SendMessageToGlobe", "BatchSendMessageToGlobe"

_WORLD = (
    ("8529", 7), ("659", 7), ("62812", 8), ("447911", 6), ("49151", 8),
    ("336", 8), ("55119", 8), ("234803", 7), ("9198", 8), ("1212", 7),
)  # fmt: skip


def requests(first: int, count: int, port: int, now: int, accounts: int = 1) -> Iterator[bytes]:
    """The octets of the requests for messages `first` and on, signed by so many accounts in turn. `now` is in ms: they are fresh
    for fifteen minutes after it."""
    host, date = f"127.0.0.1:{port}", stamp(now)
    for k in range(first, first + count):
        key, secret = login((k + k // accounts) % accounts)  # one further in each turn: an account has more than one country
        yield _post(*sign_v3("POST", host, parameters(k), b"", key, secret, OPERATION, date, f"{now}-{k}"))


def batches(first: int, count: int, each: int, port: int, now: int) -> Iterator[bytes]:
    """The octets of `count` calls of BatchSendMessageToGlobe with `each` numbers, for messages `first` and on."""
    host, date = f"127.0.0.1:{port}", stamp(now)
    for start in range(first, first + count * each, each):
        whole = range(start, start + each)
        asked = {"To": json.dumps([*map(recipient, whole)]), "From": "Globewire", "Message": json.dumps([*map(text, whole)])}
        yield _post(*sign_v3("POST", host, asked, b"", KEY, SECRET, BATCH, date, f"{now}-{start}"))


def sendsms(first: int, count: int, port: int, sink: int) -> Iterator[bytes]:
    """The octets of the same messages for Kannel's sendsms, with a callback to the sink's port for each one's end (dlr-mask 3:
    delivered or failed)."""
    for k in range(first, first + count):
        wanted = {"dlr-mask": "3", "dlr-url": f"http://127.0.0.1:{sink}/dlr/{k:08}/%d"}
        asked = {"username": "bench", "password": "bench", "from": "Globewire", "to": recipient(k), "text": text(k), **wanted}
        yield f"GET /cgi-bin/sendsms?{urlencode(asked)} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode()


def _post(target: str, headers: list[tuple[str, str]]) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return f"POST {target} HTTP/1.1\r\n{lines}user-agent: bench\r\ncontent-length: 0\r\n\r\n".encode()


def login(account: int) -> tuple[str, str]:
    """The key of an account, and its secret."""
    return (f"{KEY}{account}", f"{SECRET}{account}") if account else (KEY, SECRET)


def areas() -> list[str]:
    """Prefixes that every recipient has one of, ten in each country and about as many recipients in each."""
    return [f"{prefix}{digit}" for prefix, _ in _WORLD for digit in range(10)]


def parameters(k: int) -> dict[str, str]:
    """What message k asks for."""
    return {"To": recipient(k), "From": "Globewire", "Message": text(k), "TaskId": f"{k:08}"}


def text(k: int) -> str:
    """A one-time password, one segment long."""
    return f"#{k:08} Your code is {k % 10000:04}. Do not share it with anyone."


def recipient(k: int) -> str:
    """A number in one of ten countries; which one within it looks random, and is not."""
    prefix, digits = _WORLD[k % 10]
    return f"{prefix}{(k * 2654435761 & 0x7FFFFFFF) % 10**digits:0{digits}}"
