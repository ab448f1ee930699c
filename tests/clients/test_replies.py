"""What the SDKs do not show: status, headers and body of every kind of reply, byte by byte where users depend on it."""

import re
import time
import uuid
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest

from clients.calling import SINGAPORE, Answer, fetch, signed
from clients.people import OWNER, READER
from clients.running import House, Key
from globewire.wire.operation import OPERATIONS
from globewire.wire.request import FORM, Format
from globewire.wire.signature import sign_v1, stamp

TYPES = {Format.JSON: "application/json;charset=utf-8", Format.XML: "text/xml;charset=utf-8"}
REQUEST_ID = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}").fullmatch

PARAMETERS = {
    "SendMessageToGlobe": {"To": SINGAPORE, "Message": "<a> & b"},
    "BatchSendMessageToGlobe": {"To": f'["{SINGAPORE}","12"]', "Message": '["<a> & b","x"]'},
    "SendMessageWithTemplate": {"To": "8613800138000", "From": "签名", "TemplateCode": "SMS_1"},
    "QueryMessage": {"MessageId": ""},
    "SmsConversion": {"MessageId": "", "Delivered": "True"},
    "ConversionData": {"ConversionRate": "1"},
}
"""A call of each operation; an empty MessageId stands for that of a message that was sent before."""


@pytest.fixture(scope="module")
def message_id(house: House) -> str:
    """A message that was sent."""
    found = fetch(house, *signed(house, "SendMessageToGlobe", PARAMETERS["SendMessageToGlobe"])).json["MessageId"]
    assert isinstance(found, str)
    return found


def ask(house: House, operation: str, parameters: dict[str, str], format: Format | None, key: Key = OWNER) -> Answer:
    """One call: V1 with this Format, V3 for None."""
    if format is None:
        return fetch(house, *signed(house, operation, parameters, key))
    date = stamp(time.time_ns() // 1_000_000)
    body = sign_v1("POST", parameters, key.id, key.secret, operation, date, str(uuid.uuid4()), format=format)
    return fetch(house, "/", [("content-type", FORM)], body=body.encode())


def check_headers(answer: Answer, format: Format) -> str:
    """What every reply bears (contract 3.1); its RequestId."""
    headers = answer.headers
    assert headers["content-type"] == TYPES[format]
    assert headers["content-length"] == str(len(answer.body))
    assert (headers["connection"], headers["keep-alive"]) == ("keep-alive", "timeout=25")
    assert (headers["vary"], headers["access-control-allow-origin"]) == ("Accept-Encoding", "*")
    assert headers["access-control-expose-headers"] == "*"
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-acs-trace-id"]) and headers["date"].endswith(" GMT")
    assert "server" not in headers and "content-encoding" not in headers
    assert REQUEST_ID(headers["x-acs-request-id"])
    return headers["x-acs-request-id"]


def elements(answer: Answer) -> dict[str, str]:
    """The elements below the outermost, by name, with their texts."""
    return {child.tag: child.text or "" for child in ElementTree.fromstring(answer.body)}


def scalars(value: object) -> Iterator[object]:
    """Every value in a JSON document that holds no others."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from scalars(inner)
    else:
        yield value


@pytest.mark.parametrize("format", [None, Format.JSON, Format.XML], ids=["V3", "V1-JSON", "V1-XML"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_s_reply(house: House, message_id: str, operation: str, format: Format | None) -> None:
    """The members of the reference and no others, each of them a string; the RequestId of the header."""
    parameters = {name: value or message_id for name, value in PARAMETERS[operation].items()}
    answer = ask(house, operation, parameters, format)
    assert answer.status == 200
    request_id = check_headers(answer, format or Format.JSON)
    wanted = {field.name for field in OPERATIONS[operation].reply}
    if operation == "SendMessageWithTemplate":  # it is refused, and a refusal has only these
        wanted = {"ResponseCode", "ResponseDescription", "RequestId"}
    if format is Format.XML:
        assert answer.body.startswith(b"<?xml version='1.0' encoding='UTF-8'?><")
        assert ElementTree.fromstring(answer.body).tag == f"{operation}Response"
        members = elements(answer)
    else:
        members = answer.json
    assert members.keys() == wanted
    assert members["RequestId"] == request_id
    if format is not Format.XML:
        assert all(isinstance(value, str) for value in scalars(answer.json))


REFUSED: dict[str, tuple[str, str, dict[str, str], int, str, Format]] = {
    "another path": ("GET", "/favicon.ico", {}, 404, "InvalidAction.NotFound", Format.XML),
    "another path, of a browser": ("GET", "/index.html", {"accept": "text/html,*/*"}, 404, "InvalidAction.NotFound", Format.XML),
    "another path, JSON": ("GET", "/v1/x?a=b", {"accept": "application/json"}, 404, "InvalidAction.NotFound", Format.JSON),
    "another path, signed": ("POST", "/sms", {"authorization": "ACS3-HMAC-SHA256 x"}, 404, "InvalidAction.NotFound", Format.JSON),
    "nothing": ("GET", "/", {}, 400, "MissingAction", Format.XML),
    "no version": ("GET", "/?Action=QueryMessage&Format=JSON", {}, 400, "MissingVersion", Format.JSON),
    "another version": ("GET", "/?Action=QueryMessage&Version=1&Format=json", {}, 400, "InvalidVersion", Format.JSON),
    "another action": ("GET", "/?Action=X&Version=2018-05-01", {}, 404, "InvalidAction.NotFound", Format.XML),
    "another format": ("GET", "/?Action=QueryMessage&Format=YAML", {}, 400, "InvalidParameter.Format", Format.XML),
    "no key": ("GET", "/?Action=QueryMessage&Version=2018-05-01&Format=JSON", {}, 400, "MissingAccessKeyId", Format.JSON),
    "another method": ("PUT", "/?Format=JSON", {}, 400, "UnsupportedHTTPMethod", Format.JSON),
    "a preflight": ("OPTIONS", "/", {"origin": "https://shop.example"}, 400, "UnsupportedHTTPMethod", Format.XML),
    "a broken escape": ("GET", "/?Format=JSON&To=%zz", {}, 400, "InvalidRequest", Format.JSON),
    "bytes that are no text": ("GET", "/?Format=JSON&To=%ff", {}, 400, "InvalidRequest", Format.JSON),
    "an unknown algorithm": ("POST", "/?Action=QueryMessage&Version=2018-05-01", {"authorization": "ACS3-HMAC-MD5 Credential=a"},
        400, "InvalidSignatureMethod", Format.JSON),
    "a broken Authorization": ("POST", "/?Action=QueryMessage&Version=2018-05-01", {"authorization": "ACS3-HMAC-SHA256 a,b"},
        400, "IncompleteSignature", Format.JSON),
    "no signature method": ("GET", "/?Action=QueryMessage&Version=2018-05-01&AccessKeyId=a&Format=JSON", {},
        400, "MissingSignatureMethod", Format.JSON),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_s_envelope(house: House, case: str) -> None:
    """JSON or XML, never HTML: RequestId, HostId, Code, Message and Recommend, each a string."""
    method, target, headers, status, code, format = REFUSED[case]
    answer = fetch(house, target, list(headers.items()), method)
    assert answer.status == status
    request_id = check_headers(answer, format)
    if format is Format.XML:
        assert ElementTree.fromstring(answer.body).tag == "Error"
        members = elements(answer)
    else:
        members = answer.json
    assert members.keys() == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert (members["Code"], members["RequestId"], members["HostId"]) == (code, request_id, house.endpoint)
    assert members["Message"] and members["Recommend"].startswith("https://") and code in members["Recommend"]


@pytest.mark.parametrize("format", [None, Format.JSON, Format.XML], ids=["V3", "V1-JSON", "V1-XML"])
def test_a_business_refusal_s_reply(house: House, format: Format | None) -> None:
    """HTTP 200 in the operation's own shape, and never a member named Code: npm's pop-core would throw."""
    for key, parameters in ((READER, {"To": SINGAPORE, "Message": "x"}), (OWNER, {"To": "12", "Message": "x"})):
        answer = ask(house, "SendMessageToGlobe", parameters, format, key)
        request_id = check_headers(answer, format or Format.JSON)
        assert answer.status == 200
        members = elements(answer) if format is Format.XML else answer.json
        assert members.keys() == {"ResponseCode", "ResponseDescription", "RequestId"}
        assert members["RequestId"] == request_id


def test_a_body_that_is_not_what_was_signed(house: House) -> None:
    """V3 signs the body's digest."""
    target, headers = signed(house, "ConversionData", {}, body=b"ConversionRate=0.5")
    answer = fetch(house, target, headers, body=b"ConversionRate=0.9")
    assert (answer.status, answer.json["Code"]) == (400, "SignatureDoesNotMatch")
    assert fetch(house, *signed(house, "ConversionData", {}, body=b"ConversionRate=0.5"), body=b"ConversionRate=0.5").status == 200


def test_the_query_of_another_call(house: House) -> None:
    """V3 signs the query: a changed number is refused."""
    target, headers = signed(house, "SendMessageToGlobe", {"To": SINGAPORE, "Message": "x"})
    answer = fetch(house, target.replace(SINGAPORE, "6591234568"), headers)
    assert (answer.status, answer.json["Code"]) == (400, "SignatureDoesNotMatch")


def test_a_header_of_another_call(house: House) -> None:
    """V3 signs what says which operation it is."""
    target, headers = signed(house, "QueryMessage", {"To": SINGAPORE, "Message": "x"})
    swapped = [(name, "SendMessageToGlobe" if name == "x-acs-action" else value) for name, value in headers]
    answer = fetch(house, target, swapped)
    assert (answer.status, answer.json["Code"]) == (400, "SignatureDoesNotMatch")
