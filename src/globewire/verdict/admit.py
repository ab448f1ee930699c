"""Admission: who calls, may they, and is it their turn. Values in; out comes a caller, or the refusal.

It checks no signature (`wire.signature` does, with the caller's secret) and reads no book: whoever holds one compiles it into
a `Register`, which never changes; a new book is a new register.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum

from globewire.errors import (
    ACCESS_KEY_INACTIVE,
    ACCESS_KEY_NOT_FOUND,
    MISSING_SECURITY_TOKEN,
    NO_PERMISSION,
    RAM_PERMISSION_DENY,
    SECURITY_TOKEN_MALFORMED,
    SECURITY_TOKEN_MISMATCH,
    THROTTLING_USER,
    Refused,
    refuse,
)
from globewire.message import AccessKeyId, AccountId
from globewire.values import dataclass
from globewire.verdict.pace import Throttle
from globewire.verdict.policy import AccessRequest, Decision, Policy, decide
from globewire.wire.operation import OPERATIONS

MOST_TOKEN = 4096
"""The longest SecurityToken that is looked at; the figure is ours."""


class RefusalForm(StrEnum):
    """How a caller learns that RAM denies it (contract section 5: which one the real product uses is not proved)."""

    BUSINESS = "business"  # HTTP 200, ResponseCode RAM_PERMISSION_DENY
    GATEWAY = "gateway"  # HTTP 403, Code NoPermission with AccessDeniedDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredKey:
    """An AccessKey, its secret in the clear. `user` is "" for the account's own; `token_digest` is b"" unless it is temporary."""

    id: AccessKeyId
    account: AccountId
    user: str
    enabled: bool
    secret: str = field(repr=False)
    token_digest: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredUser:
    """A RAM user and the policies attached to it, compiled; `named` are their names, in the same order, for whoever explains."""

    account: AccountId
    name: str
    policies: tuple[Policy, ...]
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds a key. `user` is "" for the account itself, which nothing restricts; `quota` is calls a second by operation."""

    access_key: AccessKeyId
    account: AccountId
    user: str
    secret: str = field(repr=False)
    policies: tuple[Policy, ...] = field(repr=False)
    quota: Mapping[str, int] = field(repr=False)
    temporary: bool = False
    named: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How a call comes, as far as policies may ask: `now_ms` since 1970, the caller's address, over TLS, with a second factor.

    `region` is the endpoint's, for `acs:dysms:<region>:<account>:*`.
    """

    now_ms: int
    source_ip: str
    secure: bool
    mfa: bool = False
    region: str = "ap-southeast-1"


class Register:
    """The keys of all accounts, ready to be looked up. A key whose user is not registered may do nothing."""

    __slots__ = ("_attached", "_keys")

    def __init__(
        self,
        keys: Iterable[RegisteredKey] = (),
        users: Iterable[RegisteredUser] = (),
        quotas: Mapping[AccountId, Mapping[str, int]] | None = None,
    ) -> None:
        self._attached = attached = {(user.account, user.name): user for user in users}
        quotas = quotas or {}
        self._keys: dict[str, tuple[RegisteredKey, Caller]] = {
            key.id: (
                key,
                Caller(
                    access_key=key.id,
                    account=key.account,
                    user=key.user,
                    secret=key.secret,
                    policies=user.policies if (user := attached.get((key.account, key.user))) else (),
                    quota=quotas.get(key.account, {}),
                    temporary=bool(key.token_digest),
                    named=user.named if user else (),
                ),
            )
            for key in keys
        }

    def find(self, access_key: str) -> tuple[RegisteredKey, Caller] | None:
        """A key and its caller, whether it is enabled or not."""
        return self._keys.get(access_key)

    def user(self, account: AccountId, name: str) -> RegisteredUser | None:
        """A RAM user, whether it has a key or not."""
        return self._attached.get((account, name))


def digest(security_token: str) -> bytes:
    """What is kept of a SecurityToken: SHA-256, since a token is random and long."""
    return hashlib.sha256(security_token.encode()).digest()


def identify(register: Register, access_key: str, security_token: str = "") -> Caller:
    """The caller that these name; nothing is proved until its signature is verified with `Caller.secret`.

    `Refused`: the key unknown or disabled; a temporary key without its token; a token malformed, or not this key's (a
    permanent key has none). `security_token` is "" where none was given.
    """
    key, caller = known(register, access_key)
    if security_token or key.token_digest:
        _check_token(key, security_token)
    return caller


def known(register: Register, access_key: str) -> tuple[RegisteredKey, Caller]:
    """The key of this id and its caller; `Refused` where it is unknown or disabled. What token it needs is not asked."""
    found = register.find(access_key)
    if found is None:
        raise refuse(ACCESS_KEY_NOT_FOUND)
    if not found[0].enabled:
        raise refuse(ACCESS_KEY_INACTIVE)
    return found


def _check_token(key: RegisteredKey, token: str) -> None:
    if not token:
        raise refuse(MISSING_SECURITY_TOKEN)
    if len(token) > MOST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise refuse(SECURITY_TOKEN_MALFORMED)
    if not key.token_digest or not hmac.compare_digest(digest(token), key.token_digest):
        raise refuse(SECURITY_TOKEN_MISMATCH)


def authorise(caller: Caller, operation: str, circumstances: Circumstances, form: RefusalForm = RefusalForm.BUSINESS) -> None:
    """Return where the caller may; else raise `Refused` in the form asked for. An account's own keys may all (contract 5)."""
    if not caller.user:
        return
    request = asked(caller.account, operation, circumstances)
    decision = decide(caller.policies, request)
    if not decision.allowed:
        raise refuse(RAM_PERMISSION_DENY) if form is RefusalForm.BUSINESS else _no_permission(caller, request, decision)


def asked(account: AccountId, operation: str, circumstances: Circumstances) -> AccessRequest:
    """What the policies of an account's user are asked about a call of `operation`."""
    return AccessRequest(
        OPERATIONS[operation].ram_action,
        f"acs:dysms:{circumstances.region}:{account}:*",
        circumstances.now_ms,
        circumstances.source_ip,
        circumstances.secure,
        circumstances.mfa,
    )


def _no_permission(caller: Caller, request: AccessRequest, decision: Decision) -> Refused:
    return refuse(
        NO_PERMISSION,
        request.action,
        AccessDeniedDetail={
            "AuthAction": request.action,
            "AuthPrincipalDisplayName": caller.user,
            "AuthPrincipalOwnerId": caller.account,
            "AuthPrincipalType": "AssumedRoleUser" if caller.temporary else "SubUser",
            "EncodedDiagnosticMessage": _diagnosis(request, decision),
            "NoPermissionType": decision.reason.value,
            "PolicyType": "AccountLevelIdentityBasedPolicy",
        },
    )


def _diagnosis(request: AccessRequest, decision: Decision) -> str:
    """Base64 of JSON: what was asked and which statement said no (`policy` counts the user's policies, -1 for none)."""
    story = {"action": request.action, "resource": request.resource, "policy": decision.policy, "statement": decision.place}
    return base64.b64encode(json.dumps(story, separators=(",", ":")).encode()).decode()


def limit(quota: Mapping[str, int], operation: str) -> int:
    """Calls a second: the account's `quota` for the operation, or the operation's own (contract 1.0)."""
    return quota.get(operation, OPERATIONS[operation].quota)


def keep_pace(throttle: Throttle, caller: Caller, operation: str, now_ms: float) -> None:
    """Return where it is the caller's turn; else `Throttling.User`, with `x-acs-retry-after` in whole milliseconds (contract 9.13).

    Its users share an account's limit.
    """
    wait = throttle.check(caller.account, operation, limit(caller.quota, operation), now_ms)
    if wait:
        raise refuse(THROTTLING_USER, headers=(("x-acs-retry-after", str(wait)),))
