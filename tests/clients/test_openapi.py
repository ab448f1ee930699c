"""A running gateway's replies keep to the OpenAPI document, in JSON and in XML; a call made by the document is served."""

import json
import re
import time
import uuid
import xml.etree.ElementTree as ElementTree
from typing import Any
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator

from clients.calling import SILENT, SINGAPORE, Answer, fetch
from clients.people import NOBODY, OWNER, READER
from clients.running import House, Key
from globewire.wire.openapi import document
from globewire.wire.operation import OPERATIONS
from globewire.wire.request import FORM, Format
from globewire.wire.signature import sign_v1, sign_v3, stamp

DOCUMENT: Any = json.loads(json.dumps(document("0.0.0")))


@pytest.fixture(scope="module")
def message_id(house: House) -> str:
    """A message that stays under way."""
    said: str = by_form(house, "SendMessageToGlobe", {"To": SILENT, "Message": "Hello"}).json["MessageId"]
    return said


def by_form(house: House, operation: str, parameters: dict[str, str], key: Key = OWNER) -> Answer:
    """A call as the document describes it: the path without its fragment, the parameters in the form, the action in a header."""
    content = urlencode(parameters).encode()
    at, nonce = stamp(time.time_ns() // 1_000_000), str(uuid.uuid4())
    target, headers = sign_v3("POST", house.endpoint, {}, content, key.id, key.secret, operation, at, nonce)
    assert target in ("/", "/?")
    return fetch(house, "/", [*headers, ("content-type", FORM)], body=content)


def conform(operation: str, status: int, said: dict[str, Any]) -> None:
    """The schema of the operation's response with this status takes the reply, and each of its members is described."""
    response = DOCUMENT["paths"][f"/#{operation}"]["post"]["responses"][str(status)]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    made = response["content"]["application/json"]["schema"]
    Draft202012Validator({**made, "components": DOCUMENT["components"]}).validate(said)
    if status != 200:
        generic = re.sub(r"^(Missing|Invalid)[A-Z][A-Za-z]*$", r"\1<Param>", said["Code"])
        assert {said["Code"], generic} & set(response["x-codes"])


CALLS: list[tuple[str, dict[str, str]]] = [
    ("SendMessageToGlobe", {"To": SINGAPORE, "Message": "Hello", "From": "Shop", "Type": "OTP", "ValidityPeriod": "600"}),
    ("SendMessageToGlobe", {"To": "12", "Message": "Hello"}),
    ("SendMessageToGlobe", {"To": "8613800138000", "Message": "Hello"}),
    ("SendMessageToGlobe", {"To": "882161234567", "Message": "Hello"}),
    ("SendMessageToGlobe", {"Message": "Hello"}),
    ("BatchSendMessageToGlobe", {"To": f'["{SINGAPORE}","12"]', "Message": '["a","b"]'}),
    ("BatchSendMessageToGlobe", {"To": "[", "Message": "[]"}),
    ("SendMessageWithTemplate", {"To": "8613800138000", "From": "x", "TemplateCode": "SMS_1"}),
    ("QueryMessage", {"MessageId": "under way"}),
    ("QueryMessage", {"MessageId": "111111111111111111"}),
    ("QueryMessage", {}),
    ("SmsConversion", {"MessageId": "under way", "Delivered": "true"}),
    ("ConversionData", {"ConversionRate": "0.53"}),
    ("ConversionData", {"ConversionRate": "2"}),
]


@pytest.mark.parametrize(("operation", "parameters"), CALLS)
def test_a_reply_keeps_to_the_document(house: House, message_id: str, operation: str, parameters: dict[str, str]) -> None:
    asked = {name: message_id if value == "under way" else value for name, value in parameters.items()}
    answer = by_form(house, operation, asked)
    conform(operation, answer.status, answer.json)
    refused = answer.status != 200 or answer.json["ResponseCode"] != "OK"
    assert refused or answer.json.keys() == {field.name for field in OPERATIONS[operation].reply}


def test_a_finished_message_keeps_to_the_document(house: House) -> None:
    said = by_form(house, "SendMessageToGlobe", {"To": SINGAPORE, "Message": "Hello"}).json["MessageId"]
    end = time.monotonic() + 20
    while (found := by_form(house, "QueryMessage", {"MessageId": said}).json)["Status"] == "3":
        assert time.monotonic() < end
    conform("QueryMessage", 200, found)
    assert found["ReceiveDate"]


def test_the_envelope_keeps_to_the_document(house: House, strict_house: House) -> None:
    for at, key in ((house, NOBODY), (house, Key(OWNER.id, "wrong")), (strict_house, READER)):
        answer = by_form(at, "SendMessageToGlobe", {"To": SINGAPORE, "Message": "Hello"}, key)
        assert answer.status in (400, 403, 404)
        conform("SendMessageToGlobe", answer.status, answer.json)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_xml_has_the_root_and_the_members_of_the_document(house: House, message_id: str, operation: str) -> None:
    asked = next(parameters for name, parameters in CALLS if name == operation)
    asked = {name: message_id if value == "under way" else value for name, value in asked.items()}
    at = stamp(time.time_ns() // 1_000_000)
    body = sign_v1("POST", asked, OWNER.id, OWNER.secret, operation, at, str(uuid.uuid4()), format=Format.XML)
    root = ElementTree.fromstring(fetch(house, "/", [("content-type", FORM)], body=body.encode()).body)
    assert root.tag == DOCUMENT["components"]["schemas"][f"{operation}Response"]["xml"]["name"]
    members: dict[str, Any] = {
        child.tag: {c.tag: c.text or "" for c in child} if len(child) else child.text or "" for child in root
    }
    conform(operation, 200, members)


def test_what_does_not_keep_to_it_is_seen(house: House, message_id: str) -> None:
    """So that the checks above can fail."""
    said = by_form(house, "QueryMessage", {"MessageId": message_id}).json
    made = DOCUMENT["components"]["schemas"]["QueryMessageResponse"]
    good = Draft202012Validator({**made, "components": DOCUMENT["components"]})
    for broken in ({"Status": "4"}, {"MessageId": 7}, {"NumberDetail": "x"}, {"ResponseCode": "NOPE"}, {"ReceiveDate": "today"}):
        assert not good.is_valid({**said, **broken})
    assert good.is_valid(said)
