"""RAM policies: what is taken, what is refused and where, and what a policy then decides."""

import json
from collections.abc import Mapping

import pytest

from globewire.verdict.condition import KEYS, OPERATORS
from globewire.verdict.policy import (
    MOST_CHARACTERS,
    SYSTEM_POLICIES,
    AccessRequest,
    Policy,
    PolicyFault,
    Reason,
    Silence,
    decide,
    hear,
    read,
)

NOON = 1_790_000_000_000  # 2026-09-21T14:13:20Z


def asked(
    action: str = "dysms:SendMessageToGlobe",
    resource: str = "acs:dysms:ap-southeast-1:1001:*",
    now_ms: int = NOON,
    source_ip: str = "203.0.113.7",
    secure: bool = True,
    mfa: bool = False,
) -> AccessRequest:
    """A call, ordinary unless told otherwise."""
    return AccessRequest(action, resource, now_ms, source_ip, secure, mfa)


def statement(**changed: object) -> dict[str, object]:
    """A statement that allows everything, with members changed; None leaves one out."""
    members = {"Effect": "Allow", "Action": "*", "Resource": "*"} | changed
    return {name: value for name, value in members.items() if value is not None}


def policy(*statements: Mapping[str, object]) -> Policy:
    """A policy of these statements."""
    return read(json.dumps({"Version": "1", "Statement": statements}))


def allowed(condition: object, request: AccessRequest) -> bool:
    """Whether a statement under this condition lets the call through."""
    return decide([policy(statement(Condition=condition))], request).allowed


# --- actions and resources ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "action", "matches"),
    [
        ("*", "dysms:QueryMessage", True),
        ("dysms:*", "dysms:QueryMessage", True),
        ("dysms:*", "oss:GetObject", False),
        ("dysms:Query*", "dysms:QueryMessage", True),
        ("dysms:Query*", "dysms:SendMessageToGlobe", False),
        ("DYSMS:querymessage", "dysms:QueryMessage", True),
        ("dysms:QueryMessag?", "dysms:QueryMessage", True),
        ("dysms:QueryMessage?", "dysms:QueryMessage", False),
        ("dysms:*Message*Globe", "dysms:SendMessageToGlobe", True),
        ("dysms:*Globe*Message", "dysms:SendMessageToGlobe", False),
        ("dysms:*To*To*", "dysms:SendMessageToGlobe", False),
        ("*:SendMessage*", "dysms:SendMessageWithTemplate", True),
        ("dysms:Send", "dysms:SendMessageToGlobe", False),
        ("dysms:S.*", "dysms:SendMessageToGlobe", False),
        (["oss:*", "dysms:Send*", "dysms:QueryMessage"], "dysms:QueryMessage", True),
        (["oss:*", "dysms:Send*"], "dysms:QueryMessage", False),
    ],
)
def test_action(pattern: object, action: str, matches: bool) -> None:
    """Actions match without regard to case, with wildcards; NotAction is exactly the rest."""
    assert decide([policy(statement(Action=pattern))], asked(action)).allowed is matches
    assert decide([policy(statement(Action=None, NotAction=pattern))], asked(action)).allowed is not matches


@pytest.mark.parametrize(
    ("pattern", "resource", "matches"),
    [
        ("*", "anything at all", True),
        ("acs:dysms:*:*:*", "acs:dysms:ap-southeast-1:1001:*", True),
        ("acs:dysms:*:1001:*", "acs:dysms:ap-southeast-1:1001:*", True),
        ("acs:dysms:*:1002:*", "acs:dysms:ap-southeast-1:1001:*", False),
        ("acs:dysms:*:1001:*", "acs:dysms:ap-southeast-1:2:x:1001:*", False),
        ("acs:dysms:ap-southeast-?:1001:*", "acs:dysms:ap-southeast-5:1001:*", True),
        ("acs:DYSMS:*:*:*", "acs:dysms:ap-southeast-1:1001:*", False),
        ("acs:*:*:*:message/*", "acs:dysms::1001:message/7:8", True),
        ("acs:*:*:*:message/*", "acs:dysms::1001:template/7", False),
        ("acs:dysms:*:100*1:*", "acs:dysms:eu:1001:*", True),
        (["acs:oss:*:*:*", "acs:dysms:*:*:*"], "acs:dysms:eu:1:*", True),
    ],
)
def test_resource(pattern: object, resource: str, matches: bool) -> None:
    """Resources match with case, and a star before the last colon stays within its field."""
    assert decide([policy(statement(Resource=pattern))], asked(resource=resource)).allowed is matches


def test_a_policy_cannot_stall_the_server() -> None:
    """A pattern made to backtrack for ever is answered: every piece is looked for once."""
    hostile = "acs:dysms:*:*:" + "*a?" * 1500 + "*b"
    assert not decide([policy(statement(Resource=hostile))], asked(resource="acs:dysms:x:1:" + "a" * 4000)).allowed


# --- evaluation -----------------------------------------------------------------------------------


def test_nothing_matches_is_an_implicit_deny() -> None:
    """No policies, or none that speaks of the call."""
    for policies in ([], [policy(statement(Action="oss:*"))]):
        verdict = decide(policies, asked())
        assert (verdict.allowed, verdict.reason, verdict.policy, verdict.place) == (False, Reason.IMPLICIT_DENY, -1, "")


def test_an_explicit_deny_beats_every_allow_wherever_it_stands() -> None:
    """And the verdict names the policy and the statement that spoke."""
    allow, deny = statement(), statement(Effect="Deny", Action="dysms:Send*")
    for policies, number, place in (
        ([policy(allow, deny)], 0, "Statement[1]"),
        ([policy(deny, allow)], 0, "Statement[0]"),
        ([policy(allow), policy(allow, allow, deny)], 1, "Statement[2]"),
    ):
        verdict = decide(policies, asked())
        assert (verdict.allowed, verdict.reason, verdict.policy, verdict.place) == (False, Reason.EXPLICIT_DENY, number, place)
        assert decide(policies, asked("dysms:QueryMessage")).reason is Reason.ALLOW


def test_every_statement_says_what_it_has_to_say() -> None:
    """Whoever asks why hears them all; what speaks is what decides."""
    policies = [
        policy(statement(Action="dysms:Query*"), statement(Resource="acs:dysms:*:2:*")),
        policy(statement(Condition={"Bool": {"acs:SecureTransport": "false"}}), statement(), statement(Effect="Deny")),
    ]
    heard = hear(policies, asked())
    silent = [Silence.ACTION, Silence.RESOURCE, Silence.CONDITION, None, None]
    assert [(each.policy, each.silent) for each in heard] == list(zip([0, 0, 1, 1, 1], silent, strict=True))
    assert (heard[4].deny, heard[4].place) == (True, "Statement[2]")
    assert decide(policies, asked()).place == heard[4].place


def test_the_first_allow_is_named() -> None:
    """The statement that let a call through."""
    verdict = decide([policy(statement(Action="oss:*")), policy(statement(Action="oss:*"), statement())], asked())
    assert (verdict.allowed, verdict.reason, verdict.policy, verdict.place) == (True, Reason.ALLOW, 1, "Statement[1]")


@pytest.mark.parametrize(
    ("name", "action", "permitted"),
    [
        ("AliyunDysmsFullAccess", "dysms:SendMessageToGlobe", True),
        ("AliyunDysmsFullAccess", "oss:GetObject", False),
        ("AliyunDysmsReadOnlyAccess", "dysms:QueryMessage", True),
        ("AliyunDysmsReadOnlyAccess", "dysms:SendMessageToGlobe", False),
        ("AliyunDysmsReadOnlyAccess", "dysms:ConversionData", False),
    ],
)
def test_system_policies(name: str, action: str, permitted: bool) -> None:
    """The two policies that every account has."""
    assert decide([read(SYSTEM_POLICIES[name])], asked(action)).allowed is permitted


# --- conditions -----------------------------------------------------------------------------------

HOLDS: list[tuple[str, str, object, AccessRequest]] = [
    ("StringEquals", "acs:SourceIp", ["198.51.100.1", "203.0.113.7"], asked()),
    ("StringEquals", "acs:SecureTransport", "true", asked()),
    ("StringNotEquals", "acs:SourceIp", ["198.51.100.1", "198.51.100.2"], asked()),
    ("StringEqualsIgnoreCase", "acs:MFAPresent", "TRUE", asked(mfa=True)),
    ("StringNotEqualsIgnoreCase", "acs:MFAPresent", "TRUE", asked()),
    ("StringLike", "acs:SourceIp", ["10.*", "203.0.113.?"], asked()),
    ("StringLike", "acs:CurrentTime", "2026-09-*", asked()),
    ("StringNotLike", "acs:SourceIp", ["10.*", "203.0.114.*"], asked()),
    ("NumericEquals", "acs:CurrentTime", "1790000000", asked()),
    ("NumericNotEquals", "acs:CurrentTime", ["1790000001", "1789999999"], asked()),
    ("NumericLessThan", "acs:CurrentTime", ["5", "1790000000.5"], asked()),
    ("NumericLessThanEquals", "acs:CurrentTime", "1790000000", asked()),
    ("NumericGreaterThan", "acs:CurrentTime", "-1", asked()),
    ("NumericGreaterThanEquals", "acs:CurrentTime", "1790000000.0", asked()),
    ("DateEquals", "acs:CurrentTime", "2026-09-21T14:13:20Z", asked()),
    ("DateEquals", "acs:CurrentTime", "2026-09-21T22:13:20+08:00", asked()),
    ("DateNotEquals", "acs:CurrentTime", "2026-09-21T14:13:21Z", asked()),
    ("DateLessThan", "acs:CurrentTime", ["2020-01-01T00:00:00Z", "2026-09-21T14:13:20.001Z"], asked()),
    ("DateLessThanEquals", "acs:CurrentTime", "2026-09-21T14:13:20Z", asked()),
    ("DateGreaterThan", "acs:CurrentTime", "2026-09-21T14:13Z", asked()),
    ("DateGreaterThanEquals", "acs:CurrentTime", "2026-09-21T14:13:20Z", asked()),
    ("Bool", "acs:SecureTransport", "true", asked()),
    ("Bool", "acs:SecureTransport", ["False"], asked(secure=False)),
    ("Bool", "acs:MFAPresent", ["true", "false"], asked()),
    ("IpAddress", "acs:SourceIp", "203.0.113.7", asked()),
    ("IpAddress", "acs:SourceIp", ["10.0.0.0/8", "203.0.113.0/24"], asked()),
    ("IpAddress", "acs:SourceIp", "10.1.2.3/8", asked(source_ip="10.250.0.1")),
    ("IpAddress", "acs:SourceIp", "203.0.113.0/24", asked(source_ip="::ffff:203.0.113.9")),
    ("IpAddress", "acs:SourceIp", "2001:db8::/32", asked(source_ip="2001:db8:1::5")),
    ("IpAddress", "acs:SourceIp", "::/0", asked(source_ip="2001:db8:1::5")),
    ("NotIpAddress", "acs:SourceIp", ["10.0.0.0/8", "::/0"], asked()),
    ("NotIpAddress", "acs:SourceIp", "0.0.0.0/0", asked(source_ip="2001:db8:1::5")),
]

FAILS: list[tuple[str, str, object, AccessRequest]] = [
    ("StringEquals", "acs:SourceIp", "203.0.113.*", asked()),
    ("StringNotEquals", "acs:SourceIp", ["198.51.100.1", "203.0.113.7"], asked()),
    ("StringEqualsIgnoreCase", "acs:MFAPresent", "TRUE", asked()),
    ("StringNotEqualsIgnoreCase", "acs:MFAPresent", ["x", "TRUE"], asked(mfa=True)),
    ("StringLike", "acs:SourceIp", "203.0.113", asked()),
    ("StringNotLike", "acs:SourceIp", ["10.*", "203.*"], asked()),
    ("NumericEquals", "acs:CurrentTime", "1790000000", asked(now_ms=NOON + 1)),
    ("NumericNotEquals", "acs:CurrentTime", ["1", "1790000000"], asked()),
    ("NumericLessThan", "acs:CurrentTime", "1790000000", asked()),
    ("NumericLessThanEquals", "acs:CurrentTime", "1789999999", asked()),
    ("NumericGreaterThan", "acs:CurrentTime", "1790000000", asked()),
    ("NumericGreaterThanEquals", "acs:CurrentTime", "1790000001", asked()),
    ("DateEquals", "acs:CurrentTime", "2026-09-21T14:13:20+08:00", asked()),
    ("DateNotEquals", "acs:CurrentTime", "2026-09-21T14:13:20Z", asked()),
    ("DateLessThan", "acs:CurrentTime", "2026-09-21T14:13:20Z", asked()),
    ("DateLessThanEquals", "acs:CurrentTime", "2026-09-21T14:13:19Z", asked()),
    ("DateGreaterThan", "acs:CurrentTime", "2026-09-21T14:13:20Z", asked()),
    ("DateGreaterThanEquals", "acs:CurrentTime", "2026-09-21T14:13:21Z", asked()),
    ("Bool", "acs:SecureTransport", "true", asked(secure=False)),
    ("IpAddress", "acs:SourceIp", "203.0.114.0/24", asked()),
    ("IpAddress", "acs:SourceIp", "0.0.0.0/0", asked(source_ip="2001:db8::1")),
    ("IpAddress", "acs:SourceIp", "0.0.0.0/0", asked(source_ip="")),
    ("NotIpAddress", "acs:SourceIp", ["10.0.0.0/8", "203.0.113.0/24"], asked()),
]


@pytest.mark.parametrize(
    ("operator", "key", "values", "request_", "holds"), [(*row, True) for row in HOLDS] + [(*row, False) for row in FAILS]
)
def test_condition(operator: str, key: str, values: object, request_: AccessRequest, holds: bool) -> None:
    """Each operator: the values of a key are alternatives, and a negated operator needs all of them to miss."""
    assert allowed({operator: {key: values}}, request_) is holds


def test_every_operator_and_key_is_exercised() -> None:
    """The tables above leave nothing of the grammar out."""
    assert {row[0] for row in HOLDS} == set(OPERATORS)
    assert {row[0] for row in FAILS} == set(OPERATORS)
    assert {row[1] for row in HOLDS} == set(KEYS)


def test_keys_and_operators_must_all_hold() -> None:
    """Keys AND, operators AND; an empty Condition asks nothing."""
    condition = {"Bool": {"acs:SecureTransport": "true", "acs:MFAPresent": "true"}, "IpAddress": {"acs:SourceIp": "203.0.113.0/24"}}
    assert allowed(condition, asked(mfa=True))
    assert not allowed(condition, asked(mfa=False))
    assert not allowed(condition, asked(mfa=True, secure=False))
    assert not allowed(condition, asked(mfa=True, source_ip="10.0.0.1"))
    assert allowed({}, asked())


# --- refused documents ----------------------------------------------------------------------------


def document(**changed: object) -> str:
    """A document of one statement, with members of the statement changed."""
    return json.dumps({"Version": "1", "Statement": [statement(), statement(**changed)]})


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "line 1 column 1", "not JSON"),
        ('{"Version": "1",\n "Statement": [}', "line 2 column 16", "not JSON"),
        ("[" * 5000, "document", "nested too deeply"),
        ("9" * 5000, "document", "number too long"),
        ("[]", "document", "JSON object"),
        ("null", "document", "JSON object"),
        (" " * (MOST_CHARACTERS + 1), "document", "at most 6144"),
        ('{"Statement": []}', "Version", '"Version": "1"'),
        ('{"Version": 1, "Statement": []}', "Version", '"Version": "1"'),
        ('{"Version": "2012-10-17", "Statement": []}', "Version", '"Version": "1"'),
        ('{"Version": "1"}', "Statement", "at least one"),
        ('{"Version": "1", "Statement": []}', "Statement", "at least one"),
        ('{"Version": "1", "Statement": {"Effect": "Allow"}}', "Statement", "at least one"),
        ('{"Version": "1", "Statement": ["x"]}', "Statement[0]", "JSON object"),
        ('{"Version": "1", "Id": "x", "Statement": []}', "Id", "no such member"),
        ('{"Version": "1", "Version": "1", "Statement": []}', "document.Version", "twice"),
        (document(Sid="x"), "Statement[1].Sid", "no such member"),
        (document(NotResource="*"), "Statement[1].NotResource", "no such member"),
        (document(**{"\ud800 \n": 1}), 'Statement[1]."\\ud800 \\n"', "no such member"),
        (document(Effect=None), "Statement[1].Effect", '"Allow"'),
        (document(Effect="allow"), "Statement[1].Effect", '"Allow"'),
        (document(Effect=["Allow"]), "Statement[1].Effect", '"Allow"'),
        (document(Action=None), "Statement[1]", "either Action or NotAction"),
        (document(NotAction="*"), "Statement[1]", "either Action or NotAction"),
        (document(Action=[]), "Statement[1].Action", "non-empty list"),
        (document(Action=""), "Statement[1].Action", "not an empty one"),
        (document(Action=7), "Statement[1].Action", "text in quotes"),
        (document(Action=["dysms:*", 7]), "Statement[1].Action[1]", "text in quotes"),
        (document(Action=["dysms:*", "SendMessageToGlobe"]), "Statement[1].Action[1]", "not an action"),
        (document(Action="dysms:Send Message"), "Statement[1].Action", "not an action"),
        (document(Action=None, NotAction=["dysms"]), "Statement[1].NotAction[0]", "not an action"),
        (document(Resource=None), "Statement[1].Resource", '"Resource": "*"'),
        (document(Resource={}), "Statement[1].Resource", "non-empty list"),
        (document(Resource="acs:dysms:*"), "Statement[1].Resource", "acs:<service>:<region>:<account>:<relative>"),
        (document(Resource=["*", "arn:aws:sns:eu:1:*"]), "Statement[1].Resource[1]", "not a resource"),
        (document(Resource="acs::*:*:*"), "Statement[1].Resource", "not a resource"),
        (document(Resource="acs:dysms:*:*:"), "Statement[1].Resource", "not a resource"),
    ],
)
def test_refused(text: str, place: str, words: str) -> None:
    """A document that is not the grammar is refused with its place and the way out."""
    with pytest.raises(PolicyFault) as caught:
        read(text)
    assert caught.value.place == place
    assert words in caught.value.fault
    assert str(caught.value) == f"{place}: {caught.value.fault}"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("condition", "place", "words"),
    [
        ([], "", "JSON object"),
        ({"Equals": {}}, ".Equals", "no such operator"),
        ({"Bool": {}}, ".Bool", "name the key"),
        ({"Bool": "true"}, ".Bool", "JSON object"),
        ({"Bool": {"acs:Secure": "true"}}, ".Bool.acs:Secure", "no such key"),
        ({"Bool": {"acs:sourceip": "true"}}, ".Bool.acs:sourceip", "acs:SourceIp"),
        ({"Bool": {"acs:SourceIp": "true"}}, ".Bool.acs:SourceIp", "IpAddress"),
        ({"NumericEquals": {"acs:SourceIp": "1"}}, ".NumericEquals.acs:SourceIp", "IpAddress"),
        ({"IpAddress": {"acs:CurrentTime": "1.2.3.4"}}, ".IpAddress.acs:CurrentTime", "DateLessThan"),
        ({"Bool": {"acs:MFAPresent": True}}, ".Bool.acs:MFAPresent", "in quotes"),
        ({"Bool": {"acs:MFAPresent": []}}, ".Bool.acs:MFAPresent", "non-empty list"),
        ({"Bool": {"acs:MFAPresent": ["true", "yes"]}}, ".Bool.acs:MFAPresent[1]", "truth value"),
        ({"IpAddress": {"acs:SourceIp": ["10.0.0.300"]}}, ".IpAddress.acs:SourceIp[0]", "10.0.0.0/8"),
        ({"IpAddress": {"acs:SourceIp": "10.0.0.0/33"}}, ".IpAddress.acs:SourceIp", "10.0.0.0/8"),
        ({"IpAddress": {"acs:SourceIp": "10.0.0.0/255.0.0.0"}}, ".IpAddress.acs:SourceIp", "range"),
        ({"NotIpAddress": {"acs:SourceIp": "fe80::1%eth0"}}, ".NotIpAddress.acs:SourceIp", "range"),
        ({"NumericLessThan": {"acs:CurrentTime": "1e3"}}, ".NumericLessThan.acs:CurrentTime", "number"),
        ({"NumericLessThan": {"acs:CurrentTime": "١"}}, ".NumericLessThan.acs:CurrentTime", "number"),
        ({"DateEquals": {"acs:CurrentTime": "2026-09-21"}}, ".DateEquals.acs:CurrentTime", "time"),
        ({"DateEquals": {"acs:CurrentTime": "2026-09-21T10:00:00"}}, ".DateEquals.acs:CurrentTime", "time"),
        ({"DateEquals": {"acs:CurrentTime": "2026-02-30T10:00:00Z"}}, ".DateEquals.acs:CurrentTime", "time"),
    ],
)
def test_refused_conditions(condition: object, place: str, words: str) -> None:
    """Operators, keys, and values of the wrong kind are found when the policy is stored, not when it is asked."""
    with pytest.raises(PolicyFault) as caught:
        read(document(Condition=condition))
    assert caught.value.place == "Statement[1].Condition" + place
    assert words in caught.value.fault


def test_a_policy_keeps_its_document() -> None:
    """What was stored can be shown as it was written."""
    text = '{"Version": "1",  "Statement": [{"Effect":"Deny","NotAction":"dysms:*","Resource":["acs:dysms:*:*:*"]}]}'
    assert read(text).document == text
    assert read(text) == read(text)
