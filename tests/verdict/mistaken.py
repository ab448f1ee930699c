"""Clients that sign by themselves and get something wrong, written without anything of ours: only hashlib, hmac and urllib."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from globewire.wire.request import Raw

ID, SECRET = "LTAIdoctor", "Zx9+/doctor-secret"
NOW = 1795332784000
DATE = "2026-11-22T07:33:04Z"
HOST = "127.0.0.1:8018"
TEXT = "Hi ~you~ *1+1=2* (ok)! caf\u00e9 \u4f60\u597d"
ASKED = {"To": "6591234567", "Message": TEXT, "From": "", "taskId": "a-b"}
Quote = Callable[[str], str]
Pairs = list[tuple[str, str]]


def rfc(text: str) -> str:
    return quote(text, safe="~")


def url_encoder(text: str) -> str:
    """java.net.URLEncoder."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def component(text: str) -> str:
    """JavaScript's encodeURIComponent."""
    return quote(text, safe="~!'()*")


def lower(text: str) -> str:
    """Escapes in lower case."""
    pieces = rfc(text).split("%")
    return pieces[0] + "".join(f"%{piece[:2].lower()}{piece[2:]}" for piece in pieces[1:])


def charset(name: str) -> Quote:
    return lambda text: quote(text, safe="~", encoding=name)


def base64(octets: bytes) -> str:
    return b64encode(octets).decode()


def joined(pairs: Iterable[tuple[str, str]], write: Quote = rfc) -> str:
    return "&".join(f"{write(name)}={write(value)}" for name, value in pairs)


def rpc(
    *,
    asked: Mapping[str, str] = ASKED,
    method: str = "GET",
    said_method: str = "",
    write: Quote = rfc,
    again: Quote | None = None,
    arrange: Callable[[Pairs], Pairs] = sorted,
    template: str = "{method}&%2F&{query}",
    key: str = f"{SECRET}&",
    hash: str = "sha1",
    output: Callable[[bytes], str] = base64,
    send: Quote = rfc,
    send_signature: Quote = rfc,
    sent: Callable[[Pairs], Pairs] = list,
    in_body: tuple[str, ...] = (),
    more: Mapping[str, str] | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Raw:
    """A request of V1."""
    common = {
        "Version": "2018-05-01", "Action": "SendMessageToGlobe", "Format": "JSON", "AccessKeyId": ID,
        "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureNonce": "nonce-1", "Timestamp": DATE,
    }  # fmt: skip
    pairs = list({**asked, **common, **(more or {})}.items())
    query = joined(arrange(list(pairs)), write)
    text = template.format(method=said_method or method, query=(again or write)(query))
    signature = output(hmac.digest(key.encode(), text.encode(), hash))
    wire = sent(pairs)
    in_query = joined([pair for pair in wire if pair[0] not in in_body], send) + f"&Signature={send_signature(signature)}"
    body = joined([pair for pair in wire if pair[0] in in_body], send)
    kind = ((b"content-type", b"application/x-www-form-urlencoded"),) if body else ()
    return Raw(method, "/", in_query.encode(), (*kind, *headers), body.encode(), "127.0.0.1", False)


def sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def acs(
    *,
    asked: Mapping[str, str] = ASKED,
    method: str = "POST",
    said_method: str = "",
    write: Quote = rfc,
    arrange: Callable[[Pairs], Pairs] = sorted,
    uri: str = "/",
    body: bytes = b"",
    payload: str | None = None,
    claimed: str | None = None,
    signed_as: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
    names: Callable[[Iterable[str]], list[str]] = sorted,
    lines: str = "{lines}\n",
    text: Callable[[str], str] = lambda canonical: f"ACS3-HMAC-SHA256\n{sha256(canonical.encode())}",
    key: str = SECRET,
    hash: str = "sha256",
    output: Callable[[bytes], str] = bytes.hex,
    send: Quote = rfc,
    after: Callable[[dict[str, str]], dict[str, str]] = dict,
) -> Raw:
    """A request of V3; `signed_as` are headers that are sent otherwise than signed, `after` what becomes of them on the way."""
    digest = sha256(body) if payload is None else payload
    headers = {
        "user-agent": "own/1.0", "x-acs-action": "SendMessageToGlobe", "host": HOST, "x-acs-version": "2018-05-01",
        "x-acs-date": DATE, "accept": "application/json", "x-acs-signature-nonce": "nonce-1",
        "x-acs-content-sha256": claimed or digest, **(more or {}),
    }  # fmt: skip
    listed = names(name for name in headers if name != "user-agent" or "user-agent" in (signed_as or {}))
    block = "".join(f"{name}:{(signed_as or {}).get(name, headers[name])}\n" for name in listed)
    query = joined(arrange(list(asked.items())), write)
    signed = ";".join(listed)
    canonical = f"{said_method or method}\n{uri}\n{query}\n{lines.format(lines=block)}{signed}\n{digest}"
    signature = output(hmac.digest(key.encode(), text(canonical).encode(), hash))
    headers["authorization"] = f"ACS3-HMAC-SHA256 Credential={ID},SignedHeaders={signed},Signature={signature}"
    pairs = tuple((name.encode(), value.encode()) for name, value in after(headers).items())
    return Raw(method, "/", joined(asked.items(), send).encode(), pairs, body, "127.0.0.1", False)


def without(*names: str) -> Callable[[Any], Any]:
    """Drops parameters, or headers."""

    def drop(given: Any) -> Any:
        if isinstance(given, dict):
            return {name: value for name, value in given.items() if name not in names}
        return sorted(pair for pair in given if pair[0] not in names)

    return drop


def with_header(name: str, value: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda headers: {**headers, name: value}
