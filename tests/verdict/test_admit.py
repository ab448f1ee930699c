"""Admission: each way in, and each refusal in its row."""

import base64
import json

import pytest

from globewire import errors
from globewire.message import AccessKeyId, AccountId
from globewire.verdict.admit import (
    Caller,
    Circumstances,
    RefusalForm,
    Register,
    RegisteredKey,
    RegisteredUser,
    authorise,
    digest,
    identify,
    keep_pace,
)
from globewire.verdict.pace import Throttle
from globewire.verdict.policy import SYSTEM_POLICIES, Policy, read

ACME, OTHER = AccountId("1001"), AccountId("1002")
NOW = Circumstances(1_790_000_000_000, "203.0.113.7", True)
TOKEN = "CAIS8gF1q6Ft5B2yfSjIr5DAAf..."
NO_QUERIES = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"dysms:Query*","Resource":"*"}]}'
OURS_ONLY = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"dysms:*","Resource":"acs:dysms:eu-central-1:1001:*"}]}'


def key(name: str, account: AccountId = ACME, user: str = "", enabled: bool = True, token_digest: bytes = b"") -> RegisteredKey:
    """A key whose secret tells whose it is."""
    return RegisteredKey(
        id=AccessKeyId(name), account=account, user=user, enabled=enabled, secret=f"secret of {name}", token_digest=token_digest
    )


def policies(*documents: str) -> tuple[Policy, ...]:
    """These documents, compiled."""
    return tuple(map(read, documents))


FULL, READ_ONLY = SYSTEM_POLICIES["AliyunDysmsFullAccess"], SYSTEM_POLICIES["AliyunDysmsReadOnlyAccess"]

REGISTER = Register(
    keys=[
        key("root"),
        key("off", enabled=False),
        key("sender", user="sender"),
        key("reader", user="reader"),
        key("barred", user="barred"),
        key("abroad", user="abroad"),
        key("ghost", user="ghost"),
        key("namesake", account=OTHER, user="sender"),
        key("STS.session", user="reader", token_digest=digest(TOKEN)),
        key("STS.root", token_digest=digest(TOKEN + "2")),
    ],
    users=[
        RegisteredUser(account=ACME, name="sender", policies=policies(FULL)),
        RegisteredUser(account=ACME, name="reader", policies=policies(READ_ONLY)),
        RegisteredUser(account=ACME, name="barred", policies=policies(FULL, NO_QUERIES)),
        RegisteredUser(account=ACME, name="abroad", policies=policies(OURS_ONLY)),
        RegisteredUser(account=OTHER, name="sender", policies=policies(READ_ONLY)),
    ],
    quotas={ACME: {"QueryMessage": 2, "ConversionData": 0}},
)


@pytest.mark.parametrize(
    ("access_key", "token", "account", "user"),
    [
        ("root", "", "1001", ""),
        ("sender", "", "1001", "sender"),
        ("namesake", "", "1002", "sender"),
        ("STS.session", TOKEN, "1001", "reader"),
        ("STS.root", TOKEN + "2", "1001", ""),
    ],
)
def test_identify(access_key: str, token: str, account: str, user: str) -> None:
    """A key, with its token where it is temporary, names its caller."""
    caller = identify(REGISTER, access_key, token)
    assert (caller.access_key, caller.account, caller.user) == (access_key, account, user)
    assert caller.secret == f"secret of {access_key}"
    assert caller.temporary is access_key.startswith("STS.")


@pytest.mark.parametrize(
    ("access_key", "token", "row"),
    [
        ("nobody", "", errors.ACCESS_KEY_NOT_FOUND),
        ("nobody", TOKEN, errors.ACCESS_KEY_NOT_FOUND),
        ("Root", "", errors.ACCESS_KEY_NOT_FOUND),
        ("", "", errors.ACCESS_KEY_NOT_FOUND),
        ("off", "", errors.ACCESS_KEY_INACTIVE),
        ("STS.session", "", errors.MISSING_SECURITY_TOKEN),
        ("STS.session", TOKEN + "2", errors.SECURITY_TOKEN_MISMATCH),
        ("root", TOKEN, errors.SECURITY_TOKEN_MISMATCH),
        ("STS.session", "no token at all", errors.SECURITY_TOKEN_MALFORMED),
        ("STS.session", "tök", errors.SECURITY_TOKEN_MALFORMED),
        ("STS.session", "a\nb", errors.SECURITY_TOKEN_MALFORMED),
        ("STS.session", "x" * 5000, errors.SECURITY_TOKEN_MALFORMED),
        ("STS.session", "\ud800", errors.SECURITY_TOKEN_MALFORMED),
    ],
)
def test_identify_refuses(access_key: str, token: str, row: errors.Row) -> None:
    """Each row of contract 3.2 that a key or a token can earn."""
    with pytest.raises(errors.Refused) as caught:
        identify(REGISTER, access_key, token)
    assert caught.value.row == row


@pytest.mark.parametrize(
    ("access_key", "operation", "reason"),
    [
        ("root", "SendMessageToGlobe", None),
        ("sender", "SendMessageToGlobe", None),
        ("sender", "ConversionData", None),
        ("reader", "QueryMessage", None),
        ("reader", "SendMessageToGlobe", "ImplicitDeny"),
        ("barred", "SendMessageToGlobe", None),
        ("barred", "QueryMessage", "ExplicitDeny"),
        ("abroad", "SendMessageToGlobe", "ImplicitDeny"),
        ("ghost", "QueryMessage", "ImplicitDeny"),
        ("namesake", "SendMessageToGlobe", "ImplicitDeny"),
    ],
)
def test_authorise(access_key: str, operation: str, reason: str | None) -> None:
    """An account's own keys may all; a user what its policies say; both forms of the refusal agree."""
    caller = identify(REGISTER, access_key)
    if reason is None:
        authorise(caller, operation, NOW)
        authorise(caller, operation, NOW, RefusalForm.GATEWAY)
        return
    with pytest.raises(errors.Refused) as business:
        authorise(caller, operation, NOW)
    assert business.value.row == errors.RAM_PERMISSION_DENY
    assert business.value.details == {}
    with pytest.raises(errors.Refused) as gateway:
        authorise(caller, operation, NOW, RefusalForm.GATEWAY)
    assert gateway.value.row == errors.NO_PERMISSION
    assert gateway.value.sentence.endswith(f"Action: dysms:{operation}")
    detail = gateway.value.details["AccessDeniedDetail"]
    assert isinstance(detail, dict)
    assert detail["NoPermissionType"] == reason


def test_the_resource_names_region_and_account() -> None:
    """A policy that allows one region's resources allows them there."""
    authorise(identify(REGISTER, "abroad"), "QueryMessage", Circumstances(0, "203.0.113.7", True, region="eu-central-1"))


def test_access_denied_detail() -> None:
    """All members that contract section 5 lists; the diagnosis says which statement spoke."""
    with pytest.raises(errors.Refused) as caught:
        authorise(identify(REGISTER, "barred"), "QueryMessage", NOW, RefusalForm.GATEWAY)
    detail = caught.value.details["AccessDeniedDetail"]
    assert isinstance(detail, dict)
    diagnosis = json.loads(base64.b64decode(detail.pop("EncodedDiagnosticMessage")))
    assert diagnosis == {
        "action": "dysms:QueryMessage",
        "resource": "acs:dysms:ap-southeast-1:1001:*",
        "policy": 1,
        "statement": "Statement[0]",
    }
    assert detail == {
        "AuthAction": "dysms:QueryMessage",
        "AuthPrincipalDisplayName": "barred",
        "AuthPrincipalOwnerId": "1001",
        "AuthPrincipalType": "SubUser",
        "NoPermissionType": "ExplicitDeny",
        "PolicyType": "AccountLevelIdentityBasedPolicy",
    }
    with pytest.raises(errors.Refused) as temporary:
        authorise(identify(REGISTER, "STS.session", TOKEN), "SendMessageToGlobe", NOW, RefusalForm.GATEWAY)
    detail = temporary.value.details["AccessDeniedDetail"]
    assert isinstance(detail, dict)
    assert detail["AuthPrincipalType"] == "AssumedRoleUser"


def passed(throttle: Throttle, caller: Caller, operation: str, calls: int) -> int:
    """How many of so many calls at one moment are let through."""
    count = 0
    for _ in range(calls):
        try:
            keep_pace(throttle, caller, operation, 1_790_000_000_000.0)
        except errors.Refused as refused:
            assert refused.row == errors.THROTTLING_USER
            ((name, value),) = refused.headers
            assert name == "x-acs-retry-after"
            assert 1 <= int(value) <= 1000
        else:
            count += 1
    return count


def test_keep_pace() -> None:
    """The account's quota, or else the operation's; users of one account share it; a quota of 0 is no limit."""
    throttle, root, sender = Throttle(), identify(REGISTER, "root"), identify(REGISTER, "sender")
    assert passed(throttle, root, "QueryMessage", 2) == 2
    assert passed(throttle, sender, "QueryMessage", 2) == 0
    assert passed(throttle, identify(REGISTER, "namesake"), "QueryMessage", 4) == 4
    assert passed(throttle, root, "BatchSendMessageToGlobe", 4) == 1
    assert passed(throttle, root, "ConversionData", 99) == 99


def test_secrets_do_not_show() -> None:
    """Neither a caller nor a key prints what must not be logged."""
    for text in (repr(identify(REGISTER, "STS.session", TOKEN)), repr(key("STS.session", token_digest=digest(TOKEN)))):
        assert "secret of" not in text
        assert repr(digest(TOKEN)) not in text
