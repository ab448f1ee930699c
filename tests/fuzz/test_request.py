"""Whatever comes in, reading and verifying end in a call or in a refusal that can be written down."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.errors import Refused
from globewire.wire.reply import refusal
from globewire.wire.request import FORM, Format, Raw, Scheme, format_of, read
from globewire.wire.signature import SM3, fresh, nonce_mark, nonce_until, verify
from wire.asking import KEY, SECRET, VECTORS, raw_of, v1, v3

NAMES = (
    b"authorization", b"content-type", b"accept", b"host", b"x-acs-action", b"x-acs-version", b"x-acs-date",
    b"x-acs-signature-nonce", b"x-acs-content-sha256", b"x-acs-content-sm3", b"x-acs-security-token", b"x",
)  # fmt: skip
PIECES = (
    b"Action=", b"Version=2018-05-01", b"Format=", b"AccessKeyId=", b"Signature=", b"SignatureMethod=HMAC-SHA1",
    b"SignatureVersion=1.0", b"SignatureNonce=", b"Timestamp=2026-11-22T07:33:04Z", b"SendMessageToGlobe", b"JSON",
    b"&", b"=", b"%", b"+", b"%E4", b"%00", b"\\", b"\xff", b"ACS3-HMAC-SHA256 ", b"ACS3-HMAC-SM3 ", b"Credential=a,",
    b"SignedHeaders=host;x-acs-action,", b"Signature=0", b",", b";", b"2018-05-01", b"2026-11-22T07:33:04Z", FORM.encode(),
)  # fmt: skip

octets = st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join)
raws = st.builds(
    Raw,
    st.sampled_from(["GET", "POST", "PUT", ""]),
    st.sampled_from(["/", "/", "/", "//", "", "\udcff"]),
    octets,
    st.lists(st.tuples(st.sampled_from(NAMES) | st.binary(max_size=8), octets), max_size=14).map(tuple),
    octets,
    st.just("127.0.0.1"),
    st.booleans(),
)


def goes_through(raw: Raw) -> bool:
    """Whether `raw` is a call with a right signature. Anything but a call or a refusal escapes and fails the test."""
    try:
        call = read(raw)
        assert 0 <= nonce_mark(call.access_key, call.nonce) < 1 << 63
        assert nonce_until(call) > call.timestamp
        verify(call, SECRET)
        fresh(call, call.timestamp)
    except Refused as refused:
        assert refused.row.http >= 400
        for format in (format_of(raw), *Format):
            assert refusal(refused, format, "ID", "host").body
        return False
    return call.access_key == KEY


@settings(max_examples=300)
@given(raws)
def test_anything(raw: Raw) -> None:
    """Octets of no meaning, and pieces of requests in no order: none is a signed call."""
    assert not goes_through(raw)


def mutated(octets: bytes, dice: random.Random) -> bytes:
    """`octets` with a few changes: flipped, cut, doubled, or with a piece of a request put in."""
    for _ in range(dice.randint(1, 3)):
        at = dice.randint(0, len(octets))
        to = dice.randint(at, min(len(octets), at + 6))
        put = dice.choice((b"", octets[at:to] * 2, bytes([dice.randrange(256)]), dice.choice(PIECES)))
        octets = octets[:at] + put + octets[to:]
    return octets


def test_mutations_of_good_requests() -> None:
    """3,000 requests with one part changed; the untouched ones go through."""
    dice = random.Random(20181)
    to = {"To": "8521245567890", "Message": "Hé 你好 😀 *~+ 100%\n"}
    good = [raw_of(vector) for vector in VECTORS if vector["expected"] == "valid"]
    good += [v1(to), v1(to, "POST", in_body=True), v3(to), v3({}, b"To=1&Message=a+b")]
    good += [v3(to, scheme=Scheme.V3_SM3)] if SM3 else []
    assert all(goes_through(raw) for raw in good)
    for _ in range(3000):
        raw = dice.choice(good)
        match dice.randrange(3):
            case 0:
                raw = replace(raw, query=mutated(raw.query, dice))
            case 1:
                raw = replace(raw, body=mutated(raw.body, dice))
            case _ if raw.headers:
                at = dice.randrange(len(raw.headers))
                name, value = raw.headers[at]
                pair = (mutated(name, dice), value) if dice.random() < 0.3 else (name, mutated(value, dice))
                raw = replace(raw, headers=(*raw.headers[:at], pair, *raw.headers[at + 1 :]))
        goes_through(raw)
