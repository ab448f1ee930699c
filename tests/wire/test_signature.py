"""Signatures: what SDKs captured, what the vendor published, and what we sign ourselves."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from alibabacloud_tea_openapi.utils import Utils
from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.errors import Refused
from globewire.wire.request import Call, Format, Raw, Scheme, decode, read
from globewire.wire.signature import (
    SM3,
    canonical_query,
    canonical_request,
    escape,
    fresh,
    nonce_mark,
    nonce_until,
    sign_v1,
    sign_v3,
    stamp,
    string_to_sign,
    verify,
)
from wire.asking import AT, DATE, KEY, NONCE, SECRET, VECTORS, raw_of, tampered, v1, v3, with_header

NASTY = "Héllo 你好 😀 *star* ~tilde~ a+b&c=d 100%\nline2 'q' \"dq\" (p)!/?#[]@,;:$ -_. end"
TO = {"To": "8521245567890", "Message": NASTY}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(lambda name: f"x{name}")
dictionaries = st.dictionaries(names, texts, max_size=8)
some = settings(max_examples=150)
needs_sm3 = pytest.mark.skipif(not SM3, reason="this OpenSSL has no SM3")


def refused(call: Call, secret: str = SECRET) -> Refused:
    """What `call` is refused with."""
    with pytest.raises(Refused) as caught:
        verify(call, secret)
    return caught.value


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["label"]))
def test_vectors(vector: dict[str, Any]) -> None:
    """Requests of SDKs hold, those tampered with do not, and we sign the same text as they did."""
    call = read(raw_of(vector))
    if vector["expected"] == "valid":
        verify(call, vector["secret"])
    else:
        assert refused(call, vector["secret"]).row.code == "SignatureDoesNotMatch"
    if "canonical_request" in vector:
        assert canonical_request(call) == vector["canonical_request"]
    if "string_to_sign" in vector:
        assert string_to_sign(call) == vector["string_to_sign"]


def published(scheme: Scheme, query: dict[str, str], headers: dict[str, str], signature: str) -> Call:
    """A published example, which is of another product."""
    raw = Raw("GET" if scheme is Scheme.V1 else "POST", "/", b"", (), b"", "", False)
    return Call("", query, Format.XML, scheme, "", signature, tuple(sorted(headers)), "", 0, "", query, headers, raw)


def test_published_v1() -> None:
    """DescribeRegions of the vendor's page on RPC signatures (contract 2.3)."""
    query = {
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "Format": "XML",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "SignatureVersion": "1.0",
        "Timestamp": "2016-02-23T12:46:24Z",
        "Version": "2014-05-26",
    }
    verify(published(Scheme.V1, query, {}, "OLeaidS1JvxuMvnyHOwuJ+uX5qY="), "testsecret")


def test_published_v3() -> None:
    """RunInstances of the vendor's page on V3 signatures (contract 10)."""
    query = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    signature = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    verify(published(Scheme.V3, query, headers, signature), "YourAccessKeySecret")


def test_v1_refusal_shows_the_string_to_sign() -> None:
    """Old SDKs cut the sentence at this colon and compare the rest with their own (contract 3.2 and 3.3)."""
    call = read(v1({"To": "1", "Message": "a b*~"}))
    assert refused(call, "other").sentence == (
        "Specified signature is not matched with our calculation. server string to sign is:"
        "GET&%2F&AccessKeyId%3Dtestid%26Action%3DSendMessageToGlobe%26Format%3DJSON%26Message%3Da%2520b%252A~"
        "%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3Dnonce-1%26SignatureVersion%3D1.0"
        "%26Timestamp%3D2026-11-22T07%253A33%253A04Z%26To%3D1%26Version%3D2018-05-01"
    )


def test_v3_refusal_shows_both_texts() -> None:
    """The newer SDKs' users get both to compare (contract 3.2)."""
    call = read(v3(TO))
    assert refused(call, "other").sentence == (
        "Specified signature does not match our calculation. "
        f"server StringToSign is [{string_to_sign(call)}] server CanonicalRequest is [{canonical_request(call)}]"
    )
    assert string_to_sign(call).startswith("ACS3-HMAC-SHA256\n")


def test_refusals_do_not_show_the_secret() -> None:
    """Nor what it would have signed."""
    for raw in (v1(TO), v3(TO)):
        call = read(raw)
        assert call.signature not in refused(replace(call, signature="0")).sentence
        assert SECRET not in refused(replace(call, signature="0")).sentence


@pytest.mark.parametrize("signature", ["", "é", "0" * 64])
def test_odd_signatures_are_refused(signature: str) -> None:
    """Whatever stands there, the answer is a refusal."""
    for raw in (v1(TO), v3(TO)):
        assert refused(replace(read(raw), signature=signature)).row.code == "SignatureDoesNotMatch"


def test_body_must_have_the_digest_it_claims() -> None:
    """Even where the signature is over the real body."""
    body = b"ConversionRate=0.53"
    raw = v3({}, body, operation="ConversionData")
    verify(read(raw), SECRET)
    assert refused(read(replace(raw, body=b"ConversionRate=0.54"))).row.code == "SignatureDoesNotMatch"
    lying = with_header(raw, b"x-acs-content-sha256", b"0" * 64)
    call = read(lying)
    again = Utils.get_authorization(asked(call), "ACS3-HMAC-SHA256", digest_of(raw), KEY, SECRET)
    call = read(with_header(lying, b"authorization", again.encode()))
    assert refused(call).row.code == "SignatureDoesNotMatch"


def digest_of(raw: Raw) -> str:
    return dict(raw.headers)[b"x-acs-content-sha256"].decode()


def asked(call: Call) -> SimpleNamespace:
    """What the SDK's signer looks at: the same query, and the headers that are signed."""
    headers = {name: call.headers[name] for name in call.signed_headers}
    return SimpleNamespace(method=call.raw.method, pathname="/", query=dict(call.query), headers=headers)


@pytest.mark.parametrize("scheme", [Scheme.V3, pytest.param(Scheme.V3_SM3, marks=needs_sm3)])
def test_sdk_signs_v3_as_we_do(scheme: Scheme) -> None:
    """The official signer, given our request, comes to our signature: SM3 too, of which no vector was kept."""
    for body in (b"", b"ConversionRate=0.53"):
        call = read(v3(TO, body, scheme))
        sdk = Utils.get_authorization(asked(call), scheme.value, digest_of(call.raw), KEY, SECRET)
        assert sdk == call.headers["authorization"]
        verify(call, SECRET)


@needs_sm3
def test_sm3_body_digest_under_either_name() -> None:
    """tea writes it into x-acs-content-sha256, the old Java core into x-acs-content-sm3 (contract 2.4)."""
    raw = v3(TO, b"a=b", Scheme.V3_SM3)
    digest = digest_of(raw).encode()
    raw = with_header(with_header(raw, b"x-acs-content-sha256", None), b"x-acs-content-sm3", digest)
    raw = with_header(raw, b"authorization", dict(raw.headers)[b"authorization"].replace(b"content-sha256", b"content-sm3"))
    sdk = Utils.get_authorization(asked(read(raw)), Scheme.V3_SM3.value, digest.decode(), KEY, SECRET)
    verify(read(with_header(raw, b"authorization", sdk.encode())), SECRET)


@some
@given(dictionaries)
def test_sdk_signs_v1_as_we_do(parameters: dict[str, str]) -> None:
    """The official signer comes to our signature, whatever the text."""
    text = sign_v1("POST", parameters, KEY, SECRET, "QueryMessage", DATE, NONCE, token="t")
    signed = decode(text.encode())
    signature = signed.pop("Signature")
    assert signature == Utils.get_rpcsignature(signed, "POST", SECRET)


@some
@given(dictionaries, st.sampled_from(["GET", "POST"]), st.booleans())
def test_v1_signed_is_verified(parameters: dict[str, str], method: str, in_body: bool) -> None:
    """Any parameters, in the query or in the body."""
    call = read(v1(parameters, method, in_body))
    verify(call, SECRET)
    assert {name: call.parameters[name] for name in parameters} == parameters


@some
@given(dictionaries, dictionaries, st.sampled_from([Scheme.V3, Scheme.V3_SM3] if SM3 else [Scheme.V3]))
def test_v3_signed_is_verified(parameters: dict[str, str], form: dict[str, str], scheme: Scheme) -> None:
    """Any parameters, in the query, in a form body or in both."""
    call = read(v3(parameters, canonical_query(form).encode(), scheme))
    verify(call, SECRET)
    assert call.query == parameters
    assert call.parameters == {**form, **parameters}


@some
@given(dictionaries, st.data())
def test_one_change_breaks_a_signature(parameters: dict[str, str], data: st.DataObject) -> None:
    """One parameter added or changed, in each scheme."""
    raw = data.draw(st.sampled_from([v1(parameters), v3(parameters), *([v3(parameters, scheme=Scheme.V3_SM3)] if SM3 else [])]))
    call = read(raw)
    name = data.draw(st.sampled_from([*parameters, "extra"]))
    value = data.draw(texts.filter(lambda value: value != parameters.get(name)))
    assert refused(tampered(call, name, value)).row.code == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    "name", [b"host", b"accept", b"x-acs-date", b"x-acs-action", b"x-acs-signature-nonce", b"x-acs-security-token"]
)
def test_each_signed_header_counts(name: bytes) -> None:
    """A header that its client signed cannot be changed."""
    value = {b"x-acs-date": b"2026-11-22T07:33:05Z", b"x-acs-action": b"QueryMessage"}.get(name, b"other")
    call = read(with_header(v3(TO, token="token"), name, value))
    assert refused(call).row.code == "SignatureDoesNotMatch"


def test_unsigned_headers_do_not_count() -> None:
    """A proxy may change what its client did not sign (contract 2.4)."""
    verify(read(with_header(v3(TO), b"user-agent", b"other")), SECRET)


def test_header_bytes_survive() -> None:
    """A header that is not ASCII is signed as the bytes it is."""
    host = "b\u00fccher.example"
    target, headers = sign_v3("POST", host, {}, b"", KEY, SECRET, "QueryMessage", DATE, NONCE)
    raw = Raw("POST", target, b"", tuple((name.encode(), value.encode("latin-1")) for name, value in headers), b"", "", False)
    verify(read(raw), SECRET)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("AZaz09-_.~", "AZaz09-_.~"),
        ("a b*+/%\n", "a%20b%2A%2B%2F%25%0A"),
        ("%20", "%2520"),
        ("!'()", "%21%27%28%29"),
        ("é你😀", "%C3%A9%E4%BD%A0%F0%9F%98%80"),
        (" !\"#$%&'()*", "%20%21%22%23%24%25%26%27%28%29%2A"),
    ],
)
def test_escape(text: str, expected: str) -> None:
    """RFC 3986 with few odd octets and with many (contract 2.3, step 3)."""
    assert escape(text) == expected


@some
@given(dictionaries)
def test_canonical_query_reads_back(parameters: dict[str, str]) -> None:
    """Escaping loses nothing."""
    assert decode(canonical_query(parameters).encode()) == parameters


PIECES = ("a", "B", "7", "-._~", "+", "%20", "%C3%A9", "%c3%a9", "%2F", "%41", "%26", "%3D", "=", "*", "\0", "\xc3\xa9")
words = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)


@some
@given(st.lists(st.tuples(words, st.sampled_from(("", "=")), words).map("".join), max_size=4))
def test_a_query_is_verified_however_it_is_spelt(pieces: list[str]) -> None:
    """In any order, names given twice among them; escaped as it is signed, or otherwise. What is acted on is what was signed."""
    query = "&".join(pieces).encode("latin-1")
    signed = v3(decode(query))
    verify(read(replace(signed, query=query)), SECRET)


V3_MS, V1_MS = 15 * 60_000, 31 * 60_000


@pytest.mark.parametrize(("raw", "window"), [(v3(TO), V3_MS), (v1(TO), V1_MS)])
def test_fresh(raw: Raw, window: int) -> None:
    """Within the window either way, ends included, and no further (contract 2.6)."""
    call = read(raw)
    for now in (AT - window, AT, AT + window):
        fresh(call, now)
    for now in (AT - window - 1, AT + window + 1):
        with pytest.raises(Refused) as caught:
            fresh(call, now)
        assert caught.value.row.code == "InvalidTimeStamp.Expired"


def test_nonce_is_barred_while_its_request_is_fresh() -> None:
    """At the moment when the nonce is forgotten, the same request is too old, for a clock a minute behind too (contract 9.21)."""
    call = read(v3(TO))
    for behind in (0, 59_999):
        with pytest.raises(Refused):
            fresh(call, nonce_until(call) - behind)


def test_nonce_mark() -> None:
    """63 bits, the same each time, another for each key and nonce."""
    marks = [nonce_mark(key, nonce) for key in ("a", "b") for nonce in ("", "1", "é")]
    assert len(set(marks)) == len(marks)
    assert all(0 <= mark < 1 << 63 for mark in marks)
    assert nonce_mark("testid", "nonce-1") == nonce_mark("testid", "nonce-1")


def test_stamp() -> None:
    """What we write is what we read."""
    assert stamp(AT) == DATE
    assert stamp(AT + 999) == DATE
