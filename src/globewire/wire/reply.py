"""Replies: an operation's answer, a business refusal in the same shape, and the gateway's error envelope, in JSON or XML.

Status, headers and body of contract 3.1; the server adds Date. Every scalar travels as a string (contract 9.9).
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import assert_never
from urllib.parse import quote

import orjson

from globewire.errors import Refused, Row
from globewire.values import dataclass
from globewire.wire.request import Format

Fields = Mapping[str, "str | Mapping[str, str]"]
"""The members of a reply: strings, and at most one level of them below."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response, ready to be written. Header names are in lower case."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def answer(operation: str, fields: Fields, format: Format, request_id: str) -> Reply:
    """The reply of `operation`: HTTP 200, `fields` and the RequestId."""
    members = {**fields, "RequestId": request_id}
    match format:
        case Format.JSON:
            body = orjson.dumps(members)
        case Format.XML:
            body = _document(f"{operation}Response", members)
        case _:
            assert_never(format)
    return _reply(200, body, format, request_id)


def business(operation: str, row: Row, sentence: str, format: Format, request_id: str) -> Reply:
    """The reply of `operation` to what the business refuses: HTTP 200, ResponseCode and ResponseDescription (contract 3.4)."""
    return answer(operation, {"ResponseCode": row.code, "ResponseDescription": sentence}, format, request_id)


def refusal(refused: Refused, format: Format, request_id: str, host: str) -> Reply:
    """The error envelope of contract 3.1 for `refused`, with its own headers and details. `host` is what the client called."""
    code = refused.row.code
    members = {
        "RequestId": request_id,
        "HostId": host,
        "Code": code,
        "Message": refused.sentence,
        "Recommend": f"https://api.aliyun.com/troubleshoot?q={quote(code)}&product=Dysmsapi&requestId={quote(request_id)}",
        **refused.details,
    }
    match format:
        case Format.JSON:
            body = orjson.dumps(members)
        case Format.XML:
            body = _document("Error", members)
        case _:
            assert_never(format)
    headers = tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in refused.headers)
    return _reply(refused.row.http, body, format, request_id, headers)


_CONTENT_TYPE = {Format.JSON: b"application/json;charset=utf-8", Format.XML: b"text/xml;charset=utf-8"}
_COMMON = (
    (b"connection", b"keep-alive"),
    (b"keep-alive", b"timeout=25"),
    (b"vary", b"Accept-Encoding"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"*"),
)


def _reply(status: int, body: bytes, format: Format, request_id: str, more: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
    """The reply with all of its headers. Trace id and ETag come from the request id, which makes each body the only one."""
    request = request_id.encode()
    digest = blake2b(request, digest_size=24).hexdigest().encode()
    headers = (
        (b"content-type", _CONTENT_TYPE[format]),
        (b"content-length", b"%d" % len(body)),
        *_COMMON,
        (b"x-acs-request-id", request),
        (b"x-acs-trace-id", digest[:32]),
        (b"etag", b'"%s"' % digest[32:]),
        *more,
    )
    return Reply(status, headers, body)


def _document(root: str, members: Mapping[str, object]) -> bytes:
    return f"<?xml version='1.0' encoding='UTF-8'?>{_element(root, members)}".encode()


def _element(name: str, content: object) -> str:
    """One element: of elements where `content` is a mapping, else of its text. Recommend goes as CDATA, as the gateway's does."""
    if isinstance(content, Mapping):
        inner = "".join([_element(key, value) for key, value in content.items()])
    elif name == "Recommend":
        inner = f"<![CDATA[{content}]]>"
    else:
        inner = str(content).translate(_ESCAPES)
    return f"<{name}>{inner}</{name}>"


_ESCAPES: dict[int, str] = {
    # XML 1.0 section 2.2 has no place for these, not even escaped.
    **{code: "\ufffd" for code in (*range(0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF) if code not in (0x09, 0x0A, 0x0D)},
    0x0D: "&#13;",  # a bare one would be read as a line feed (section 2.11)
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
}
