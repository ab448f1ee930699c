"""Policies from hostile hands: a document is compiled or refused as `PolicyFault`; a compiled one always decides."""

import fnmatch
import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.verdict.condition import KEYS, OPERATORS
from globewire.verdict.policy import AccessRequest, Decision, PolicyFault, decide, hear, read

REQUEST = AccessRequest("dysms:SendMessageToGlobe", "acs:dysms:eu-central-1:1001:*", 1_790_000_000_000, "203.0.113.7", True)

GOOD = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": ["dysms:Send*", "dysms:Quer?Message"], "Resource": "acs:dysms:*:1001:*"},
            {
                "Effect": "Deny",
                "NotAction": "dysms:*",
                "Resource": ["*"],
                "Condition": {
                    "IpAddress": {"acs:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]},
                    "DateLessThan": {"acs:CurrentTime": "2026-09-21T14:13:20+08:00"},
                    "NumericGreaterThan": {"acs:CurrentTime": "17.5"},
                    "Bool": {"acs:MFAPresent": ["true"]},
                },
            },
        ],
    }
)


def tried(document: str) -> Decision | None:
    """What the document decides, or None where it is refused in the documented way."""
    try:
        policy = read(document)
    except PolicyFault as fault:
        assert fault.place and fault.fault.endswith(".")
        assert str(fault).isprintable()
        return None
    decided, speaking = decide([policy], REQUEST), [each for each in hear([policy], REQUEST) if each.silent is None]
    assert decided.place == next((each.place for each in speaking if each.deny), speaking[0].place if speaking else "")
    return decided


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLAUSIBLE = ["*", "dysms:*", "acs:dysms:*:*:*", "true", "10.0.0.0/8", "2026-09-21T14:13:20Z", "7", "Allow", "Deny"]
VALUE = JSON | st.sampled_from(PLAUSIBLE)
VALUES = VALUE | st.lists(VALUE, max_size=3)
KEY_VALUES = st.dictionaries(st.sampled_from(list(KEYS)), VALUES, max_size=2)
CONDITION = JSON | st.dictionaries(st.sampled_from(list(OPERATORS)), KEY_VALUES, max_size=3)
STATEMENT = st.fixed_dictionaries(
    {"Effect": VALUE, "Resource": VALUES}, optional={"Action": VALUES, "NotAction": VALUES, "Condition": CONDITION, "Sid": VALUE}
)
DOCUMENT = st.fixed_dictionaries({"Version": st.just("1") | VALUE, "Statement": st.lists(STATEMENT, max_size=2) | VALUE})


@settings(max_examples=300)
@given(st.text() | DOCUMENT.map(json.dumps) | JSON.map(json.dumps))
def test_any_document(document: str) -> None:
    """Text, JSON, and JSON that looks like a policy."""
    tried(document)


@settings(max_examples=300)
@given(st.text("ab*?:", max_size=12), st.text("ab:", max_size=12))
def test_wildcards_mean_what_they_mean_elsewhere(pattern: str, text: str) -> None:
    """The last field of a resource matches as the standard library's matcher does."""
    document = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "acs:s:r:1:" + pattern + "*"}]}
    request = AccessRequest("dysms:X", "acs:s:r:1:" + text, 0, "", False)
    assert decide([read(json.dumps(document))], request).allowed is fnmatch.fnmatchcase(text, pattern + "*")


def test_mutations_of_a_good_document() -> None:
    """Characters of a good policy replaced, dropped and doubled, from a fixed seed."""
    assert tried(GOOD) is not None
    chance = random.Random(20180501)
    taken = 0
    for _ in range(3000):
        text = list(GOOD)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(text))
            text[at : at + chance.randint(0, 4)] = chance.choices('{}[]":,*?/.acsdymAllow1\\\x00\ud800 ', k=chance.randint(0, 4))
        taken += tried("".join(text)) is not None
    assert 0 < taken < 3000
