"""Requests for tests: from the captured vectors, and signed by ourselves."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from globewire.wire.request import FORM, Call, Format, Raw, Scheme
from globewire.wire.signature import sign_v1, sign_v3

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent.parent / "vectors" / "signed-requests.json").read_text())
DATE = "2026-11-22T07:33:04Z"
AT = 1795332784000  # DATE in ms
KEY, SECRET, NONCE = "testid", "testsecret", "nonce-1"


def raw_of(vector: Mapping[str, Any]) -> Raw:
    """A vector's request as the server would hand it over."""
    path, _, query = vector["target"].partition("?")
    headers = tuple((name.lower().encode(), value.encode()) for name, value in vector["headers"])
    return Raw(vector["method"], path, query.encode(), headers, vector["body"].encode(), "127.0.0.1", False)


def v3(
    parameters: Mapping[str, str],
    body: bytes = b"",
    scheme: Scheme = Scheme.V3,
    token: str = "",
    operation: str = "SendMessageToGlobe",
) -> Raw:
    """A V3 request of our own making."""
    target, headers = sign_v3(
        "POST", "127.0.0.1:8080", parameters, body, KEY, SECRET, operation, DATE, NONCE, token=token, scheme=scheme
    )
    pairs = tuple((name.encode(), value.encode()) for name, value in headers)
    return Raw("POST", "/", target.partition("?")[2].encode(), pairs, body, "127.0.0.1", False)


def v1(parameters: Mapping[str, str], method: str = "GET", in_body: bool = False, format: Format = Format.JSON) -> Raw:
    """A V1 request of our own making, everything in the query or everything in a form body."""
    text = sign_v1(method, parameters, KEY, SECRET, "SendMessageToGlobe", DATE, NONCE, format=format).encode()
    if in_body:
        return Raw(method, "/", b"", ((b"content-type", FORM.encode()),), text, "127.0.0.1", False)
    return Raw(method, "/", text, (), b"", "127.0.0.1", False)


def with_header(raw: Raw, name: bytes, value: bytes | None) -> Raw:
    """`raw` with that header instead of its own, or without it."""
    kept = tuple(pair for pair in raw.headers if pair[0] != name)
    return replace(raw, headers=kept if value is None else (*kept, (name, value)))


def with_parameter(raw: Raw, name: str, value: str | None) -> Raw:
    """`raw` with that query parameter (already escaped) instead of its own, or without it."""
    kept = [piece for piece in raw.query.decode().split("&") if piece.partition("=")[0] != name]
    return replace(raw, query="&".join(kept if value is None else [*kept, f"{name}={value}"]).encode())


def tampered(call: Call, name: str, value: str) -> Call:
    """`call` with one decoded parameter changed."""
    return replace(call, parameters={**call.parameters, name: value}, query={**call.query, name: value})
