"""Reading a request: what is taken from where, and what is refused first."""

from dataclasses import replace
from typing import Any

import pytest

from globewire.errors import Refused
from globewire.wire.operation import OPERATIONS
from globewire.wire.request import FORM, Format, Raw, Scheme, decode, format_of, instant, read
from wire.asking import AT, DATE, KEY, NONCE, VECTORS, raw_of, v1, v3, with_header, with_parameter

TO = {"To": "8521245567890", "Message": "Hello"}


def bare(method: str = "GET", path: str = "/", query: bytes = b"", **headers: bytes) -> Raw:
    pairs = tuple((name.replace("_", "-").encode(), value) for name, value in headers.items())
    return Raw(method, path, query, pairs, b"", "127.0.0.1", False)


def code(raw: Raw) -> str:
    """The code that `raw` is refused with."""
    with pytest.raises(Refused) as caught:
        read(raw)
    return caught.value.row.code


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["label"]))
def test_vectors_are_read(vector: dict[str, Any]) -> None:
    """Each captured request gives the parameters that its SDK was given, wherever they stood."""
    call = read(raw_of(vector))
    assert call.scheme == vector["scheme"]
    assert call.access_key == vector["access_key_id"]
    assert call.security_token == (vector["security_token"] or "")
    assert abs(call.timestamp - AT) < 3_600_000
    assert call.operation in OPERATIONS
    if vector["expected"] == "valid":
        expected = {name: value for name, value in vector["decoded_parameters"].items() if name != "Signature"}
        assert call.parameters == expected


def test_v3_call() -> None:
    """What V3 keeps in headers."""
    call = read(v3(TO, token="token"))
    assert (call.operation, call.parameters, call.format) == ("SendMessageToGlobe", TO, Format.JSON)
    assert (call.scheme, call.access_key, call.nonce) == (Scheme.V3, KEY, NONCE)
    assert (call.timestamp, call.security_token) == (AT, "token")
    assert call.signed_headers == tuple(sorted(call.signed_headers))


def test_v1_call() -> None:
    """What V1 keeps in parameters; only Signature is taken out."""
    call = read(v1(TO, format=Format.XML))
    assert (call.operation, call.format, call.scheme) == ("SendMessageToGlobe", Format.XML, Scheme.V1)
    assert (call.access_key, call.nonce, call.timestamp) == (KEY, NONCE, AT)
    assert call.parameters["To"] == TO["To"]
    assert "Signature" not in call.parameters
    assert call.signature


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", {}),
        (b"To=1&Message=a+b%20c%2Bd", {"To": "1", "Message": "a b c+d"}),
        (b"SignatureType=&a", {"SignatureType": "", "a": ""}),
        (b"a=1&&b=2&", {"a": "1", "b": "2"}),
        (b"a=1=2", {"a": "1=2"}),
        (b"=x", {"": "x"}),
        (b"a=%E4%BD%A0%e5%a5%bd%F0%9F%98%80", {"a": "你好😀"}),
        ("a=你".encode(), {"a": "你"}),
        ("a=你%20好".encode(), {"a": "你 好"}),
        (b"a=C:\\x41\\n%41\\", {"a": "C:\\x41\\nA\\"}),
        (b"a=%5Cx41%5C", {"a": "\\x41\\"}),
        (b"a=%25%2541", {"a": "%%41"}),
        (b"a%20b=1&c%3Dd=%26", {"a b": "1", "c=d": "&"}),
        (b"a=1&a=2", {"a": "1"}),
        (b"a=%00%0a", {"a": "\0\n"}),
        (b"a=1;b=2", {"a": "1;b=2"}),
    ],
)
def test_decode(text: bytes, expected: dict[str, str]) -> None:
    """`+`, escapes, blanks, and the first of a name (contract 2.3 and 2.5)."""
    assert decode(text) == expected


@pytest.mark.parametrize(
    "text", [b"a=%", b"a=%4", b"a=%zz", b"a=%4g", b"a=%FF", b"a=\xff", b"%E4=1", b"a=%ED%A0%80", b"a=%\\x", b"a=%+1"]
)
def test_decode_refuses(text: bytes) -> None:
    """Broken escapes, and bytes that are not UTF-8."""
    with pytest.raises(Refused) as caught:
        decode(text)
    assert caught.value.row.code == "InvalidRequest"
    assert "is not percent-encoded UTF-8" in caught.value.sentence


def test_decode_names_the_parameter_but_not_its_value() -> None:
    """The sentence helps without repeating what was sent."""
    with pytest.raises(Refused) as caught:
        decode(b"To=1&Message=secret%")
    assert "parameter Message" in caught.value.sentence
    assert "secret" not in caught.value.sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DATE, AT),
        ("1970-01-01T00:00:00Z", 0),
        ("2024-02-29T23:59:59Z", 1709251199000),
        ("2023-02-29T00:00:00Z", None),
        ("2026-11-22T24:00:00Z", None),
        ("2026-11-22T07:33:60Z", None),
        ("2026-11-22T07:33:04.123Z", None),
        ("2026-11-22 07:33:04Z", None),
        ("2026-11-22T07:33:04+00:00", None),
        ("0000-01-01T00:00:00Z", None),
        ("２026-11-22T07:33:04Z", None),
        ("2026-11-22T07:33: 4Z", None),
        ("", None),
    ],
)
def test_instant(text: str, expected: int | None) -> None:
    """One spelling of a moment and no other."""
    assert instant(text) == expected


def test_form_body_and_query_are_one() -> None:
    """Parameters may stand in both, for any operation and method; the query goes first."""
    raw = replace(v3({"To": "1"}), body=b"To=2&Message=a+b")
    assert read(raw).parameters == {"To": "1", "Message": "a b"}
    assert read(raw).query == {"To": "1"}
    assert read(v1(TO, method="POST", in_body=True)).parameters["Message"] == "Hello"
    assert read(v1(TO, method="GET", in_body=True)).parameters["Message"] == "Hello"


@pytest.mark.parametrize(
    ("kind", "is_read"),
    [
        (None, True),
        (FORM.encode(), True),
        (b"Application/X-WWW-Form-urlencoded; charset=UTF-8", True),
        (b"application/json", False),
        (b"application/x-www-form-urlencoded2", False),
        (b"text/plain", False),
    ],
)
def test_only_a_form_is_read_as_one(kind: bytes | None, is_read: bool) -> None:
    """A body counts when it says that it is a form, or says nothing."""
    raw = with_header(replace(v3({}), body=b"To=1"), b"content-type", kind)
    assert read(raw).parameters == ({"To": "1"} if is_read else {})


def test_headers_given_several_times_are_sorted_and_joined() -> None:
    """Contract 2.4, step 4."""
    raw = v3(TO)
    raw = replace(raw, headers=(*raw.headers, (b"x-more", b" b "), (b"x-more", b"a")))
    assert read(raw).headers["x-more"] == "a,b"


@pytest.mark.parametrize(
    "order", ["Signature={s},SignedHeaders={h},Credential=testid", "Credential=testid, SignedHeaders={h}, Signature={s}"]
)
def test_authorization_is_read_by_name(order: str) -> None:
    """The old Java core has another order; a space after the comma is tolerated (contract 9.4)."""
    raw = v3(TO)
    call = read(raw)
    value = f"{call.scheme} " + order.format(s=call.signature, h=";".join(call.signed_headers))
    other = read(with_header(raw, b"authorization", value.encode()))
    assert (other.access_key, other.signature, other.signed_headers) == (call.access_key, call.signature, call.signed_headers)


def test_acs_headers_do_not_make_v3() -> None:
    """V1 SDKs send x-acs-action too; only Authorization tells (contract 9.5)."""
    raw = replace(v1(TO), headers=((b"x-acs-action", b"QueryMessage"), (b"x-acs-version", b"2018-05-01")))
    assert (read(raw).scheme, read(raw).operation) == (Scheme.V1, "SendMessageToGlobe")


def test_action_of_v3_may_be_a_parameter() -> None:
    """Query and body are signed as the headers are."""
    raw = with_header(
        with_header(v3({**TO, "Action": "QueryMessage", "Version": "2018-05-01"}), b"x-acs-action", None), b"x-acs-version", None
    )
    assert read(raw).operation == "QueryMessage"


V1 = v1(TO)
V3 = v3(TO)
SIGNED = b"ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host,Signature=00"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (replace(V1, method="PUT"), "UnsupportedHTTPMethod"),
        (replace(V1, method="get"), "UnsupportedHTTPMethod"),
        (replace(V1, path="/index.html"), "InvalidAction.NotFound"),
        (replace(V1, path=""), "InvalidAction.NotFound"),
        (replace(V1, query=b"a=%"), "InvalidRequest"),
        (replace(V1, query=b"&".join(b"a%d=1" % i for i in range(1001))), "InvalidRequest"),
        (with_parameter(V1, "Format", "YAML"), "InvalidParameter.Format"),
        (with_parameter(V1, "Action", None), "MissingAction"),
        (with_parameter(V1, "Action", ""), "MissingAction"),
        (with_parameter(V1, "Version", None), "MissingVersion"),
        (with_parameter(V1, "Version", "2017-05-25"), "InvalidVersion"),
        (with_parameter(V1, "Action", "SendSms"), "InvalidAction.NotFound"),
        (with_parameter(V1, "Action", "sendMessageToGlobe"), "InvalidAction.NotFound"),
        (with_parameter(V1, "AccessKeyId", None), "MissingAccessKeyId"),
        (with_parameter(V1, "AccessKeyId", ""), "MissingAccessKeyId"),
        (with_parameter(V1, "SignatureMethod", None), "MissingSignatureMethod"),
        (with_parameter(V1, "SignatureMethod", "SHA256withRSA"), "InvalidSignatureMethod"),
        (with_parameter(V1, "SignatureVersion", None), "MissingSignatureVersion"),
        (with_parameter(V1, "SignatureVersion", "2.0"), "InvalidSignatureVersion"),
        (with_parameter(V1, "SignatureType", "PRIVATEKEY"), "InvalidSignatureType"),
        (with_parameter(V1, "Timestamp", None), "MissingTimestamp"),
        (with_parameter(V1, "Timestamp", "yesterday"), "InvalidTimeStamp.Format"),
        (with_parameter(V1, "Signature", None), "MissingSignature"),
        (with_parameter(V1, "SignatureNonce", None), "MissingSignatureNonce"),
        (with_header(V3, b"x-acs-action", None), "MissingAction"),
        (with_header(V3, b"x-acs-version", None), "MissingVersion"),
        (with_header(V3, b"x-acs-version", b"2017-05-25"), "InvalidVersion"),
        (with_header(V3, b"x-acs-action", b"SendSms"), "InvalidAction.NotFound"),
        (with_header(V3, b"authorization", b"ACS3-HMAC-SHA256"), "IncompleteSignature"),
        (with_header(V3, b"authorization", b"ACS3-HMAC-SHA256 Credential"), "IncompleteSignature"),
        (with_header(V3, b"authorization", SIGNED + b",Signature=11"), "IncompleteSignature"),
        (replace(V3, headers=(*V3.headers, (b"authorization", SIGNED))), "IncompleteSignature"),
        (with_header(V3, b"authorization", SIGNED.replace(b"testid", b"")), "MissingAccessKeyId"),
        (with_header(V3, b"authorization", SIGNED.replace(b"HMAC-SHA256", b"RSA-SHA256")), "InvalidSignatureMethod"),
        (with_header(V3, b"x-acs-date", None), "MissingTimestamp"),
        (with_header(V3, b"x-acs-date", b"Sun, 22 Nov 2026 07:33:04 GMT"), "InvalidTimeStamp.Format"),
        (with_header(V3, b"authorization", SIGNED.replace(b",Signature=00", b"")), "IncompleteSignature"),
        (with_header(V3, b"authorization", SIGNED.replace(b"SignedHeaders=host,", b"")), "IncompleteSignature"),
        (with_header(V3, b"authorization", SIGNED), "IncompleteSignature"),
        (replace(V3, headers=(*V3.headers, (b"x-acs-extra", b"1"))), "IncompleteSignature"),
        (with_header(V3, b"x-acs-signature-nonce", None), "MissingSignatureNonce"),
    ],
)
def test_refusals(raw: Raw, expected: str) -> None:
    """Each thing that can be wrong with a request's form, and its code."""
    assert code(raw) == expected


def test_order_of_refusals_v1() -> None:
    """Of a request with everything wrong, each repair uncovers the next refusal of contract 3.2."""
    raw = bare("PUT", "/x", b"Format=YAML")
    found = []
    for name, value in (
        ("Format", "XML"),
        ("Action", "SendSms"),
        ("Version", "1"),
        ("Version", "2018-05-01"),
        ("Action", "QueryMessage"),
        ("AccessKeyId", KEY),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("Timestamp", DATE),
        ("Signature", "x"),
        ("SignatureNonce", "x"),
    ):
        found.append(code(raw))
        if raw.method == "PUT":
            raw = replace(raw, method="GET")
            found.append(code(raw))
            raw = replace(raw, path="/")
            found.append(code(raw))
        raw = with_parameter(raw, name, value)
    assert read(raw).operation == "QueryMessage"
    assert found == [
        "UnsupportedHTTPMethod",
        "InvalidAction.NotFound",
        "InvalidParameter.Format",
        "MissingAction",
        "MissingVersion",
        "InvalidVersion",
        "InvalidAction.NotFound",
        "MissingAccessKeyId",
        "MissingSignatureMethod",
        "MissingSignatureVersion",
        "MissingTimestamp",
        "MissingSignature",
        "MissingSignatureNonce",
    ]


def test_order_of_refusals_v3() -> None:
    """The same for V3."""
    raw = bare("POST", authorization=b"ACS3-MD5 Credential=")
    steps = (
        (b"x-acs-action", b"QueryMessage"),
        (b"x-acs-version", b"2018-05-01"),
        (b"authorization", b"ACS3-MD5 Credential=testid"),
        (b"authorization", b"ACS3-HMAC-SHA256 Credential=testid"),
        (b"x-acs-date", DATE.encode()),
        (b"authorization", b"ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=x-acs-action;x-acs-date;x-acs-version,Signature=0"),
    )
    found = []
    for name, value in steps:
        found.append(code(raw))
        raw = with_header(raw, name, value)
    found.append(code(raw))
    assert found == [
        "MissingAction",
        "MissingVersion",
        "MissingAccessKeyId",
        "InvalidSignatureMethod",
        "MissingTimestamp",
        "IncompleteSignature",
        "MissingSignatureNonce",
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (bare(accept=b"text/html,application/xhtml+xml,*/*;q=0.8"), Format.XML),
        (bare(), Format.XML),
        (bare(accept=b"application/json"), Format.JSON),
        (bare(query=b"Format=json"), Format.JSON),
        (bare(query=b"A=1&Format=JSON&B=%"), Format.JSON),
        (bare(query=b"Format=xml", accept=b"application/json"), Format.XML),
        (bare(query=b"Format=YAML"), Format.XML),
        (bare(query=b"AccessKeyId=x", accept=b"application/json"), Format.XML),
        (bare(query=b"Format=XML", authorization=b"ACS3-nonsense"), Format.JSON),
        (replace(bare(), body=b"Format=JSON"), Format.JSON),
        (replace(bare(content_type=b"text/plain"), body=b"Format=JSON"), Format.XML),
        (bare("\0", "\udcff", b"\xff=%&=&", accept=b"\xff"), Format.XML),
    ],
)
def test_format_of(raw: Raw, expected: Format) -> None:
    """A refusal is written in what its caller can read."""
    assert format_of(raw) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("JSON", Format.JSON), ("json", Format.JSON), ("Xml", Format.XML), ("", Format.XML), (None, Format.XML)]
)
def test_format_of_a_call(text: str | None, expected: Format) -> None:
    """Compared without case; V1 without it is answered in XML (contract 2.1)."""
    raw = with_parameter(V1, "Format", text)
    assert read(raw).format is expected
    assert format_of(raw) is expected
