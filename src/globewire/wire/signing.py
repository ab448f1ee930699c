"""A signed request as a value, and how its signature came about, step by step, for whoever wants to look.

The formulas are `wire.signature`'s; here they are laid out. The steps of a request that came from elsewhere are told the same
way, so that a client's can be held against ours line by line. It sends nothing.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import NamedTuple

from globewire.errors import MALFORMED_REQUEST, refuse
from globewire.values import dataclass
from globewire.wire.request import FORM, Call, Format, Raw, Scheme, read
from globewire.wire.signature import (
    canonical_query,
    canonical_request,
    escape,
    sign_v1,
    sign_v3,
    signature_of,
    stamp,
    string_to_sign,
)

IN_BODY = frozenset({"ConversionData"})
"""Operations whose parameters the SDKs write into a form body when they sign by V3 (contract 1.6)."""


class Step(NamedTuple):
    """One step of a signature: its name in the documentation's words, and the text that it came to."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to sign. `at` is in ms since 1970; `host` has the port where it is not the default; `token` is that of a temporary key.

    `method` is GET or POST. `headers` are further ones, in lower case, which V3 signs as well; V1 signs none.
    """

    operation: str
    parameters: Mapping[str, str]
    access_key: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    nonce: str
    at: int
    host: str
    scheme: Scheme = Scheme.V3
    method: str = "POST"
    format: Format = Format.JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signed:
    """A request that is ready to be sent, and the steps of its signature."""

    raw: Raw = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)

    @property
    def target(self) -> str:
        """What stands between method and version in the request line."""
        return f"/?{self.raw.query.decode()}" if self.raw.query else "/"


def sign(wanted: Wanted) -> Signed:
    """`wanted`, signed. `Refused` where the API would refuse its form already: an operation that it has not, a missing nonce, a
    header that no header can be."""
    for value in (wanted.host, wanted.nonce, wanted.token, wanted.access_key, *wanted.headers, *wanted.headers.values()):
        if not value.isprintable() or any(character > "\xff" for character in value):
            raise refuse(MALFORMED_REQUEST, "a header has characters that no header may have")
    raw = _v1(wanted) if wanted.scheme is Scheme.V1 else _v3(wanted)
    return Signed(raw, steps(read(raw), wanted.secret))


def steps(call: Call, secret: str | None) -> tuple[Step, ...]:
    """How `call` is signed right; without its last steps where the secret is not known (None)."""
    return _steps_v1(call, secret) if call.scheme is Scheme.V1 else _steps_v3(call, secret)


def _v3(wanted: Wanted) -> Raw:
    """Parameters in the query, as the product's SDKs write them, but for those that these put into a form body."""
    in_body = wanted.operation in IN_BODY and wanted.method == "POST"
    body = canonical_query(wanted.parameters).encode() if in_body else b""
    target, headers = sign_v3(
        wanted.method,
        wanted.host,
        {} if in_body else wanted.parameters,
        body,
        wanted.access_key,
        wanted.secret,
        wanted.operation,
        stamp(wanted.at),
        wanted.nonce,
        token=wanted.token,
        scheme=wanted.scheme,
        more=wanted.headers,
    )
    return _raw(wanted.method, target.partition("?")[2], dict(headers), body)


def _v1(wanted: Wanted) -> Raw:
    """All parameters in the query of a GET, or in the form body of a POST."""
    text = sign_v1(
        wanted.method,
        wanted.parameters,
        wanted.access_key,
        wanted.secret,
        wanted.operation,
        stamp(wanted.at),
        wanted.nonce,
        token=wanted.token,
        format=wanted.format,
    )
    headers = {"host": wanted.host, "accept": "*/*", **wanted.headers}
    if wanted.method == "GET":
        return _raw("GET", text, headers, b"")
    return _raw(wanted.method, "", {**headers, "content-type": FORM}, text.encode())


def _raw(method: str, query: str, headers: Mapping[str, str], body: bytes) -> Raw:
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    if body or method == "POST":
        pairs.append((b"content-length", b"%d" % len(body)))
    return Raw(method, "/", query.encode(), tuple(pairs), body, "", False)


def _steps_v1(call: Call, secret: str | None) -> tuple[Step, ...]:
    pairs = [f"{escape(name)}={escape(value)}" for name, value in sorted(call.parameters.items())]
    plain = [f"{name}={value}" for name, value in sorted(call.parameters.items())]
    told = (
        Step("Sorted parameters", "\n".join(plain)),
        Step("Encoded pairs", "\n".join(pairs)),
        Step("Canonical query", "&".join(pairs)),
        Step("String to sign", string_to_sign(call)),
    )
    return told if secret is None else (*told, Step("Signature", signature_of(call, secret)))


def _steps_v3(call: Call, secret: str | None) -> tuple[Step, ...]:
    canonical, names = canonical_request(call), ";".join(call.signed_headers)
    told = (
        Step("Canonical query", canonical_query(call.query)),
        Step("Canonical headers", "".join(f"{name}:{call.headers.get(name, '')}\n" for name in call.signed_headers)),
        Step("Signed headers", names),
        Step("Hashed payload", canonical.rpartition("\n")[2]),
        Step("Canonical request", canonical),
        Step("String to sign", string_to_sign(call)),
    )
    if secret is None:
        return told
    right = signature_of(call, secret)
    authorization = f"{call.scheme} Credential={call.access_key},SignedHeaders={names},Signature={right}"
    return (*told, Step("Signature", right), Step("Authorization", authorization))
