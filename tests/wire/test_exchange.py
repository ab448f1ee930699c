"""What request and reply say of themselves, and that what is secret in them is masked before anybody reads it."""

import json

import pytest

from globewire.errors import Refused
from globewire.message import Millis
from globewire.wire.exchange import Exchange, exchange, request_text
from globewire.wire.reply import answer, refusal
from globewire.wire.request import FORM, Format, Raw, format_of, read
from globewire.wire.signature import escape, verify
from wire.asking import AT, KEY, raw_of, v1, v3, with_header, with_parameter
from wire.asking import VECTORS as CAPTURED

TOKEN = 'CAIS+/=to"ken\\'
TO = {"To": "8521245567890", "Message": "Hello"}


def told(raw: Raw, body: bytes = b"{}", headers: str = "") -> Exchange:
    front = f"HTTP/1.1 200 OK\r\ndate: x\r\nx-acs-request-id: R-1\r\n{headers}".encode()
    return exchange(raw, front, body, Millis(AT), 7, lambda key: f"account of {key}")


def refused(raw: Raw, format: Format) -> Exchange:
    """`raw` as it is refused by a wrong secret."""
    with pytest.raises(Refused) as caught:
        verify(read(raw), "another")
    return told(raw, refusal(caught.value, format, "R-1", "host").body)


def test_an_accepted_call() -> None:
    """Who asked for what, what came of it, and where to find it."""
    found = told(v3(TO), answer("SendMessageToGlobe", {"ResponseCode": "OK", "MessageId": "100"}, Format.JSON, "R-1").body)
    assert (found.request_id, found.operation, found.access_key, found.account) == (
        "R-1",
        "SendMessageToGlobe",
        KEY,
        f"account of {KEY}",
    )
    assert (found.status, found.code, found.message_ids, found.refused, found.at, found.took) == (200, "OK", ("100",), False, AT, 7)


def test_a_batch_has_many_messages() -> None:
    """In either format."""
    fields = {"ResponseCode": "OK", "MessageIdList": '["100","101"]'}
    for format in Format:
        assert told(v1(TO), answer("BatchSendMessageToGlobe", fields, format, "R-1").body).message_ids == ("100", "101")


@pytest.mark.parametrize("format", Format)
def test_a_refused_call(format: Format) -> None:
    """Its code and its hint."""
    found = refused(v1(TO, format=format), format)
    assert (found.code, found.refused, found.access_key) == ("SignatureDoesNotMatch", True, KEY)
    assert told(v1(TO), headers="x-globewire-hint: a step differs\r\n").hint == "a step differs"


def test_a_request_that_cannot_be_read() -> None:
    """It says what it can."""
    broken = with_parameter(v1(TO), "Timestamp", "yesterday")
    assert (told(broken).operation, told(broken).access_key) == ("SendMessageToGlobe", KEY)
    broken = with_header(v3(TO), b"x-acs-date", None)
    assert (told(broken).operation, told(broken).access_key) == ("SendMessageToGlobe", KEY)
    nothing = told(Raw("", "", b"%", (), b"\xff", "", False), b"\xff")
    assert (nothing.operation, nothing.access_key, nothing.account, nothing.code, nothing.refused) == ("", "", "", "", True)


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"", b"<", b'{"MessageId": 5, "Code": null}', b"<Error><Code>"])
def test_replies_of_no_shape(body: bytes) -> None:
    """They say nothing, and nothing breaks."""
    assert told(v3(TO), body).message_ids == ()


def secrets_of(raw: Raw) -> list[str]:
    """What must be readable nowhere: the signature, and the token in any spelling."""
    call = read(raw)
    spelled = [call.signature, call.security_token]
    return [text for text in [*spelled, *(json.dumps(text)[1:-1] for text in spelled)] if text]


@pytest.mark.parametrize("vector", CAPTURED, ids=lambda vector: str(vector["label"]))
def test_captured_requests_are_masked(vector: dict[str, object]) -> None:
    """Of each SDK, in the request and in the reply that refuses it."""
    raw = raw_of(vector)
    found = refused(raw, format_of(raw))
    for secret in secrets_of(raw):
        assert secret not in found.request_text
        assert secret not in found.reply_text
        assert secret not in repr(found)
    assert read(raw).access_key in found.request_text
    assert "***" in found.request_text


def test_a_token_is_masked_where_a_reply_quotes_it() -> None:
    """V3 quotes it as a header, V1 escaped twice, either within JSON or XML."""
    query = f"{v1(TO).query.decode()}&SecurityToken={escape(TOKEN)}".encode()
    in_query = Raw("GET", "/", query, (), b"", "", False)
    in_body = Raw("POST", "/", b"", ((b"content-type", FORM.encode()),), query, "", False)
    for raw in (v3(TO, token=TOKEN), in_query, in_body):
        for format in Format:
            found = refused(raw, format)
            text = found.request_text + found.reply_text
            assert not [piece for piece in ("CAIS", "zzz", "qqq") if piece in text], text


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ((b"authorization", b"ACS3-HMAC-SM3 Credential=a,Signature=0123,SignedHeaders=b"), "=a,Signature=***,SignedHeaders=b"),
        ((b"authorization", b"Basic c2VjcmV0"), "authorization: ***"),
        ((b"proxy-authorization", b"Basic c2VjcmV0"), "proxy-authorization: ***"),
        ((b"cookie", b"session=0123"), "cookie: ***"),
        ((b"x-acs-bearer-token", b"0123"), "x-acs-bearer-token: ***"),
        ((b"host", b"a"), "host: a"),
    ],
)  # fmt: skip
def test_headers_that_hold_a_secret(header: tuple[bytes, bytes], shown: str) -> None:
    text = request_text(
        Raw("POST", "/", b"%53ignature=0123&a=b&signature=0123", (header,), b"\xffSecurityToken=0123&Signature=0123", "", False)
    )
    assert shown in text
    assert "0123" not in text.replace("\\xffSecurityToken=0123", "")
    assert "a=b" in text
