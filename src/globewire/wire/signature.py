"""Signatures: whether a call bears the right one, whether it is fresh, and how to sign a request of our own.

V1 is HMAC-SHA1 over the sorted parameters (contract 2.3); V3 is HMAC over a canonical request, with SHA-256 or SM3
(contract 2.4). It knows no accounts: the secret is an argument, and so is the time. Nonces are remembered elsewhere.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from globewire.errors import INVALID_SIGNATURE_METHOD, SIGNATURE_V1, SIGNATURE_V3, TIMESTAMP_EXPIRED, refuse
from globewire.wire.operation import VERSION
from globewire.wire.request import FORM, Call, Format, Scheme

WINDOW = {Scheme.V1: 31 * 60_000, Scheme.V3: 15 * 60_000, Scheme.V3_SM3: 15 * 60_000}
"""How far a timestamp may lie from our clock, either way, in ms (contract 2.6)."""
LEEWAY = 60_000
"""Ms for which a nonce is barred longer than its request is fresh."""

SM3 = "sm3" in hashlib.algorithms_available
"""Whether this Python's OpenSSL has SM3. Without it every SM3 call is `Refused(INVALID_SIGNATURE_METHOD)`."""


def verify(call: Call, secret: str) -> None:
    """Return if `call` is signed with `secret`; else `Refused`, with what we signed ourselves in its sentence (contract 3.2)."""
    if call.scheme is Scheme.V1:
        text = string_to_sign(call)
        if not hmac.compare_digest(_sign_v1(text, secret), call.signature.encode()):
            raise refuse(SIGNATURE_V1, text)
        return
    digest = _digest(call.scheme, call.raw.body)
    canonical = _canonical(call.raw.method, canonical_query(call.query), call.headers, call.signed_headers, digest)
    text = _string_v3(call.scheme, canonical)
    matches = hmac.compare_digest(_sign_v3(call.scheme, text, secret).encode(), call.signature.encode())
    if not matches or not _claims(call.headers, digest):
        raise refuse(SIGNATURE_V3, text, canonical)


def signature_of(call: Call, secret: str) -> str:
    """The signature that `call` should bear."""
    text = string_to_sign(call)
    return _sign_v1(text, secret).decode() if call.scheme is Scheme.V1 else _sign_v3(call.scheme, text, secret)


def string_to_sign(call: Call) -> str:
    """The text whose HMAC the signature is. What a client should have signed, for whoever shows the difference."""
    if call.scheme is Scheme.V1:
        return _string_v1(call.raw.method, canonical_query(call.parameters))
    return _string_v3(call.scheme, canonical_request(call))


def canonical_request(call: Call) -> str:
    """The canonical request of a V3 call: of exactly the headers that its client signed (contract 2.4)."""
    digest = _digest(call.scheme, call.raw.body)
    return _canonical(call.raw.method, canonical_query(call.query), call.headers, call.signed_headers, digest)


def canonical_query(parameters: Mapping[str, str]) -> str:
    """`name=value&...` sorted by name, both escaped by RFC 3986."""
    return "&".join([f"{escape(name)}={escape(parameters[name])}" for name in sorted(parameters)])


def escape(text: str) -> str:
    """`text` as UTF-8 with everything but `A-Z a-z 0-9 - _ . ~` as `%XX`."""
    if text.isalnum() and text.isascii():
        return text
    octets = text.encode()
    odd = set(octets.translate(None, _UNRESERVED))
    if not odd:
        return text
    if len(odd) > 8:
        return "".join([_ESCAPES[octet] for octet in octets])
    if 0x25 in odd:  # first, since the others bring new ones
        odd.remove(0x25)
        octets = octets.replace(b"%", b"%25")
    for octet in odd:
        octets = octets.replace(bytes((octet,)), _ESCAPES[octet].encode())
    return octets.decode()


_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
_ESCAPES = tuple(chr(octet) if octet in _UNRESERVED else f"%{octet:02X}" for octet in range(256))


def fresh(call: Call, now: int) -> None:
    """Return if the call's timestamp is near enough to `now` (ms since 1970); else `Refused(TIMESTAMP_EXPIRED)`."""
    if abs(now - call.timestamp) > WINDOW[call.scheme]:
        raise refuse(TIMESTAMP_EXPIRED)


def nonce_mark(access_key: str, nonce: str) -> int:
    """63 bits that stand for this nonce of this AccessKey, for `hold.port.Nonce`."""
    octets = hashlib.blake2b(f"{access_key}\0{nonce}".encode(), digest_size=8).digest()
    return int.from_bytes(octets, "big") >> 1


def nonce_until(call: Call) -> int:
    """A ms at which the request is fresh no more, a minute past the first, as clocks of processes that share a hold may differ.

    It is a matter of the request alone: those processes find its nonce by it, whichever of them is given it again, and whenever.
    """
    return call.timestamp + WINDOW[call.scheme] + LEEWAY


def sign_v3(
    method: str,
    host: str,
    parameters: Mapping[str, str],
    body: bytes,
    access_key: str,
    secret: str,
    operation: str,
    date: str,
    nonce: str,
    token: str = "",
    scheme: Scheme = Scheme.V3,
    more: Mapping[str, str] | None = None,
) -> tuple[str, list[tuple[str, str]]]:
    """The target and the headers of a V3 request. `parameters` go into the query; `body`, if any, is a form; `host` has the port.

    `date` is as `stamp` writes it; `token` is that of a temporary credential; `more` are further headers, which are signed too.
    """
    digest = _digest(scheme, body)
    headers = {
        "host": host,
        "accept": "application/json",
        "x-acs-action": operation,
        "x-acs-version": VERSION,
        "x-acs-date": date,
        "x-acs-signature-nonce": nonce,
        "x-acs-content-sha256": digest,
    }
    if body:
        headers["content-type"] = FORM
    if token:
        headers |= {"x-acs-accesskey-id": access_key, "x-acs-security-token": token}
    headers |= more or {}
    names = sorted(headers)
    query = canonical_query(parameters)
    signature = _sign_v3(scheme, _string_v3(scheme, _canonical(method, query, headers, names, digest)), secret)
    headers["authorization"] = f"{scheme} Credential={access_key},SignedHeaders={';'.join(names)},Signature={signature}"
    return f"/?{query}" if query else "/", list(headers.items())


def sign_v1(
    method: str,
    parameters: Mapping[str, str],
    access_key: str,
    secret: str,
    operation: str,
    date: str,
    nonce: str,
    token: str = "",
    format: Format = Format.JSON,
) -> str:
    """The signed parameters of a V1 request, escaped: a query, a form body, or cut at any `&` into both. `date` as in `sign_v3`."""
    signed = {
        "Action": operation,
        "Version": VERSION,
        "Format": format.value,
        "AccessKeyId": access_key,
        "SignatureMethod": Scheme.V1.value,
        "SignatureVersion": "1.0",
        "SignatureNonce": nonce,
        "Timestamp": date,
        **parameters,
    }
    if token:
        signed["SecurityToken"] = token
    query = canonical_query(signed)
    return f"{query}&Signature={escape(_sign_v1(_string_v1(method, query), secret).decode())}"


def stamp(at: int) -> str:
    """`at` (ms since 1970) as the protocol writes it: `yyyy-MM-ddTHH:mm:ssZ`."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _string_v1(method: str, query: str) -> str:
    # The query is escaped once more; only these three of its characters are not left bare.
    escaped = query.replace("%", "%25").replace("=", "%3D").replace("&", "%26")
    return f"{method}&%2F&{escaped}"


def _sign_v1(text: str, secret: str) -> bytes:
    return b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), "sha1"))


def _canonical(method: str, query: str, headers: Mapping[str, str], names: Sequence[str], digest: str) -> str:
    """The canonical request of the headers `names`, which are sorted. One that is absent counts as empty."""
    lines = "".join([f"{name}:{headers.get(name, '')}\n" for name in names])
    return f"{method}\n/\n{query}\n{lines}\n{';'.join(names)}\n{digest}"


def _string_v3(scheme: Scheme, canonical: str) -> str:
    return f"{scheme}\n{_digest(scheme, canonical.encode('latin-1'))}"


def _sign_v3(scheme: Scheme, text: str, secret: str) -> str:
    keyed = _keyed(secret, _HASHES[scheme]).copy()
    keyed.update(text.encode())
    return keyed.hexdigest()


@lru_cache(maxsize=16_384)
def _keyed(secret: str, hash: str) -> hmac.HMAC:
    """Kept, since setting it up takes two of the three microseconds that a signature takes."""
    return hmac.new(secret.encode(), digestmod=hash)


_HASHES = {Scheme.V3: "sha256", Scheme.V3_SM3: "sm3"}
_EMPTY = hashlib.sha256().hexdigest()


def _digest(scheme: Scheme, octets: bytes) -> str:
    if _HASHES[scheme] == "sha256":
        return hashlib.sha256(octets).hexdigest() if octets else _EMPTY
    if not SM3:
        raise refuse(INVALID_SIGNATURE_METHOD)
    return hashlib.new("sm3", octets).hexdigest()


def _claims(headers: Mapping[str, str], digest: str) -> bool:
    """Whether the body's digest is the one its headers claim. SM3 comes under either name (contract 2.4)."""
    claimed = headers.get("x-acs-content-sha256", digest)
    return claimed == digest and headers.get("x-acs-content-sm3", digest) == digest
