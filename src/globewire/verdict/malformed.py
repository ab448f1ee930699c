"""Requests that cannot be read as calls: what is missing or wrong in their form, by the refusal that they lead to."""

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote_to_bytes

from globewire.errors import Refused
from globewire.verdict.finding import Cause, Finding, shown
from globewire.wire.operation import OPERATIONS, VERSION
from globewire.wire.request import FORM, Raw, Scheme, decode

Words = tuple[Cause, str, str, str, str]
"""Cause, step, what was done, what was expected, what to do."""


def malformed(raw: Raw, refused: Refused) -> Iterator[Finding]:
    """What is wrong with `raw`, which was refused before it could be read as a call."""
    code = refused.row.code
    headers = {name.decode("latin-1"): value.decode("latin-1").strip(" \t") for name, value in raw.headers}
    told = _unsigned(headers, code) or _CODES.get(code, _nothing)(raw, headers)
    cause, step, did, expected, fix = told or (Cause.FORM, "Request", shown(refused.sentence).rstrip("."), "a whole request", _SEE)
    yield Finding(cause, code, step, did, expected, fix)


_SEE = "Compare it with a request of an SDK"
_NOW = "Write the time in UTC as yyyy-MM-ddTHH:mm:ssZ"


def _nothing(raw: Raw, headers: Mapping[str, str]) -> Words | None:
    return None


def _unsigned(headers: Mapping[str, str], code: str) -> Words | None:
    """A request of V3 whose Authorization is not there, or is another scheme's, is read as one of V1 and lacks all of V1."""
    authorization = headers.get("authorization")
    if not code.startswith("Missing") or "x-acs-action" not in headers:
        return None
    if authorization is None and ("x-acs-signature-nonce" in headers or "x-acs-content-sha256" in headers):
        return (
            Cause.FORM, "Authorization", "there is no Authorization header", "ACS3-HMAC-SHA256 Credential=...",
            "Add it after signing; a proxy or a redirect may have dropped it",
        )  # fmt: skip
    if authorization is not None and not authorization.startswith("ACS3-"):
        return (
            Cause.FORM, "Authorization", f"it begins with {shown(authorization.partition(' ')[0])[:40]}", "ACS3-HMAC-SHA256",
            "Put the algorithm first, as it is written here",
        )  # fmt: skip
    return None


def _timestamp(raw: Raw, headers: Mapping[str, str]) -> Words | None:
    text = headers.get("x-acs-date") if "authorization" in headers else _parameters(raw).get("Timestamp")
    text = text or ""
    step = "x-acs-date" if "authorization" in headers else "Timestamp"
    expected = "yyyy-MM-ddTHH:mm:ssZ"
    for pattern, did in _TIMES:
        if re.fullmatch(pattern, text):
            return Cause.TIME_FORMAT, step, did, expected, _NOW
    return Cause.TIME_FORMAT, step, "it is no time in the form expected", expected, _NOW


_TIMES = (
    (r".*T.*\.\d+Z", "it has fractions of a second"),
    (r".*T.*\.\d+.*", "it has fractions of a second, and does not end in Z"),
    (r".*T.*[+-]\d\d:?\d\d", "it has an offset instead of Z"),
    (r".*%3[Aa].*", "it was escaped twice"),
    (r"\d+", "it is a count of seconds or milliseconds"),
    (r"\d{8}T\d{6}Z", "it has no - and : in it, as AWS writes it"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*", "it has a blank instead of T"),
    (r".*T\d\d:\d\d:\d\d", "the Z at its end is missing"),
    (r".*T\d\d:\d\dZ", "it has no seconds"),
    (r".*GMT", "it is written as in an HTTP Date"),
    (r"[A-Z][a-z]{2}, .*", "it is written as in an HTTP Date"),
)


def _incomplete(raw: Raw, headers: Mapping[str, str]) -> Words | None:
    authorization = headers.get("authorization", "")
    fields = dict(re.findall(r"([A-Za-z]+)=([^,\s]*)", authorization))
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not fields.get(name):
            return (
                Cause.FORM, "Authorization", f"it has no {name}", "Credential=...,SignedHeaders=...,Signature=...",
                "Write the three after the algorithm, with commas between",
            )  # fmt: skip
    signed = fields["SignedHeaders"].lower().split(";")
    missing = [name for name in headers if name.startswith("x-acs-") and name not in signed]
    if missing:
        return (
            Cause.FORM, "Signed headers", f"{shown(', '.join(missing))} came and is not listed", "every x-acs- header that is sent",
            "Sign it too, or see what adds it on the way",
        )  # fmt: skip
    return Cause.FORM, "Authorization", "it is not a list of name=value", "Credential=...,SignedHeaders=...,Signature=...", _SEE


def _method(raw: Raw, headers: Mapping[str, str]) -> Words:
    return Cause.METHOD, "Request line", f"the method is {shown(raw.method)}", "GET or POST", "Call by one of them"


def _action(raw: Raw, headers: Mapping[str, str]) -> Words:
    if raw.path != "/":
        return Cause.PATH, "Request line", f"the path is {shown(raw.path)}", "/", "Call the path / with the operation in Action"
    action = headers.get("x-acs-action") or _parameters(raw).get("Action", "")
    near = next((name for name in OPERATIONS if name.lower() == action.lower()), "")
    fix = f"Write {near}" if near else "Name one of this API's operations"
    return Cause.FORM, "Action", f"there is no operation {shown(action)}", near or ", ".join(OPERATIONS), fix


def _version(raw: Raw, headers: Mapping[str, str]) -> Words:
    version = headers.get("x-acs-version") or _parameters(raw).get("Version", "")
    fix = (
        "Use the SDK dysmsapi20180501; 2017-05-25 is the API of mainland China" if version == "2017-05-25" else "Send that version"
    )
    return Cause.FORM, "Version", f"the version is {shown(version)}", VERSION, fix


def _algorithm(raw: Raw, headers: Mapping[str, str]) -> Words:
    if headers.get("authorization", "").startswith("ACS3-"):
        named = headers["authorization"].partition(" ")[0]
        return (
            Cause.HASH,
            "Authorization",
            f"the algorithm is {shown(named)}",
            f"{Scheme.V3} or {Scheme.V3_SM3}",
            "Use one of these",
        )
    named = _parameters(raw).get("SignatureMethod", "")
    return Cause.HASH, "SignatureMethod", f"the algorithm is {shown(named)}", Scheme.V1.value, "Sign by that one, and name it"


def _unreadable(raw: Raw, headers: Mapping[str, str]) -> Words | None:
    for octets in (raw.query, raw.body):
        octets = unquote_to_bytes(octets.replace(b"+", b" "))
        try:
            octets.decode()
        except UnicodeDecodeError:
            charset = "GBK" if _reads(octets, "gbk") else "Latin-1"
            return (
                Cause.CHARSET, "Encoded pairs", f"texts are not UTF-8; they may be {charset}", "UTF-8, percent-encoded",
                "Turn texts into UTF-8 before they are escaped",
            )  # fmt: skip
    if re.search(rb"%(?![0-9A-Fa-f]{2})", raw.query + b"&" + raw.body):
        return (
            Cause.UNESCAPED, "Encoded pairs", "a % was sent that is no escape", "%25",
            "Escape what is sent as well as what is signed",
        )  # fmt: skip
    return None


def _reads(octets: bytes, charset: str) -> bool:
    try:
        octets.decode(charset)
    except UnicodeDecodeError:
        return False
    return True


def _missing(raw: Raw, headers: Mapping[str, str]) -> Words | None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if raw.body and kind and kind != FORM:
        return (
            Cause.FORM, "Body", f"it is {shown(kind)}, so no parameters are read from it",
            f"parameters in the query, or as {FORM}", "Send them in the query, or as a form with that Content-Type",
        )  # fmt: skip
    return None


def _parameters(raw: Raw) -> Mapping[str, str]:
    try:
        return decode(raw.body) | decode(raw.query)
    except Refused:
        return {}


_CODES: Mapping[str, Callable[[Raw, Mapping[str, str]], Words | None]] = {
    "InvalidTimeStamp.Format": _timestamp,
    "IncompleteSignature": _incomplete,
    "UnsupportedHTTPMethod": _method,
    "InvalidAction.NotFound": _action,
    "InvalidVersion": _version,
    "InvalidSignatureMethod": _algorithm,
    "InvalidRequest": _unreadable,
    "MissingAction": _missing,
    "MissingVersion": _missing,
    "MissingAccessKeyId": _missing,
}
