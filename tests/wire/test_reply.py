"""Replies, byte by byte."""

from xml.etree import ElementTree

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.errors import (
    MOBILE_NUMBER_ILLEGAL,
    NO_PERMISSION,
    SERVICE_UNAVAILABLE,
    SIGNATURE_V1,
    THROTTLING_USER,
    missing,
    refuse,
)
from globewire.wire.reply import Fields, Reply, answer, business, refusal
from globewire.wire.request import Format

ID = "F655A8D5-B967-540B-8683-DAD6FF8DE990"
HOST = "dysmsapi.ap-southeast-1.aliyuncs.com"
SENT: Fields = {
    "ResponseCode": "OK",
    "ResponseDescription": "The SMS Send Request was accepted",
    "To": "8521245567890",
    "MessageId": "100803030012345678",
    "Segments": "1",
    "NumberDetail": {"Country": "Hongkong, China", "Region": "Hong Kong", "Carrier": "CMI"},
}


def header(reply: Reply, name: bytes) -> bytes:
    """The one header of that name."""
    (value,) = [value for key, value in reply.headers if key == name]
    return value


def test_answer_json() -> None:
    """Strings only, and NumberDetail an object (contract 1.1)."""
    assert answer("SendMessageToGlobe", SENT, Format.JSON, ID).body == (
        b'{"ResponseCode":"OK","ResponseDescription":"The SMS Send Request was accepted","To":"8521245567890",'
        b'"MessageId":"100803030012345678","Segments":"1",'
        b'"NumberDetail":{"Country":"Hongkong, China","Region":"Hong Kong","Carrier":"CMI"},'
        b'"RequestId":"F655A8D5-B967-540B-8683-DAD6FF8DE990"}'
    )


def test_answer_xml() -> None:
    """The root is the operation's name and Response, NumberDetail is nested (contract 1.1)."""
    assert answer("SendMessageToGlobe", SENT, Format.XML, ID).body == (
        b"<?xml version='1.0' encoding='UTF-8'?><SendMessageToGlobeResponse><ResponseCode>OK</ResponseCode>"
        b"<ResponseDescription>The SMS Send Request was accepted</ResponseDescription><To>8521245567890</To>"
        b"<MessageId>100803030012345678</MessageId><Segments>1</Segments><NumberDetail><Country>Hongkong, China</Country>"
        b"<Region>Hong Kong</Region><Carrier>CMI</Carrier></NumberDetail>"
        b"<RequestId>F655A8D5-B967-540B-8683-DAD6FF8DE990</RequestId></SendMessageToGlobeResponse>"
    )


@pytest.mark.parametrize(
    ("format", "kind"), [(Format.JSON, b"application/json;charset=utf-8"), (Format.XML, b"text/xml;charset=utf-8")]
)
def test_headers(format: Format, kind: bytes) -> None:
    """The set seen live (contract 3.1), with no space in the type."""
    reply = answer("QueryMessage", SENT, format, ID)
    assert reply.status == 200
    assert reply.headers[:-2] == (
        (b"content-type", kind),
        (b"content-length", str(len(reply.body)).encode()),
        (b"connection", b"keep-alive"),
        (b"keep-alive", b"timeout=25"),
        (b"vary", b"Accept-Encoding"),
        (b"access-control-allow-origin", b"*"),
        (b"access-control-expose-headers", b"*"),
        (b"x-acs-request-id", ID.encode()),
    )
    trace = header(reply, b"x-acs-trace-id")
    assert len(trace) == 32
    assert set(trace) <= set(b"0123456789abcdef")
    other = answer("QueryMessage", SENT, format, ID.lower())
    assert header(reply, b"etag") != header(other, b"etag")
    assert header(reply, b"etag")[:1] == header(reply, b"etag")[-1:] == b'"'
    assert trace != header(other, b"x-acs-trace-id")


def test_business_refusal() -> None:
    """HTTP 200, and never a `Code`, at which pop-core throws (contract 9.10)."""
    refused = refuse(MOBILE_NUMBER_ILLEGAL, "too short")
    reply = business("SendMessageToGlobe", refused.row, refused.sentence, Format.JSON, ID)
    assert reply.status == 200
    assert orjson.loads(reply.body) == {
        "ResponseCode": "MOBILE_NUMBER_ILLEGAL",
        "ResponseDescription": "The mobile number is not valid: too short.",
        "RequestId": ID,
    }


def test_refusal_json() -> None:
    """The envelope of contract 3.1."""
    reply = refusal(missing("To"), Format.JSON, ID, HOST)
    assert reply.status == 400
    assert orjson.loads(reply.body) == {
        "RequestId": ID,
        "HostId": HOST,
        "Code": "MissingTo",
        "Message": "To is mandatory for this action.",
        "Recommend": f"https://api.aliyun.com/troubleshoot?q=MissingTo&product=Dysmsapi&requestId={ID}",
    }


def test_refusal_xml() -> None:
    """Recommend is CDATA, the rest is escaped."""
    reply = refusal(refuse(SIGNATURE_V1, "GET&%2F&A%3D<"), Format.XML, ID, HOST)
    assert reply.body == (
        b"<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>F655A8D5-B967-540B-8683-DAD6FF8DE990</RequestId>"
        b"<HostId>dysmsapi.ap-southeast-1.aliyuncs.com</HostId><Code>SignatureDoesNotMatch</Code>"
        b"<Message>Specified signature is not matched with our calculation. "
        b"server string to sign is:GET&amp;%2F&amp;A%3D&lt;</Message>"
        b"<Recommend><![CDATA[https://api.aliyun.com/troubleshoot?q=SignatureDoesNotMatch&product=Dysmsapi"
        b"&requestId=F655A8D5-B967-540B-8683-DAD6FF8DE990]]></Recommend></Error>"
    )


def test_refusal_carries_its_details_and_headers() -> None:
    """AccessDeniedDetail for RAM (contract 5), x-acs-retry-after for throttling (contract 9.13)."""
    denied = refuse(NO_PERMISSION, "dysms:QueryMessage", AccessDeniedDetail={"AuthAction": "dysms:QueryMessage"})
    reply = refusal(denied, Format.JSON, ID, HOST)
    assert reply.status == 403
    assert orjson.loads(reply.body)["AccessDeniedDetail"] == {"AuthAction": "dysms:QueryMessage"}
    document = ElementTree.fromstring(refusal(denied, Format.XML, ID, HOST).body)
    assert document.findtext("AccessDeniedDetail/AuthAction") == "dysms:QueryMessage"
    throttled = refusal(refuse(THROTTLING_USER, headers=(("X-Acs-Retry-After", "1"),)), Format.JSON, ID, HOST)
    assert header(throttled, b"x-acs-retry-after") == b"1"
    assert refusal(refuse(SERVICE_UNAVAILABLE), Format.JSON, ID, HOST).status == 503


def test_xml_replaces_what_xml_cannot_hold() -> None:
    """Control characters have no place in XML 1.0; a carriage return survives only as a reference."""
    body = answer("QueryMessage", {"Message": "a\0b\x1bc\td\ne\rf\ufffeg\x7f<&>\"'"}, Format.XML, ID).body
    assert ElementTree.fromstring(body).findtext("Message") == "a\ufffdb\ufffdc\td\ne\rf\ufffdg\x7f<&>\"'"


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")), st.sampled_from(Format))
def test_texts_survive(text: str, format: Format) -> None:
    """Any text can be read back from either format, from answers and from refusals."""
    answered = answer("QueryMessage", {"Message": text, "NumberDetail": {"Region": text}}, format, ID)
    refused = refusal(refuse(SIGNATURE_V1, text), format, ID, text)
    assert header(answered, b"content-length") == str(len(answered.body)).encode()
    if format is Format.JSON:
        assert orjson.loads(answered.body)["NumberDetail"]["Region"] == orjson.loads(answered.body)["Message"] == text
        assert orjson.loads(refused.body)["HostId"] == text
    else:
        document = ElementTree.fromstring(answered.body)
        assert (document.findtext("NumberDetail/Region") or "") == (document.findtext("Message") or "") == text
        assert (ElementTree.fromstring(refused.body).findtext("HostId") or "") == text
