"""Why a request is refused: what is wrong with its form, its key, its signature, its time or its nonce, and how to put it right.

A signature is one-way, so its fault is found by trying: the request is signed again with each known mistake (`mistakes`), then
with two at once, until the signature comes out that was given. What fits is certain. Only where nothing fits is it said that
the secret differs. Trying costs: a millisecond or a few for one mistake at a time, a hundred times that for two at once.
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import combinations

from globewire.errors import (
    ACCESS_KEY_INACTIVE,
    ACCESS_KEY_NOT_FOUND,
    INCOMPLETE_SIGNATURE,
    INVALID_SIGNATURE_METHOD,
    MISSING_SECURITY_TOKEN,
    NONCE_USED,
    SECURITY_TOKEN_MISMATCH,
    SIGNATURE_V1,
    SIGNATURE_V3,
    TIMESTAMP_EXPIRED,
    TIMESTAMP_FORMAT,
    Refused,
)
from globewire.values import dataclass
from globewire.verdict.admit import RegisteredKey, digest
from globewire.verdict.finding import Cause, Finding, shown
from globewire.verdict.malformed import malformed
from globewire.verdict.mistakes import Mistake, mistakes
from globewire.verdict.readings import Reading, readings
from globewire.verdict.untimely import untimely
from globewire.verdict.way import Memo, Way, digest_of, right_way, seal
from globewire.wire.request import Call, Raw, Scheme, read
from globewire.wire.signature import SM3, verify

TRIES = 5_000
"""HMACs for one request, at most: enough for any two mistakes at once in a usual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request to be looked into, and what is known: when it came (ms since 1970), and of its key.

    `secret` is None where the key is not known; `token_digest` is b"" unless the key is temporary. `hosts` are names and
    addresses under which the API is called, with their ports.
    """

    raw: Raw = field(repr=False)
    now: int
    secret: str | None = field(repr=False)
    enabled: bool = True
    token_digest: bytes = field(default=b"", repr=False)
    hosts: tuple[str, ...] = ()
    nonce_used: bool = False


def case(raw: Raw, now: int, key: RegisteredKey | None, hosts: Sequence[str] = (), *, nonce_used: bool = False) -> Case:
    """The case of a request whose key was looked up, and found or not."""
    if key is None:
        return Case(raw=raw, now=now, secret=None, hosts=tuple(hosts), nonce_used=nonce_used)
    return Case(
        raw=raw,
        now=now,
        secret=key.secret,
        enabled=key.enabled,
        token_digest=key.token_digest,
        hosts=tuple(hosts),
        nonce_used=nonce_used,
    )


def diagnose(case: Case, at_once: int = 2) -> tuple[Finding, ...]:
    """All that is found wrong, the likeliest first; nothing where the API would admit the request.

    `at_once` is how many mistakes of signing are looked for together, 1 or 2.
    """
    try:
        call = read(case.raw)
    except Refused as refused:
        return tuple(malformed(case.raw, refused))
    found = [*_key(case, call)]
    if case.secret is not None:
        found += _signature(case, call, case.secret, at_once)
    found += untimely(call, case.now)
    return (*found, NONCE_SEEN) if case.nonce_used else tuple(found)


def explain(case: Case, refused: Refused) -> Finding | None:
    """Why the API refused the request as it did, by one mistake at a time; None for refusals that are not EXPLAINED.

    What a stranger is told must give nothing away: see "What a hint may say" in docs/decisions.md.
    """
    try:
        call = read(case.raw)
    except Refused:
        return next(malformed(case.raw, refused)) if refused.row.code in EXPLAINED else None
    if refused.row == TIMESTAMP_EXPIRED:
        return next(untimely(call, case.now), None)
    if refused.row == NONCE_USED:
        return NONCE_SEEN
    if refused.row in (SIGNATURE_V1, SIGNATURE_V3) and case.secret is not None:
        return next(iter(_signature(case, call, case.secret, 1)), None)
    return None


EXPLAINED = frozenset(
    row.code
    for row in (
        SIGNATURE_V1, SIGNATURE_V3, TIMESTAMP_EXPIRED, NONCE_USED, TIMESTAMP_FORMAT, INCOMPLETE_SIGNATURE, INVALID_SIGNATURE_METHOD,
    )
)  # fmt: skip
"""Refusals that `explain` has something to say about."""
NONCE_SEEN = Finding(
    Cause.NONCE, NONCE_USED.code, "SignatureNonce", "this nonce came before with this AccessKey", "a new one for each request",
    "Make a random nonce whenever a request is signed, for a retry too",
)  # fmt: skip


def _key(case: Case, call: Call) -> Iterator[Finding]:
    key = shown(call.access_key)
    if case.secret is None:
        blank = call.access_key != call.access_key.strip(" \t\"'")
        fix = "Strip the blanks or quotes around the AccessKey ID" if blank else "Check the ID, and whether it is this server's"
        yield Finding(
            Cause.KEY_UNKNOWN,
            ACCESS_KEY_NOT_FOUND.code,
            "AccessKeyId",
            f"{key} is not known here",
            "an AccessKey of this server",
            fix,
        )
        return
    if not case.enabled:
        yield Finding(
            Cause.KEY_DISABLED, ACCESS_KEY_INACTIVE.code, "AccessKeyId", f"{key} is disabled", "one that is enabled",
            "Enable it, or use another",
        )  # fmt: skip
    if case.token_digest and not call.security_token:
        yield Finding(
            Cause.TOKEN, MISSING_SECURITY_TOKEN.code, "SecurityToken", "there is none, and the AccessKey is temporary",
            "the token that was given out with it", "Send and sign it: x-acs-security-token in V3, SecurityToken in V1",
        )  # fmt: skip
    elif call.security_token and not (case.token_digest and hmac.compare_digest(digest(call.security_token), case.token_digest)):
        what = "the token that was given out with it" if case.token_digest else "none, as the AccessKey is permanent"
        yield Finding(
            Cause.TOKEN, SECURITY_TOKEN_MISMATCH.code, "SecurityToken", "it is not this AccessKey's", what,
            "Use ID, secret and token of one credential",
        )  # fmt: skip


# --- the signature --------------------------------------------------------------------------------------------------------


def _signature(case: Case, call: Call, secret: str, at_once: int) -> list[Finding]:
    if call.scheme is Scheme.V3_SM3 and not SM3:
        return []
    try:
        verify(call, secret)
    except Refused as refused:
        code = refused.row.code
    else:
        return []
    read_as = tuple(readings(call))
    if not read_as:
        return [_no_digest(call, code)]
    right = right_way(call, secret)
    fitting = _search(right, tuple(mistakes(call, secret, case.hosts)), read_as, at_once)
    if fitting is None:
        return [*_lost(call, code), _another_secret(call, code)]
    reading, made = fitting
    found = [Finding(m.cause, code, m.step, m.did, m.expected, m.fix) for m in made]
    found += _written(call, reading, code)
    return found or [_body_changed(call, code)]


def _search(
    right: Way, known: Sequence[Mistake], read_as: Sequence[Reading], at_once: int
) -> tuple[Reading, tuple[Mistake, ...]] | None:
    """The fewest mistakes that lead to the signature that was given, and how it is written; None where none do."""
    seen: set[tuple[str, bytes]] = set()
    memo: Memo = {}
    for made in _combinations(known, at_once):
        if len(seen) * len(read_as) >= TRIES:
            return None
        way = right
        for mistake in made:
            way = mistake.apply(way)
        try:
            signed = (way.key, way.octets(memo))
        except UnicodeEncodeError:
            continue
        if signed in seen:
            continue
        seen.add(signed)
        for reading in read_as:
            hash = "sm3" if way.scheme is Scheme.V3_SM3 and reading.hash == "sha256" else reading.hash
            if hmac.compare_digest(seal(*signed, hash), reading.octets):
                return reading, made
    return None


def _combinations(known: Sequence[Mistake], at_once: int) -> Iterator[tuple[Mistake, ...]]:
    for number in range(at_once + 1):
        yield from combinations(known, number)


def _written(call: Call, reading: Reading, code: str) -> Iterator[Finding]:
    hash = "sha1" if call.scheme is Scheme.V1 else "sha256"
    if reading.hash != hash:
        yield Finding(
            Cause.HASH, code, "Signature", f"the HMAC is by {reading.hash.upper()}",
            f"by {hash.upper()}, as {call.scheme.value} says", "Use that hash",
        )  # fmt: skip
    if reading.did:
        written = "Base64" if call.scheme is Scheme.V1 else "lower-case hex"
        yield Finding(reading.cause, code, "Signature", reading.did, f"the digest in {written}", reading.fix)


def _no_digest(call: Call, code: str) -> Finding:
    what = "28 characters of Base64" if call.scheme is Scheme.V1 else "64 characters of lower-case hex"
    return Finding(
        Cause.OUTPUT, code, "Signature", f"its {len(call.signature)} characters are no digest", what,
        "See whether it was cut off, or something else was sent in its place",
    )  # fmt: skip


def _body_changed(call: Call, code: str) -> Finding:
    """The signature is right as it stands, so it is the digest in the headers that is not the body's."""
    right = digest_of(call.scheme, call.raw.body)
    wrong = next(name for name in ("x-acs-content-sha256", "x-acs-content-sm3") if call.headers.get(name, right) != right)
    return Finding(
        Cause.PAYLOAD, code, "Hashed payload", f"{wrong} is not the digest of the body that came", "that digest, in lower-case hex",
        "Hash the very octets that are sent as the body",
    )  # fmt: skip


def _lost(call: Call, code: str) -> Iterator[Finding]:
    """What may explain a signature that nothing fits: signed headers that are not there, or that a proxy may have changed."""
    for name in call.signed_headers:
        if name not in call.headers:
            yield Finding(
                Cause.HEADER, code, "Canonical headers", f"SignedHeaders lists {shown(name)}, which did not come",
                "each that is listed", "See what drops it on the way, or do not sign it", certain=False,
            )  # fmt: skip
    proxied = next((name for name in ("via", "x-forwarded-for", "forwarded", "x-real-ip") if name in call.headers), "")
    changeable = [name for name in ("host", "user-agent", "accept", "accept-encoding") if name in call.signed_headers]
    if proxied and changeable:
        yield Finding(
            Cause.HEADER, code, "Canonical headers", f"a proxy was passed ({proxied}), and {', '.join(changeable)} are signed",
            "them to come as they were sent", "See whether the proxy changes them", certain=False,
        )  # fmt: skip


def _another_secret(call: Call, code: str) -> Finding:
    return Finding(
        Cause.SECRET, code, "Signature",
        f"no mistake known here leads from the secret of {shown(call.access_key)} to this signature",
        "it to be made with that secret",
        "Compare the client's secret with the one given out with this AccessKey; else its steps with ours", certain=False,
    )  # fmt: skip
