"""The product's SDK with the other ways of signing that it can be told to use."""

from typing import Any

import pytest
from alibabacloud_dysmsapi20180501.models import ConversionDataRequest, QueryMessageRequest, SmsConversionRequest
from alibabacloud_tea_openapi.exceptions import ClientException

from clients.calling import product, send
from clients.people import OWNER, TEMPORARY
from clients.running import House, Key
from globewire.wire.signature import SM3

SCHEMES: dict[str, dict[str, str]] = {"V3": {}, "V1": {"signature_algorithm": "v2"}}
if SM3:
    SCHEMES["SM3"] = {"signature_algorithm": "ACS3-HMAC-SM3"}
TEXT = "a+b &=%~*'()!/? 中文 👍\n"


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES.keys())
@pytest.mark.parametrize("key", [OWNER, TEMPORARY], ids=["permanent", "temporary"])
def test_every_scheme_is_served(house: House, scheme: dict[str, Any], key: Key) -> None:
    """Parameters in the query and in a form body, with a permanent key and with a temporary one."""
    client = product(house, key, **scheme)
    sent = send(client, message=TEXT)
    assert sent.response_code == "OK"
    assert client.query_message(QueryMessageRequest(message_id=sent.message_id)).body.message == TEXT
    report = SmsConversionRequest(message_id=sent.message_id, delivered=False)
    assert client.sms_conversion(report).body.response_code == "OK"
    assert client.conversion_data(ConversionDataRequest(conversion_rate="0.5")).body.response_code == "OK"


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES.keys())
def test_a_wrong_secret_is_refused_in_every_scheme(house: House, scheme: dict[str, Any]) -> None:
    with pytest.raises(ClientException) as refused:
        send(product(house, Key(OWNER.id, "wrong"), **scheme))
    assert (refused.value.code, refused.value.status_code) == ("SignatureDoesNotMatch", 400)


TOKENS = {
    "none": (Key(TEMPORARY.id, TEMPORARY.secret), "MissingSecurityToken"),
    "another": (Key(TEMPORARY.id, TEMPORARY.secret, "another"), "InvalidSecurityToken.MismatchWithAccessKey"),
    "of a permanent key": (Key(OWNER.id, OWNER.secret, TEMPORARY.token), "InvalidSecurityToken.MismatchWithAccessKey"),
    "too long": (Key(TEMPORARY.id, TEMPORARY.secret, "x" * 5000), "InvalidSecurityToken.Malformed"),
}


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES.keys())
@pytest.mark.parametrize("case", TOKENS)
def test_a_token_must_be_the_key_s_own(house: House, scheme: dict[str, Any], case: str) -> None:
    key, code = TOKENS[case]
    with pytest.raises(ClientException) as refused:
        send(product(house, key, **scheme))
    assert (refused.value.code, refused.value.status_code) == (code, 400)
