"""Hints on the wire: a header beside the API's own reply, and nothing else changes."""

import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from clients.calling import SINGAPORE, Answer, fetch
from clients.people import NOBODY, OWNER, TEMPORARY, configuration
from clients.running import House, Key, running
from globewire.accept.hints import AT_ONCE, LONGEST
from globewire.wire.exchange import HINT
from globewire.wire.request import Scheme
from globewire.wire.signature import stamp
from globewire.wire.signing import Wanted, sign

HELLO = {"To": SINGAPORE, "Message": "Hello"}
HOUR = 3_600_000


@pytest.fixture
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway that gives hints, and has given none lately."""
    with running(configuration(tmp_path_factory.mktemp("told"), "hints = true")) as house:
        yield house


def wanted(house: House, key: Key = OWNER, parameters: Mapping[str, str] = HELLO, scheme: Scheme = Scheme.V3) -> Wanted:
    return Wanted(
        operation="SendMessageToGlobe",
        parameters=parameters,
        access_key=key.id,
        secret=key.secret,
        token=key.token,
        nonce=str(uuid.uuid4()),
        at=time.time_ns() // 1_000_000,
        host=house.endpoint,
        scheme=scheme,
    )


def call(house: House, asked: Wanted) -> Answer:
    signed = sign(asked)
    headers = [(name.decode(), value.decode()) for name, value in signed.raw.headers]
    return fetch(house, signed.target, headers, asked.method, signed.raw.body)


def hint_of(answer: Answer) -> str:
    return answer.headers.get(HINT, "")


@pytest.mark.parametrize("scheme", [Scheme.V1, Scheme.V3])
def test_a_hint_for_each_refusal(told: House, scheme: Scheme) -> None:
    """Of the signature, the time and the nonce."""
    asked = wanted(told, scheme=scheme)
    assert "a line feed after it" in hint_of(call(told, replace(asked, secret=f"{OWNER.secret}\n")))
    assert "8 hours ahead: local time at UTC+8" in hint_of(call(told, replace(asked, at=asked.at + 8 * HOUR)))
    assert hint_of(call(told, asked)) == ""
    assert "this nonce came before" in hint_of(call(told, asked))


def test_a_rewritten_host(told: House) -> None:
    """By its own addresses, and by the product's."""
    asked = wanted(told)
    signed = sign(replace(asked, host=f"localhost:{told.port}"))
    headers = [(name.decode(), value.decode()) for name, value in signed.raw.headers if name != b"host"]
    assert f"host was signed as localhost:{told.port}" in hint_of(fetch(told, signed.target, headers))


def test_a_timestamp_of_another_form(told: House) -> None:
    """Which is refused before the key is looked at."""
    signed = sign(wanted(told))
    headers = [(n.decode(), v.decode().replace("Z", ".000Z") if n == b"x-acs-date" else v.decode()) for n, v in signed.raw.headers]
    answer = fetch(told, signed.target, headers)
    assert (answer.json["Code"], "fractions of a second" in hint_of(answer)) == ("InvalidTimeStamp.Format", True)


def test_the_reply_itself_is_the_same(told: House, house: House) -> None:
    """But for what differs between any two refusals; and a gateway that others may reach gives no hint by itself."""
    asked = replace(wanted(told), secret="wrong", host="same.example")
    plain, with_hint = call(house, asked), call(told, asked)
    assert hint_of(plain) == ""
    assert "no mistake known here" in hint_of(with_hint)
    own = {"date", "x-acs-request-id", "x-acs-trace-id", "etag"}
    assert plain.headers.keys() - own == with_hint.headers.keys() - own - {HINT}
    assert plain.status == with_hint.status == 400
    for answer in (plain, with_hint):
        members = answer.json
        for member in ("RequestId", "Recommend"):
            assert members.pop(member)
        assert members["Code"] == "SignatureDoesNotMatch"
    assert {**plain.json, "RequestId": "", "Recommend": ""} == {**with_hint.json, "RequestId": "", "Recommend": ""}


def test_no_hint_about_keys_and_business(told: House) -> None:
    """What the API says of them is all that is said."""
    for asked in (
        wanted(told, NOBODY),
        replace(wanted(told, TEMPORARY), token=""),
        wanted(told, parameters={"To": "12", "Message": "x"}),
    ):
        answer = call(told, asked)
        assert (answer.json.get("Code") or answer.json["ResponseCode"]) != "OK"
        assert hint_of(answer) == ""


def test_no_hint_tells_a_secret(told: House) -> None:
    """Nor any signature."""
    asked = replace(wanted(told, TEMPORARY), secret=f"{TEMPORARY.secret} ")
    answer = call(told, asked)
    assert "a blank after it" in hint_of(answer)
    right = {
        step.text
        for each in (asked, replace(asked, secret=TEMPORARY.secret))
        for step in sign(each).steps
        if step.name == "Signature"
    }
    for secret in (TEMPORARY.secret, TEMPORARY.token, *right):
        assert secret not in hint_of(answer)


def test_hints_are_few(told: House) -> None:
    """Whoever asks for many gets the first of them, and every refusal."""
    answers = [call(told, replace(wanted(told), secret="wrong")) for _ in range(10 * AT_ONCE)]
    assert {answer.json["Code"] for answer in answers} == {"SignatureDoesNotMatch"}
    assert AT_ONCE <= sum(bool(hint_of(answer)) for answer in answers) < len(answers)


def test_no_hint_for_long_requests(told: House) -> None:
    """They would take too long to look into."""
    asked = wanted(told, parameters={"To": SINGAPORE, "Message": "x" * LONGEST})
    assert hint_of(call(told, replace(asked, secret="wrong"))) == ""


def test_the_exchange_keeps_the_hint(told: House) -> None:
    """For whoever looks at the refused ones, beside how the time was written."""
    asked = replace(wanted(told), at=wanted(told).at - 24 * HOUR)
    call(told, asked)
    assert told.gateway.exchanges is not None
    (refused,) = told.gateway.exchanges.latest(5, refused=True)
    assert "1 day behind" in refused.hint
    assert stamp(asked.at) in refused.request_text
    assert (refused.account, refused.access_key, refused.code) == ("acme", OWNER.id, "InvalidTimeStamp.Expired")
