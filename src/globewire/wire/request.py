"""From the raw pieces of an HTTP request to a call: which operation, with which parameters, signed how and by whom.

It reads and checks form only (contract 2 and 9). Whether the signature is right is `wire.signature`'s to say; whether the
values make sense is the operation's.

Decided here, where the contract leaves it open: a name given twice keeps its first value, and the query goes before the
body, as in a servlet container; what is verified is always what is acted on. An escape that is broken, or bytes that are
not UTF-8, refuse the request. A V3 request must carry a nonce.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum, StrEnum
from functools import lru_cache

from globewire.errors import (
    ACTION_NOT_FOUND,
    FORMAT,
    INCOMPLETE_SIGNATURE,
    INVALID_SIGNATURE_METHOD,
    INVALID_VERSION,
    MALFORMED_REQUEST,
    METHOD,
    MISSING_ACCESS_KEY_ID,
    TIMESTAMP_FORMAT,
    invalid,
    missing,
    refuse,
)
from globewire.values import dataclass
from globewire.wire.operation import OPERATIONS, VERSION

MOST_PARAMETERS = 1000
FORM = "application/x-www-form-urlencoded"


class Format(Enum):
    """How a reply is to be written."""

    JSON = "JSON"
    XML = "XML"


class Scheme(StrEnum):
    """How a request is signed; the value is the protocol's name for it (contract 2.3 and 2.4)."""

    V1 = "HMAC-SHA1"
    V3 = "ACS3-HMAC-SHA256"
    V3_SM3 = "ACS3-HMAC-SM3"


@dataclass(frozen=True, slots=True)
class Raw:
    """A request as it came: `query` is what follows `?`, not decoded; header names are in lower case, in the order received.

    `peer` is the client's address; `secure` says whether it came over TLS.
    """

    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    peer: str
    secure: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A request, read. `parameters` are query and form body together, without `Signature` in V1; `query` is the query alone,
    as V3 signs it.

    `headers` hold one trimmed value a name, as Latin-1 text, so no byte is lost; several values are sorted and joined by
    commas. `signed_headers` are lower-case and sorted, empty in V1. `timestamp` is in ms since 1970.
    """

    operation: str
    parameters: Mapping[str, str]
    format: Format
    scheme: Scheme
    access_key: str
    signature: str
    signed_headers: tuple[str, ...]
    nonce: str
    timestamp: int
    security_token: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: Raw


def read(raw: Raw) -> Call:
    """The call that `raw` makes, or `Refused` for the first thing wrong with it, in the order of contract 3.2."""
    if raw.method != "POST" and raw.method != "GET":
        raise refuse(METHOD)
    if raw.path != "/":
        raise refuse(ACTION_NOT_FOUND)
    headers = _headers(raw.headers)
    query, parameters = _parameters(raw, headers)
    authorization = headers.get("authorization", "")
    if authorization.startswith("ACS3-"):
        return _read_v3(raw, headers, query, parameters, authorization)
    return _read_v1(raw, headers, query, parameters)


def format_of(raw: Raw) -> Format:
    """How to write a refusal of `raw`, whatever is wrong with it. Never raises.

    V3 is answered in JSON, V1 as its Format says, XML where it says nothing (contract 9.11); so is a request that has no
    signature at all, unless it accepts JSON by name.
    """
    headers = _headers(raw.headers)
    if headers.get("authorization", "").startswith("ACS3-"):
        return Format.JSON
    body = raw.body if _is_form(headers) else b""
    for piece in (*raw.query.split(b"&"), *body.split(b"&")):
        if piece.startswith(b"Format="):
            return Format.JSON if piece[7:].upper() == b"JSON" else Format.XML
    signed = b"AccessKeyId=" in raw.query or b"AccessKeyId=" in body
    return Format.JSON if not signed and "application/json" in headers.get("accept", "") else Format.XML


def decode(text: bytes) -> dict[str, str]:
    """The parameters of a query or a form: `+` is a space, `%XX` a byte of UTF-8, blank values stay, the first of a name wins.

    `Refused(MALFORMED_REQUEST)` for a broken escape or bytes that are not UTF-8.
    """
    found: dict[str, str] = {}
    plain = text.isascii()
    for piece in text.decode("latin-1").split("&"):
        name, equals, value = piece.partition("=")
        if not plain or "%" in piece or "+" in piece:
            name, value = _unquote(name, ""), _unquote(value, name)
        if name not in found and (name or equals):
            found[name] = value
    return found


@lru_cache(maxsize=1024)
def instant(text: str) -> int | None:
    """`yyyy-MM-ddTHH:mm:ssZ` as ms since 1970, or None where it is not that. Kept, since calls of one second share it."""
    if text.translate(_DIGITS) != "0000-00-00T00:00:00Z":
        return None
    year, month, day, hour, minute, second = (int(text[start:end]) for start, end in _PLACES)
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return int(at.timestamp()) * 1000


_DIGITS = str.maketrans("123456789", "000000000")
_PLACES = ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))


def _read_v3(
    raw: Raw, headers: Mapping[str, str], query: Mapping[str, str], parameters: Mapping[str, str], authorization: str
) -> Call:
    """A request signed by headers. Action and Version may also stand among the parameters, which are signed as well."""
    get = headers.get
    operation = _operation(
        get("x-acs-action") or parameters.get("Action", ""), get("x-acs-version") or parameters.get("Version", "")
    )
    algorithm, credential, signed, signature = _authorization(authorization)
    if not credential:
        raise refuse(MISSING_ACCESS_KEY_ID)
    scheme = _SCHEMES.get(algorithm)
    if scheme is None:
        raise refuse(INVALID_SIGNATURE_METHOD)
    timestamp = _timestamp(get("x-acs-date", ""))
    nonce = get("x-acs-signature-nonce", "")
    if not signed or not signature or any(name.startswith("x-acs-") for name in headers.keys() - signed):
        raise refuse(INCOMPLETE_SIGNATURE)
    if not nonce:
        raise missing("SignatureNonce")
    token = get("x-acs-security-token", "")
    return Call(
        operation, parameters, Format.JSON, scheme, credential, signature, signed, nonce, timestamp, token, query, headers, raw
    )


_SCHEMES = {scheme.value: scheme for scheme in (Scheme.V3, Scheme.V3_SM3)}


def _read_v1(raw: Raw, headers: Mapping[str, str], query: Mapping[str, str], parameters: dict[str, str]) -> Call:
    """A request signed by parameters, wherever those stand."""
    get = parameters.get
    form = _FORMATS.get(get("Format", "").upper())
    if form is None:
        raise refuse(FORMAT)
    operation = _operation(get("Action", ""), get("Version", ""))
    access_key = get("AccessKeyId", "")
    if not access_key:
        raise refuse(MISSING_ACCESS_KEY_ID)
    if _need(parameters, "SignatureMethod") != Scheme.V1:
        raise refuse(INVALID_SIGNATURE_METHOD)
    if _need(parameters, "SignatureVersion") != "1.0":
        raise invalid("SignatureVersion")
    if get("SignatureType"):
        raise invalid("SignatureType")
    timestamp = _timestamp(get("Timestamp", ""))
    signature = _need(parameters, "Signature")
    nonce = _need(parameters, "SignatureNonce")
    del parameters["Signature"]
    token = get("SecurityToken", "")
    return Call(operation, parameters, form, Scheme.V1, access_key, signature, (), nonce, timestamp, token, query, headers, raw)


_FORMATS = {"": Format.XML, "XML": Format.XML, "JSON": Format.JSON}


def _operation(action: str, version: str) -> str:
    """The operation's name, where this version of the API has it."""
    if not action:
        raise missing("Action")
    if not version:
        raise missing("Version")
    if version != VERSION:
        raise refuse(INVALID_VERSION)
    if action not in OPERATIONS:
        raise refuse(ACTION_NOT_FOUND)
    return action


def _need(parameters: Mapping[str, str], name: str) -> str:
    value = parameters.get(name)
    if not value:
        raise missing(name)
    return value


def _timestamp(text: str) -> int:
    if not text:
        raise missing("Timestamp")
    at = instant(text) if len(text) == 20 else None
    if at is None:
        raise refuse(TIMESTAMP_FORMAT)
    return at


def _authorization(value: str) -> tuple[str, str, tuple[str, ...], str]:
    """Algorithm, Credential, SignedHeaders and Signature, told apart by name since their order varies by SDK (contract 2.4)."""
    algorithm, _, rest = value.partition(" ")
    found: dict[str, str] = {}
    for piece in rest.split(","):
        name, equals, content = piece.strip(" ").partition("=")
        if not equals or name in found:
            raise refuse(INCOMPLETE_SIGNATURE)
        found[name] = content
    return algorithm, found.get("Credential", ""), _names(found.get("SignedHeaders", "")), found.get("Signature", "")


@lru_cache(maxsize=256)
def _names(signed: str) -> tuple[str, ...]:
    """A list of header names, sorted. Kept, since an SDK sends the same list with each call."""
    return tuple(sorted({name for name in signed.lower().split(";") if name}))


def _headers(pairs: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    headers = {name.decode("latin-1"): value.decode("latin-1").strip(" \t") for name, value in pairs}
    if len(headers) == len(pairs):
        return headers
    several: dict[str, list[str]] = {name: [] for name in headers}
    for name, value in pairs:
        several[name.decode("latin-1")].append(value.decode("latin-1").strip(" \t"))
    return {name: ",".join(sorted(values)) for name, values in several.items()}


def _is_form(headers: Mapping[str, str]) -> bool:
    kind = headers.get("content-type", "")
    return not kind or kind.partition(";")[0].strip(" \t").lower() == FORM


def _parameters(raw: Raw, headers: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The query's parameters, and those of query and body together: one and the same where there is no form body."""
    form = raw.body if raw.body and _is_form(headers) else b""
    if raw.query.count(b"&") + form.count(b"&") >= MOST_PARAMETERS:
        raise refuse(MALFORMED_REQUEST, f"it has more than {MOST_PARAMETERS} parameters")
    query = decode(raw.query)
    if not form:
        return query, query
    return query, decode(form) | query


def _unquote(text: str, name: str) -> str:
    """`text` with `+` and escapes resolved.

    Escapes go by way of Python's own `\\xXX`, whose decoder is strict and about ten times as fast as one in Python.
    """
    text = text.replace("+", " ")
    try:
        if "%" in text:
            text = text.replace("\\", "\\\\").replace("%", "\\x").encode("latin-1").decode("unicode_escape")
        return text.encode("latin-1").decode()
    except UnicodeDecodeError:
        which = f"parameter {name}" if name.isalnum() and len(name) < 64 else "a parameter"
        raise refuse(MALFORMED_REQUEST, f"{which} is not percent-encoded UTF-8") from None
