"""The doctor: clients that get one thing wrong each, and what it says of them."""

from dataclasses import replace
from itertools import combinations
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from globewire.errors import Refused
from globewire.message import AccessKeyId, AccountId
from globewire.verdict import diagnosis
from globewire.verdict.admit import RegisteredKey, digest
from globewire.verdict.diagnosis import TRIES, Case, case, diagnose
from globewire.verdict.finding import Cause
from globewire.verdict.mistakes import mistakes
from globewire.verdict.way import right_way, seal
from globewire.wire.request import Raw, Scheme, read
from globewire.wire.signature import signature_of, verify
from verdict.mistaken import (
    ASKED,
    DATE,
    ID,
    NOW,
    SECRET,
    TEXT,
    acs,
    base64,
    charset,
    component,
    lower,
    rfc,
    rpc,
    sha256,
    url_encoder,
    with_header,
    without,
)  # fmt: skip
from wire.asking import VECTORS, raw_of

HOSTS = ("127.0.0.1:8018", "sms.example:8443", "dysmsapi.aliyuncs.com", "dysmsapi.ap-southeast-1.aliyuncs.com")
PLAIN = {"To": "6591234567", "Message": "Hello"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def folded(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(pairs, key=lambda pair: pair[0].lower())


def hex_of(octets: bytes) -> str:
    return octets.hex()


def upper_hex(octets: bytes) -> str:
    return octets.hex().upper()


Row = tuple[Raw, Cause, str]
MISTAKES: dict[str, Row] = {
    # V1: escaping
    "~ as %7E": (rpc(write=lambda t: rfc(t).replace("~", "%7E")), Cause.ESCAPED, "~ was encoded as %7E"),
    "a space as +": (rpc(asked=PLAIN | {"Message": "a b"}, write=lambda t: quote_plus(t, safe="~")), Cause.PLUS, "encoded as +"),
    "* bare": (rpc(write=lambda t: rfc(t).replace("%2A", "*")), Cause.BARE, "* was left bare"),
    "* bare at first": (rpc(write=lambda t: rfc(t).replace("%2A", "*"), again=rfc), Cause.BARE, "* was left bare"),
    "/ bare": (rpc(asked=PLAIN | {"Message": "a/b"}, write=lambda t: quote(t, safe="/~"), again=rfc), Cause.BARE, "/ was left"),
    ": bare": (rpc(write=lambda t: rfc(t).replace("%3A", ":"), again=rfc), Cause.BARE, ": was left bare"),
    "lower-case escapes": (rpc(write=lower), Cause.LOWER, "lower case"),
    "lower-case escapes at first": (rpc(write=lower, again=rfc), Cause.LOWER, "lower case"),
    "nothing escaped": (rpc(write=str, again=rfc), Cause.UNESCAPED, "were not encoded"),
    "names and values escaped twice": (rpc(write=lambda t: rfc(rfc(t)), again=rfc), Cause.TWICE, "encoded twice"),
    "URLEncoder": (rpc(write=url_encoder), Cause.ENCODER, "URLEncoder"),
    "encodeURIComponent": (rpc(write=component), Cause.ENCODER, "encodeURIComponent"),
    "Latin-1": (rpc(asked=PLAIN | {"Message": "caf\u00e9"}, write=charset("latin-1"), again=rfc), Cause.CHARSET, "Latin-1"),
    "GBK": (rpc(asked=PLAIN | {"Message": "\u4f60\u597d"}, write=charset("gbk"), again=rfc), Cause.CHARSET, "GBK"),
    # V1: parameters
    "not sorted": (rpc(arrange=list), Cause.ORDER, "in the order sent"),
    "sorted without case": (rpc(arrange=folded), Cause.ORDER, "without regard to case"),
    "empty ones left out": (rpc(arrange=without("From")), Cause.BLANKS, "empty value were left out"),
    "Signature signed": (rpc(arrange=lambda p: sorted([*p, ("Signature", "")])), Cause.SIGNATURE_INCLUDED, "an empty Signature"),
    "body left out": (
        rpc(method="POST", in_body=("To", "Message"), arrange=without("To", "Message")), Cause.LEFT_OUT, "in the body were",
    ),
    "one left out": (rpc(arrange=without("taskId")), Cause.LEFT_OUT, "taskId was not signed"),
    "+ sent bare": (
        rpc(asked=PLAIN | {"Message": "1+1"}, send=lambda t: rfc(t).replace("%2B", "+")), Cause.SENT_OTHERWISE, "sent bare",
    ),
    "V3: sent escaped twice": (acs(send=lambda t: rfc(rfc(t))), Cause.SENT_OTHERWISE, "escaped twice"),
    "& sent bare": (
        rpc(asked=PLAIN | {"Message": "R&D team"}, send=lambda t: rfc(t).replace("%26", "&")), Cause.SENT_OTHERWISE, "sent bare",
    ),
    "CR LF on the way": (
        rpc(asked=PLAIN | {"Message": "a\nb"}, sent=lambda p: [(n, v.replace("\n", "\r\n")) for n, v in p]),
        Cause.SENT_OTHERWISE, "CR LF",
    ),
    "SignatureType lost": (rpc(more={"SignatureType": ""}, sent=without("SignatureType")), Cause.SENT_OTHERWISE, "did not arrive"),
    # V1: string to sign and signature
    "encoded once only": (rpc(again=str), Cause.ONCE, "not encoded again"),
    "encoded three times": (rpc(again=lambda t: rfc(rfc(t))), Cause.TWICE, "twice more"),
    "GET signed, POST sent": (rpc(method="POST", said_method="GET"), Cause.METHOD, "signed as GET"),
    "POST signed, GET sent": (rpc(said_method="POST"), Cause.METHOD, "signed as POST"),
    "method in lower case": (rpc(said_method="get"), Cause.METHOD, "signed as get"),
    "no method": (rpc(template="{query}"), Cause.FRAME, "without METHOD"),
    "only the query": (rpc(template="{query}", again=str), Cause.FRAME, "by itself"),
    "path left out": (rpc(template="{method}&&{query}"), Cause.PATH, "left out"),
    "no & at the key": (rpc(key=SECRET), Cause.AMPERSAND, "the secret alone"),
    "SHA-256": (rpc(hash="sha256"), Cause.HASH, "by SHA256"),
    "MD5": (rpc(hash="md5"), Cause.HASH, "by MD5"),
    "hex": (rpc(output=hex_of), Cause.OUTPUT, "not written in Base64"),
    "hex in Base64": (rpc(output=lambda o: base64(o.hex().encode())), Cause.OUTPUT, "hex text of the digest"),
    "URL-safe": (rpc(output=lambda o: base64(o).replace("+", "-").replace("/", "_"), more={"x": "6"}), Cause.OUTPUT, "URL-safe"),
    "its + sent bare": (rpc(send_signature=lambda t: quote(t, safe="+"), more={"x": "6"}), Cause.OUTPUT, "bare +"),
    "its = cut off": (rpc(output=lambda o: base64(o).rstrip("=")), Cause.OUTPUT, "= at its end"),
    "escaped twice": (rpc(send_signature=lambda t: rfc(rfc(t))), Cause.OUTPUT, "escaped twice"),
    "cut off": (rpc(output=lambda o: base64(o)[:11]), Cause.OUTPUT, "no digest"),
    "a line feed at the secret": (rpc(key=f"{SECRET}\n&"), Cause.SECRET_SPACE, "line feed"),
    "quotes around the secret": (rpc(key=f'"{SECRET}"&'), Cause.SECRET_SPACE, "quotes"),
    "the ID as secret": (rpc(key=f"{ID}&"), Cause.SECRET_OTHER, "AccessKey ID"),
    "no secret": (rpc(key="&"), Cause.SECRET_OTHER, "nothing was used"),
    # V3: escaping and parameters
    "V3: ~ as %7E": (acs(write=lambda t: rfc(t).replace("~", "%7E")), Cause.ESCAPED, "~ was encoded as %7E"),
    "V3: a space as +": (acs(asked=PLAIN | {"Message": "a b"}, write=quote_plus), Cause.PLUS, "encoded as +"),
    "V3: * bare": (acs(write=lambda t: rfc(t).replace("%2A", "*")), Cause.BARE, "* was left bare"),
    "V3: lower-case escapes": (acs(write=lower), Cause.LOWER, "lower case"),
    "V3: URLEncoder": (acs(write=url_encoder), Cause.ENCODER, "URLEncoder"),
    "V3: encodeURIComponent": (acs(write=component), Cause.ENCODER, "encodeURIComponent"),
    "V3: GBK": (acs(asked=PLAIN | {"Message": "\u4f60\u597d"}, write=charset("gbk")), Cause.CHARSET, "GBK"),
    "V3: escaped twice": (acs(write=lambda t: rfc(rfc(t))), Cause.TWICE, "encoded twice"),
    "V3: not escaped": (acs(write=str), Cause.UNESCAPED, "not encoded"),
    "V3: not sorted": (acs(arrange=list), Cause.ORDER, "in the order sent"),
    "V3: sorted without case": (
        acs(asked={"To": "3", "Ba": "2", "ab": "1"}, arrange=folded), Cause.ORDER, "without regard to case",
    ),
    "V3: empty ones left out": (acs(arrange=without("From")), Cause.BLANKS, "empty value"),
    "V3: no query": (acs(arrange=lambda p: []), Cause.CANONICAL, "line is empty"),
    "V3: body in the query": (
        acs(asked={"a": "1"}, body=b"ConversionRate=0.5", more=FORM, arrange=lambda p: sorted([*p, ("ConversionRate", "0.5")])),
        Cause.LEFT_OUT, "signed in the query",
    ),
    # V3: headers
    "V3: the proxy's Host": (acs(signed_as={"host": "sms.example:8443"}), Cause.HOST, "sms.example:8443"),
    "V3: the service's Host": (acs(signed_as={"host": "dysmsapi.aliyuncs.com"}), Cause.HOST, "dysmsapi.aliyuncs.com"),
    "V3: Host without port": (acs(signed_as={"host": "127.0.0.1"}), Cause.HOST, "signed as 127.0.0.1;"),
    "V3: Host with port 443": (acs(signed_as={"host": "sms.example:443"}), Cause.HOST, "sms.example:443"),
    "V3: a forwarded Host": (
        acs(signed_as={"host": "own.example"}, after=with_header("x-forwarded-host", "own.example")), Cause.HOST, "own.example",
    ),
    "V3: accept rewritten": (acs(after=with_header("accept", "*/*")), Cause.HEADER, "accept was signed as 'application/json'"),
    "V3: accept dropped": (acs(after=without("accept")), Cause.HEADER, "which did not"),
    "V3: user-agent dropped": (
        acs(signed_as={"user-agent": "own/1.0"}, after=without("user-agent")), Cause.HEADER, "lists user-agent",
    ),
    "V3: user-agent rewritten": (
        acs(signed_as={"user-agent": "own/1.0"}, after=lambda h: {**h, "user-agent": "proxy", "via": "1.1 p"}),
        Cause.HEADER, "(via)",
    ),
    "V3: charset added": (
        acs(body=b"ConversionRate=0.5", more=FORM, after=with_header("content-type", f"{FORM['content-type']}; charset=utf-8")),
        Cause.HEADER, "content-type was signed as",
    ),
    "V3: headers not sorted": (acs(names=list), Cause.HEADER_ORDER, "not sorted"),
    "V3: no empty line": (acs(lines="{lines}"), Cause.CANONICAL, "no empty line"),
    # V3: body
    "V3: another body's digest": (
        acs(asked={}, body=b"ConversionRate=0.5", payload=sha256(b"{}"), more=FORM), Cause.PAYLOAD, "not that of the body",
    ),
    "V3: an empty body's digest": (
        acs(asked={}, body=b"ConversionRate=0.5", claimed=sha256(b"ConversionRate=0.5"), payload=sha256(b""), more=FORM),
        Cause.PAYLOAD, "empty body",
    ),
    "V3: the header lies": (acs(claimed="0" * 64), Cause.PAYLOAD, "x-acs-content-sha256 is not the digest"),
    "V3: upper-case digest": (acs(payload=sha256(b"").upper()), Cause.PAYLOAD, "not that of the body that came"),
    "V3: UNSIGNED-PAYLOAD": (acs(payload="UNSIGNED-PAYLOAD", claimed=sha256(b"")), Cause.PAYLOAD, "UNSIGNED-PAYLOAD"),
    # V3: string to sign and signature
    "V3: not hashed": (acs(text=lambda c: f"ACS3-HMAC-SHA256\n{c}"), Cause.FRAME, "itself"),
    "V3: hashed in upper case": (acs(text=lambda c: f"ACS3-HMAC-SHA256\n{sha256(c.encode()).upper()}"), Cause.FRAME, "upper case"),
    "V3: no algorithm": (acs(text=lambda c: sha256(c.encode())), Cause.FRAME, "algorithm's line"),
    "V3: GET signed, POST sent": (acs(said_method="GET"), Cause.METHOD, "signed as GET"),
    "V3: no path": (acs(uri=""), Cause.PATH, "left out"),
    "V3: & at the key": (acs(key=f"{SECRET}&"), Cause.AMPERSAND, "has & after"),
    "V3: Base64": (acs(output=base64), Cause.OUTPUT, "not written in lower-case hex"),
    "V3: upper-case hex": (acs(output=upper_hex), Cause.OUTPUT, "upper-case hex"),
    "V3: SHA-1": (acs(hash="sha1"), Cause.HASH, "by SHA1"),
    "V3: a blank at the secret": (acs(key=f" {SECRET}"), Cause.SECRET_SPACE, "blank before"),
    # the secret, where nothing else fits
    "another secret": (rpc(key="another&"), Cause.SECRET, "no mistake known here"),
    "V3: another secret": (acs(key="another"), Cause.SECRET, "no mistake known here"),
}  # fmt: skip


def known(raw: Raw, **more: Any) -> Case:
    return Case(**{"raw": raw, "now": NOW, "secret": SECRET, "hosts": HOSTS, **more})


@pytest.mark.parametrize("name", MISTAKES)
def test_the_mistake_is_named(name: str) -> None:
    """First, by one try at a time as a refused caller gets it, and as the API would refuse it."""
    raw, cause, words = MISTAKES[name]
    with pytest.raises(Refused) as caught:
        verify(read(raw), SECRET)
    first, *_ = found = diagnose(known(raw), 1)
    assert (first.cause, first.code) == (cause, caught.value.row.code), found
    assert words in first.sentence
    assert first.certain == (cause is not Cause.SECRET and "user-agent" not in name)
    assert cause is Cause.SECRET or Cause.SECRET not in [each.cause for each in found if first.certain]


@pytest.mark.parametrize("name", MISTAKES)
def test_sentences_tell_no_secrets(name: str) -> None:
    """Printable ASCII on one line; neither the secret nor a signature, the right one least of all, nor the text that was sent."""
    raw, _, _ = MISTAKES[name]
    call = read(raw)
    for finding in diagnose(known(raw)):
        assert finding.sentence.isascii()
        assert finding.sentence.isprintable()
        for secret in (SECRET, call.signature, signature_of(call, SECRET), TEXT, "6591234567"):
            assert secret not in finding.sentence


@pytest.mark.parametrize(
    "raw", [rpc(), acs(), rpc(method="POST", in_body=("To", "Message")), acs(asked={}, body=b"a=b", more=FORM)]
)
def test_nothing_is_wrong_with_a_right_request(raw: Raw) -> None:
    """Which proves too that the clients of these tests can sign."""
    assert diagnose(known(raw)) == ()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["label"]))
def test_captured_requests(vector: dict[str, Any]) -> None:
    """SDKs' requests are right; those that were tampered with are not explained by any mistake of a client."""
    call = read(raw_of(vector))
    found = diagnose(Case(raw=call.raw, now=call.timestamp, secret=vector["secret"]), 1)
    expected = {"neg-v3-body-tampered": Cause.PAYLOAD}.get(vector["label"], Cause.SECRET)
    signature = [each.cause for each in found if each.code == "SignatureDoesNotMatch"]
    assert signature == ([] if vector["expected"] == "valid" else [expected])


def test_our_formula_taken_apart_is_our_formula() -> None:
    """The right way comes to the right signature, by each scheme."""
    for raw in (rpc(), acs(), acs(asked={}, body=b"a=b", more=FORM)):
        call = read(raw)
        way = right_way(call, SECRET)
        octets = seal(way.key, way.octets({}), "sha1" if call.scheme is Scheme.V1 else "sha256")
        assert signature_of(call, SECRET) == (base64(octets) if call.scheme is Scheme.V1 else octets.hex())


PAIRS: dict[str, tuple[Raw, set[Cause]]] = {
    "~ and order": (rpc(write=lambda t: rfc(t).replace("~", "%7E"), arrange=list), {Cause.ESCAPED, Cause.ORDER}),
    "method and key": (rpc(said_method="POST", key=SECRET), {Cause.METHOD, Cause.AMPERSAND}),
    "host and &": (acs(signed_as={"host": "sms.example:8443"}, key=f"{SECRET}&"), {Cause.HOST, Cause.AMPERSAND}),
    "host and form": (acs(signed_as={"host": "sms.example:8443"}, output=upper_hex), {Cause.HOST, Cause.OUTPUT}),
    "hash and key and form": (rpc(hash="sha256", key=SECRET, output=hex_of), {Cause.HASH, Cause.AMPERSAND, Cause.OUTPUT}),
}


@pytest.mark.parametrize("name", PAIRS)
def test_two_mistakes_at_once(name: str) -> None:
    """Both are named where there is time to look for them."""
    raw, causes = PAIRS[name]
    assert {each.cause for each in diagnose(known(raw))} == causes


TIMES = [
    (480, Cause.TIME_ZONE, "8 hours ahead: local time at UTC+8 (China"),
    (-480, Cause.TIME_ZONE, "8 hours behind: local time at UTC-8 (Los Angeles"),
    (330, Cause.TIME_ZONE, "5 hours 30 minutes ahead: local time at UTC+5:30 (India)"),
    (481.5, Cause.TIME_ZONE, "UTC+8"),
    (-60, Cause.TIME_ZONE, "UTC-1"),
    (45, Cause.CLOCK, "45 minutes ahead of"),
    (-48, Cause.CLOCK, "48 minutes behind"),
    (60 * 24 * 3, Cause.CLOCK, "3 days ahead"),
    (-60 * 24 * 365, Cause.CLOCK, "365 days behind"),
]


@pytest.mark.parametrize(("minutes", "cause", "words"), TIMES)
def test_times(minutes: float, cause: Cause, words: str) -> None:
    """Where the client's clock is off by a zone, the zone is named."""
    for raw in (rpc(), acs()):
        (finding,) = diagnose(known(raw, now=NOW - round(minutes * 60_000)))
        assert (finding.cause, finding.code) == (cause, "InvalidTimeStamp.Expired")
        assert words in finding.sentence


def test_time_is_fine_within_the_window() -> None:
    """At its ends too."""
    assert diagnose(known(acs(), now=NOW + 15 * 60_000)) == ()
    assert diagnose(known(rpc(), now=NOW - 31 * 60_000)) == ()


MISMATCH = "InvalidSecurityToken.MismatchWithAccessKey"


def key(**more: Any) -> RegisteredKey:
    return RegisteredKey(
        **{"id": AccessKeyId(ID), "account": AccountId("a"), "user": "", "enabled": True, "secret": SECRET, **more}
    )


@pytest.mark.parametrize(
    ("registered", "raw", "cause", "code"),
    [
        (None, rpc(), Cause.KEY_UNKNOWN, "InvalidAccessKeyId.NotFound"),
        (key(enabled=False), rpc(), Cause.KEY_DISABLED, "InvalidAccessKeyId.Inactive"),
        (key(token_digest=digest("token")), rpc(), Cause.TOKEN, "MissingSecurityToken"),
        (key(token_digest=digest("token")), rpc(more={"SecurityToken": "other"}), Cause.TOKEN, MISMATCH),
        (key(), acs(more={"x-acs-security-token": "token"}), Cause.TOKEN, MISMATCH),
    ],
)  # fmt: skip
def test_keys(registered: RegisteredKey | None, raw: Raw, cause: Cause, code: str) -> None:
    """Unknown, disabled, and tokens that do not belong to them."""
    (finding,) = diagnose(case(raw, NOW, registered, HOSTS))
    assert (finding.cause, finding.code) == (cause, code)


def test_a_nonce_that_came_before() -> None:
    """All else being right."""
    (finding,) = diagnose(case(acs(), NOW, key(), nonce_used=True))
    assert (finding.cause, finding.code) == (Cause.NONCE, "SignatureNonceUsed")


MALFORMED: dict[str, tuple[Raw, Cause, str]] = {
    "milliseconds": (rpc(more={"Timestamp": "2026-11-22T07:33:04.123Z"}), Cause.TIME_FORMAT, "fractions of a second"),
    "an offset": (rpc(more={"Timestamp": "2026-11-22T15:33:04+08:00"}), Cause.TIME_FORMAT, "an offset instead of Z"),
    "everything escaped twice": (rpc(send=lambda t: rfc(rfc(t))), Cause.TIME_FORMAT, "escaped twice"),
    "an epoch": (rpc(more={"Timestamp": "1795332784"}), Cause.TIME_FORMAT, "a count of seconds"),
    "no Z": (rpc(more={"Timestamp": DATE[:-1]}), Cause.TIME_FORMAT, "the Z at its end"),
    "a blank": (rpc(more={"Timestamp": DATE.replace("T", " ")}), Cause.TIME_FORMAT, "a blank instead of T"),
    "AWS's": (acs(more={"x-acs-date": "20261122T073304Z"}), Cause.TIME_FORMAT, "as AWS writes it"),
    "HTTP's": (acs(more={"x-acs-date": "Sun, 22 Nov 2026 07:33:04 GMT"}), Cause.TIME_FORMAT, "HTTP Date"),
    "V3 milliseconds": (acs(more={"x-acs-date": "2026-11-22T07:33:04.123Z"}), Cause.TIME_FORMAT, "x-acs-date: it has fractions"),
    "SHA-256 named": (rpc(more={"SignatureMethod": "HMAC-SHA256"}), Cause.HASH, "HMAC-SHA256; expected HMAC-SHA1"),
    "another ACS3": (
        acs(after=lambda h: {**h, "authorization": h["authorization"].replace("SHA256", "SHA512")}), Cause.HASH, "SHA512",
    ),
    "no Authorization": (acs(after=without("authorization")), Cause.FORM, "no Authorization header"),
    "another Authorization": (
        acs(after=lambda h: {**h, "authorization": h["authorization"].replace("ACS3-", "")}), Cause.FORM, "begins with HMAC-SHA256",
    ),
    "an x-acs header added": (acs(after=with_header("x-acs-trace", "1")), Cause.FORM, "x-acs-trace came and is not listed"),
    "no SignedHeaders": (
        acs(after=lambda h: {**h, "authorization": f"ACS3-HMAC-SHA256 Credential={ID},Signature=0"}),
        Cause.FORM, "no SignedHeaders",
    ),
    "no nonce": (acs(after=without("x-acs-signature-nonce")), Cause.FORM, "SignatureNonce is mandatory"),
    "the domestic API": (rpc(more={"Version": "2017-05-25"}), Cause.FORM, "mainland China"),
    "an unknown operation": (rpc(more={"Action": "SendSms"}), Cause.FORM, "no operation SendSms"),
    "an operation in lower case": (rpc(more={"Action": "sendMessageToGlobe"}), Cause.FORM, "Write SendMessageToGlobe"),
    "a path": (replace(rpc(), path="/api"), Cause.PATH, "the path is /api"),
    "PUT": (replace(rpc(), method="PUT"), Cause.METHOD, "the method is PUT"),
    "GBK on the wire": (rpc(asked={"Message": "\u4f60\u597d"}, send=charset("gbk")), Cause.CHARSET, "may be GBK"),
    "Latin-1 on the wire": (rpc(asked={"Message": "caf\u00e9 !"}, send=charset("latin-1")), Cause.CHARSET, "may be"),
    "% on the wire": (rpc(asked={"Message": "100% sure"}, send=lambda t: rfc(t).replace("%25", "%")), Cause.UNESCAPED, "no escape"),
    "a JSON body": (
        Raw("POST", "/", b"", ((b"content-type", b"application/json"),), b'{"Action":"SendMessageToGlobe"}', "", False),
        Cause.FORM, "application/json, so no parameters",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_what_cannot_be_read(name: str) -> None:
    """It is refused before its signature is looked at, and the reason is named."""
    raw, cause, words = MALFORMED[name]
    with pytest.raises(Refused) as caught:
        read(raw)
    (finding,) = diagnose(known(raw))
    assert (finding.cause, finding.code) == (cause, caught.value.row.code)
    assert words in finding.sentence
    assert finding.sentence.isascii()


def test_tries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One mistake at a time takes few HMACs; of two at once there is an end too."""
    counted = 0

    def counting(key: str, octets: bytes, hash: str) -> bytes:
        nonlocal counted
        counted += 1
        return seal(key, octets, hash)

    monkeypatch.setattr(diagnosis, "seal", counting)
    raw = acs(asked={f"name{number} ~*": "+" for number in range(100)}, key="another")
    for at_once, least, most in ((1, 50, 200), (2, TRIES - 10, TRIES)):
        counted = 0
        diagnose(known(raw), at_once)
        assert least < counted <= most


def test_no_mistake_is_another() -> None:
    """Two known mistakes that always came to the same would be one: on a request with something of everything, few do."""
    raw = acs(asked=ASKED, body=b"ConversionRate=0.5", more={**FORM, "accept-encoding": "br"})
    made = [mistake.apply(right_way(read(raw), SECRET)) for mistake in mistakes(read(raw), SECRET, HOSTS)]
    texts = []
    for way in made:
        try:
            texts.append(seal(way.key, way.octets({}), "sha256"))
        except UnicodeEncodeError:
            continue
    same = sum(first == second for first, second in combinations(texts, 2))
    assert len(made) > 80
    assert same < len(made)
