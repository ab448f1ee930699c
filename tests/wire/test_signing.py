"""Requests that we sign ourselves, and the steps that we tell of anybody's."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globewire.errors import Refused
from globewire.wire.operation import OPERATIONS
from globewire.wire.request import Format, Scheme, read
from globewire.wire.signature import SM3, verify
from globewire.wire.signing import Signed, Wanted, sign, steps
from wire.asking import AT, KEY, NONCE, SECRET, VECTORS, raw_of
from wire.test_signature import dictionaries, some

WANTED = Wanted(
    operation="SendMessageToGlobe",
    parameters={"To": "8521245567890", "Message": "a ~ * + b"},
    access_key=KEY,
    secret=SECRET,
    nonce=NONCE,
    at=AT,
    host="127.0.0.1:8018",
)
SCHEMES = [(Scheme.V3, "POST"), (Scheme.V3, "GET"), (Scheme.V1, "POST"), (Scheme.V1, "GET")]
SCHEMES += [(Scheme.V3_SM3, "POST")] if SM3 else []
CAPTURED = [vector for vector in VECTORS if vector["expected"] == "valid"]
OURS = frozenset(
    {"Action", "Version", "AccessKeyId", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp", "SecurityToken"}
)


def texts(signed: Signed) -> dict[str, str]:
    return {step.name: step.text for step in signed.steps}


@pytest.mark.parametrize("vector", CAPTURED, ids=lambda vector: str(vector["label"]))
def test_steps_of_an_sdks_request(vector: dict[str, Any]) -> None:
    """They end in the signature that the SDK sent, by way of the texts that it signed."""
    call = read(raw_of(vector))
    told = {step.name: step.text for step in steps(call, vector["secret"])}
    assert told["Signature"] == call.signature
    if call.scheme is Scheme.V1:
        assert told["String to sign"] == vector["string_to_sign"]
    else:
        assert told["Canonical request"] == vector["canonical_request"]
        assert told["Authorization"] == call.headers["authorization"]
    assert [step.name for step in steps(call, None)] == [name for name in told if name not in ("Signature", "Authorization")]


@pytest.mark.parametrize("vector", [v for v in CAPTURED if not v["label"].startswith("npm-dysms")], ids=lambda v: str(v["label"]))
def test_signed_as_an_sdk_did(vector: dict[str, Any]) -> None:
    """From what the SDK was asked for we come to its signature, octet by octet. (npm's does not sign `accept`, as we do.)"""
    call = read(raw_of(vector))
    more = {name: call.headers[name] for name in call.signed_headers if name in ("user-agent", "x-acs-credentials-provider")}
    if call.scheme is not Scheme.V1 and "content-type" in call.signed_headers:
        more["content-type"] = call.headers["content-type"]
    signed = sign(
        Wanted(
            operation=call.operation,
            parameters={name: value for name, value in call.parameters.items() if name not in OURS},
            access_key=call.access_key,
            secret=vector["secret"],
            token=call.security_token,
            nonce=call.nonce,
            at=call.timestamp,
            host=call.headers["host"],
            scheme=call.scheme,
            method=call.raw.method,
            headers=more,
        )
    )
    assert texts(signed)["Signature"] == call.signature
    if call.scheme is not Scheme.V1:
        assert read(signed.raw).headers["authorization"] == call.headers["authorization"]


@pytest.mark.parametrize(("scheme", "method"), SCHEMES)
@pytest.mark.parametrize("operation", OPERATIONS)
@some
@given(parameters=dictionaries, token=st.sampled_from(["", "CAIS+/=token"]), form=st.sampled_from(Format))
def test_signed_is_verified(
    scheme: Scheme, method: str, operation: str, parameters: dict[str, str], token: str, form: Format
) -> None:
    """Whatever is asked for, our verifier takes it, reads it back, and tells the same steps."""
    wanted = replace(
        WANTED, operation=operation, parameters=parameters, scheme=scheme, method=method, token=token, format=form,
        headers={"idempotency-key": "order-7"},
    )  # fmt: skip
    signed = sign(wanted)
    call = read(signed.raw)
    verify(call, SECRET)
    assert (call.operation, call.access_key, call.security_token, call.nonce, call.timestamp) == (operation, KEY, token, NONCE, AT)
    assert {name: call.parameters[name] for name in parameters} == parameters
    assert call.headers["idempotency-key"] == "order-7"
    assert texts(signed)["Signature"] == call.signature
    assert call.format is (form if scheme is Scheme.V1 else Format.JSON)


def test_where_parameters_go() -> None:
    """As the SDKs put them: V3 into the query but for ConversionData's, V1 into the query of a GET and the body of a POST."""
    assert sign(WANTED).target == "/?Message=a%20~%20%2A%20%2B%20b&To=8521245567890"
    report = sign(replace(WANTED, operation="ConversionData", parameters={"ConversionRate": "0.5"}))
    assert (report.target, report.raw.body) == ("/", b"ConversionRate=0.5")
    assert sign(replace(WANTED, scheme=Scheme.V1)).target == "/"
    assert sign(replace(WANTED, scheme=Scheme.V1, method="GET")).raw.body == b""


def test_secrets_are_not_printed() -> None:
    """Neither the secret nor what was signed with it."""
    shown = repr(WANTED) + repr(sign(WANTED))
    assert SECRET not in shown
    assert texts(sign(WANTED))["Signature"] not in shown


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"operation": "SendSms"}, "InvalidAction.NotFound"),
        ({"nonce": ""}, "MissingSignatureNonce"),
        ({"access_key": ""}, "MissingAccessKeyId"),
        ({"method": "PUT"}, "UnsupportedHTTPMethod"),
        ({"host": "a\r\nb"}, "InvalidRequest"),
        ({"headers": {"idempotency-key": "\u4f60"}}, "InvalidRequest"),
    ],
)
def test_what_no_request_can_be(change: dict[str, Any], code: str) -> None:
    """It is refused as the API would refuse it."""
    with pytest.raises(Refused) as caught:
        sign(replace(WANTED, **change))
    assert caught.value.row.code == code
