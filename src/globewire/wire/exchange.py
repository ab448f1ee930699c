"""An exchange: a request as it came and the reply as it went, with what both say of themselves, and as text with secrets masked.

Who keeps exchanges, and how many, is the accept stage's business; whoever shows them sees the port below. Header names are in
lower case, as the server read them, and every request is written as HTTP/1.1; `connection` and `keep-alive` of a reply, which
are the connection's, are left out.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Protocol
from urllib.parse import unquote_plus

import orjson

from globewire.errors import Refused
from globewire.message import Millis
from globewire.values import dataclass
from globewire.wire.request import Raw, decode, read
from globewire.wire.signature import escape

MASK = "***"
HINT = "x-globewire-hint"
"""The response header in which a refused caller is told what is wrong with its signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its reply. `at` is when the request was whole, `took` the milliseconds until the reply was ready.

    `operation` and `access_key` are "" where the request does not say, `account` where the key is nobody's. `code` is the
    reply's ResponseCode, or the Code of an error. `front` is the reply's status line and headers.
    """

    request_id: str
    at: Millis
    took: int
    operation: str
    access_key: str
    account: str
    status: int
    code: str
    message_ids: tuple[str, ...]
    hint: str
    raw: Raw = field(repr=False)
    front: bytes = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def refused(self) -> bool:
        """Whether the call was refused, by the gateway or by the business."""
        return self.code != "OK"

    @property
    def request_text(self) -> str:
        """The request as text, secrets masked."""
        return request_text(self.raw)

    @property
    def reply_text(self) -> str:
        """The reply as text, with the caller's token masked where the reply quotes it."""
        text = self.front.decode("latin-1").replace("\r\n", "\n") + "\n" + self.body.decode("utf-8", "backslashreplace")
        for secret in sorted(_quoted(self.raw), key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text


class Exchanges(Protocol):
    """The last exchanges of this process, in memory only: none outlives it, and old ones make room for new."""

    def latest(self, most: int, *, refused: bool = False) -> list[Exchange]:
        """At most so many, the newest first; only refused ones where asked for."""

    def find(self, request_id: str) -> Exchange | None:
        """The one with this RequestId, None where it is no longer kept or never was."""


def exchange(raw: Raw, front: bytes, body: bytes, at: Millis, took: int, account_of: Callable[[str], str]) -> Exchange:
    """What request and reply say of themselves. Never raises, whatever they are."""
    operation, key = _caller(raw)
    said = _members(body)
    return Exchange(
        request_id=_header(front, "x-acs-request-id"),
        at=at,
        took=took,
        operation=operation,
        access_key=key,
        account=account_of(key) if key else "",
        status=int(front[9:12]) if front[9:12].isdigit() else 0,
        code=said.get("ResponseCode") or said.get("Code", ""),
        message_ids=_ids(said),
        hint=_header(front, HINT),
        raw=raw,
        front=front,
        body=body,
    )


def request_text(raw: Raw) -> str:
    """A request as text, with signatures, tokens and cookies masked."""
    query = _masked_pairs(raw.query.decode("latin-1"))
    lines = [f"{raw.method} {raw.path}{'?' if query else ''}{query} HTTP/1.1"]
    for name, value in raw.headers:
        lines.append(f"{name.decode('latin-1')}: {_masked_header(name, value.decode('latin-1'))}")
    return "\n".join(lines) + "\n\n" + _masked_pairs(raw.body.decode("utf-8", "backslashreplace"))


_PARAMETERS = frozenset({"signature", "securitytoken", "bearertoken"})
_HEADERS = frozenset({b"x-acs-security-token", b"x-acs-bearer-token", b"cookie", b"proxy-authorization"})


def _masked_header(name: bytes, value: str) -> str:
    if name in _HEADERS:
        return MASK
    if name == b"authorization":
        return re.sub(r"(Signature=)[^,]*", rf"\1{MASK}", value) if value.startswith("ACS3-") else MASK
    return value


def _masked_pairs(text: str) -> str:
    return "&".join(_masked_pair(piece) for piece in text.split("&"))


def _masked_pair(piece: str) -> str:
    name, equals, _ = piece.partition("=")
    return f"{name}={MASK}" if equals and unquote_plus(name).strip().lower() in _PARAMETERS else piece


def _quoted(raw: Raw) -> Iterator[str]:
    """The ways in which a reply may quote a token that came with the request: plain, escaped once or twice, within JSON."""
    for token in _tokens(raw):
        yield token
        if token.isprintable():
            yield escape(token)
            yield escape(escape(token))
            yield orjson.dumps(token).decode()[1:-1]


def _tokens(raw: Raw) -> Iterator[str]:
    found = [value.decode("latin-1").strip(" \t") for name, value in raw.headers if name in _HEADERS]
    for text in (raw.query, raw.body):
        for piece in text.decode("latin-1").split("&"):
            name, _, value = piece.partition("=")
            if unquote_plus(name).strip().lower() in _PARAMETERS:
                found += [value, unquote_plus(value, errors="replace")]
    yield from filter(None, found)


def _caller(raw: Raw) -> tuple[str, str]:
    """Operation and AccessKey; of a request that cannot be read as far as they can be told."""
    try:
        call = read(raw)
    except Refused:
        return _caller_of_broken(raw)
    return call.operation, call.access_key


def _caller_of_broken(raw: Raw) -> tuple[str, str]:
    headers = {name: value.decode("latin-1") for name, value in raw.headers}
    try:
        parameters = decode(raw.body) | decode(raw.query)
    except Refused:
        parameters = {}
    credential = re.search(r"Credential=([^,\s]+)", headers.get(b"authorization", ""))
    operation = headers.get(b"x-acs-action") or parameters.get("Action", "")
    return operation, credential[1] if credential else parameters.get("AccessKeyId", "")


def _members(body: bytes) -> Mapping[str, str]:
    """The reply's members, from JSON or from XML of one level."""
    if body.startswith(b"<"):
        found = re.findall(r"<(Code|ResponseCode|MessageId|MessageIdList)>([^<]*)<", body.decode("utf-8", "replace"))
        return {name: value.replace("&quot;", '"') for name, value in found}
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return {name: value for name, value in members.items() if isinstance(value, str)} if isinstance(members, dict) else {}


def _ids(said: Mapping[str, str]) -> tuple[str, ...]:
    if "MessageIdList" in said:
        return tuple(re.findall(r"[0-9]+", said["MessageIdList"]))
    return (said["MessageId"],) if said.get("MessageId") else ()


def _header(front: bytes, name: str) -> str:
    found = re.search(rb"(?im)^%b: ([^\r\n]*)" % name.encode(), front)
    return found[1].decode("latin-1") if found else ""
