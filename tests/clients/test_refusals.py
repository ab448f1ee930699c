"""What the SDKs make of the errors that users meet."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alibabacloud_dysmsapi20180501.models import BatchSendMessageToGlobeRequest, QueryMessageRequest, SendMessageToGlobeRequest
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException, ClientException, ThrottlingException
from alibabacloud_tea_openapi.models import OpenApiRequest, Params
from alibabacloud_tea_openapi.utils import Utils
from alibabacloud_tea_util.models import ExtendsParameters, RuntimeOptions
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.request import RpcRequest
from aliyunsdkcore.utils import parameter_helper
from darabonba.policy.retry import RetryOptions

from clients.calling import SINGAPORE, common, core, core_call, product, send
from clients.people import GONE, HASTY, NEARBY, NOBODY, OFFICE, OWNER, READER, SECURE, STRANGER, WRITER
from clients.running import House, Key

WRONG = Key(OWNER.id, "wrong")
HELLO = {"To": SINGAPORE, "Message": "Hello"}


def by_product(house: House, key: Key, **parameters: Any) -> AlibabaCloudException:
    """What the product's SDK raises."""
    with pytest.raises(AlibabaCloudException) as refused:
        send(product(house, key), **parameters)
    return refused.value


def by_core(house: House, key: Key, action: str = "SendMessageToGlobe", **parameters: object) -> ServerException:
    """What the core SDK raises."""
    with pytest.raises(ServerException) as refused:
        core_call(core(key), common(house, action, parameters or HELLO))
    return refused.value


# --- who calls -------------------------------------------------------------------------------------------------------------

CALLERS = {
    "an unknown key": (NOBODY, 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."),
    "a disabled key": (GONE, 400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."),
    "a wrong secret": (WRONG, 400, "SignatureDoesNotMatch", "Specified signature "),
}


@pytest.mark.parametrize("case", CALLERS)
def test_a_caller_that_is_not_admitted(house: House, case: str) -> None:
    """Both SDKs have the code, the status, the sentence and the RequestId."""
    key, status, code, sentence = CALLERS[case]
    raised = by_product(house, key)
    assert type(raised) is ClientException
    assert (raised.status_code, raised.code, raised.data["HostId"]) == (status, code, house.endpoint)
    assert raised.message.startswith(f"code: {status}, {sentence}")
    assert raised.message.endswith(f" request id: {raised.request_id}") and uuid.UUID(raised.request_id)
    old = by_core(house, key)
    assert (old.http_status, old.error_code) == (status, code)
    assert old.message.startswith(sentence) and uuid.UUID(old.request_id)


def test_a_wrong_secret_shows_what_was_to_be_signed(house: House) -> None:
    """V1: the string to sign after one colon, which the core SDK splits at; V3: the string and the canonical request."""
    old = by_core(house, WRONG)
    before, _, text = old.message.partition(":")
    assert before == "Specified signature is not matched with our calculation. server string to sign is"
    assert text.startswith("POST&%2F&AccessKeyId%3DLTAIowner%26Action%3DSendMessageToGlobe%26Format%3DJSON%26Message%3DHello%26")
    raised = by_product(house, WRONG)
    assert "server StringToSign is [ACS3-HMAC-SHA256\n" in raised.message
    assert f"server CanonicalRequest is [POST\n/\nMessage=Hello&To={SINGAPORE}\n" in raised.message


@pytest.mark.parametrize("text", ["Hello", "a:b+c *~'% /", "验证码：👍", "::"])
def test_the_core_sdk_finds_that_only_the_secret_is_wrong(house: House, text: str) -> None:
    """Its RpcRequest compares the gateway's string to sign with its own, and where they are one it blames the secret."""
    request = RpcRequest("Dysmsapi", "2018-05-01", "SendMessageToGlobe")
    request.set_endpoint(house.endpoint)
    request.set_method("POST")
    request.add_query_param("To", SINGAPORE)
    request.add_query_param("Message", text)
    with pytest.raises(ServerException) as refused:
        core(WRONG).do_action_with_exception(request)
    assert refused.value.error_code == "InvalidAccessKeySecret"


# --- when, and how often ---------------------------------------------------------------------------------------------------


def shifted(minutes: float) -> Callable[[], str]:
    """An SDK's clock that is wrong."""
    return lambda: (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


CLOCKS = [(-480, False), (-16, False), (-14, True), (14, True), (16, False), (480, False)]
OLD_CLOCKS = [(-480, False), (-32, False), (-30, True), (30, True), (32, False), (480, False)]


@pytest.mark.parametrize(("minutes", "near"), CLOCKS)
def test_a_clock_that_is_wrong_v3(house: House, monkeypatch: pytest.MonkeyPatch, minutes: float, near: bool) -> None:
    """15 minutes either way; a local time that is sent as UTC is further off."""
    monkeypatch.setattr(Utils, "get_timestamp", shifted(minutes))
    if near:
        assert send(product(house)).response_code == "OK"
    else:
        raised = by_product(house, OWNER)
        assert (raised.status_code, raised.code) == (400, "InvalidTimeStamp.Expired")


@pytest.mark.parametrize(("minutes", "near"), OLD_CLOCKS)
def test_a_clock_that_is_wrong_v1(house: House, monkeypatch: pytest.MonkeyPatch, minutes: float, near: bool) -> None:
    """31 minutes either way."""
    monkeypatch.setattr(parameter_helper, "get_iso_8061_date", shifted(minutes))
    if near:
        assert core_call(core(), common(house, "SendMessageToGlobe", HELLO))["ResponseCode"] == "OK"
    else:
        raised = by_core(house, OWNER)
        assert (raised.http_status, raised.error_code) == (400, "InvalidTimeStamp.Expired")


DATES = ["2026-11-23 10:00:00", "2026-11-23T10:00:00+08:00", "2026-11-23T10:00:00.123Z", "2026-02-30T10:00:00Z"]


@pytest.mark.parametrize("date", DATES)
def test_a_time_in_another_form(house: House, monkeypatch: pytest.MonkeyPatch, date: str) -> None:
    monkeypatch.setattr(Utils, "get_timestamp", lambda: date)
    monkeypatch.setattr(parameter_helper, "get_iso_8061_date", lambda: date)
    assert by_product(house, OWNER).code == "InvalidTimeStamp.Format"
    assert by_core(house, OWNER).error_code == "InvalidTimeStamp.Format"


def test_a_request_that_is_sent_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A nonce serves once, for one key, and is not used up by whoever does not know the secret."""
    nonce = uuid.uuid4().hex
    monkeypatch.setattr(Utils, "get_nonce", lambda: nonce)
    monkeypatch.setattr(parameter_helper, "get_uuid", lambda: nonce)
    assert by_product(house, WRONG).code == "SignatureDoesNotMatch"
    assert send(product(house)).response_code == "OK"
    raised = by_product(house, OWNER)
    assert (raised.status_code, raised.code) == (400, "SignatureNonceUsed")
    assert by_core(house, OWNER).error_code == "SignatureNonceUsed"
    assert send(product(house, STRANGER)).response_code == "OK"


def until_raised(call: Callable[[], object]) -> Any:
    """What `call` raises at last: an account that may call once a second is soon too fast."""
    for _ in range(100):
        try:
            call()
        except (AlibabaCloudException, ServerException) as raised:
            return raised
    raise AssertionError("nothing was throttled")


def test_calls_that_come_too_fast(house: House) -> None:
    """The product's SDK says how long to wait, in milliseconds; the core SDK has the code."""
    client = product(house, HASTY)
    raised = until_raised(lambda: send(client))
    assert type(raised) is ThrottlingException
    assert (raised.status_code, raised.code) == (400, "Throttling.User")
    assert 0 < raised.retry_after <= 2_000
    old = until_raised(lambda: core_call(core(HASTY), common(house, "SendMessageToGlobe", HELLO)))
    assert type(old) is ServerException
    assert (old.http_status, old.error_code) == (400, "Throttling.User")
    assert old.message == "Request was denied due to user flow control."


def test_an_sdk_that_may_try_again_waits_as_long_as_it_is_told(house: House) -> None:
    """With retry options the SDK sleeps for what x-acs-retry-after says, and is served."""
    condition = {"maxAttempts": 3, "exception": ["ThrottlingException"], "errorCode": ["Throttling.User"]}
    patient = product(house, HASTY, retry_options=RetryOptions({"retryable": True, "retryCondition": [condition]}))
    query = QueryMessageRequest(message_id="1")
    until_raised(lambda: product(house, HASTY).query_message(query))
    assert patient.query_message(query).body.response_code == "DATA_NOT_EXIST"


def test_operations_and_accounts_are_throttled_apart(house: House) -> None:
    until_raised(lambda: send(product(house, HASTY)))
    until_raised(lambda: product(house, HASTY).query_message(QueryMessageRequest(message_id="1")))
    assert send(product(house, OWNER)).response_code == "OK"


# --- who may ---------------------------------------------------------------------------------------------------------------


def of(address: str) -> RuntimeOptions:
    """As if the call came from there, by the proxy that the gateway trusts."""
    return RuntimeOptions(extends_parameters=ExtendsParameters(headers={"X-Forwarded-For": address}))


def permitted(house: House, key: Key, runtime: RuntimeOptions | None = None) -> tuple[str, str]:
    """ResponseCode of sending and of querying."""
    client, options = product(house, key), runtime or RuntimeOptions()
    request = SendMessageToGlobeRequest(to=SINGAPORE, message="Hello")
    sent = client.send_message_to_globe_with_options(request, options).body
    found = client.query_message_with_options(QueryMessageRequest(message_id="1"), options).body
    assert (sent.message_id is None) is (sent.response_code != "OK")
    return sent.response_code, found.response_code


MAY = ("OK", "DATA_NOT_EXIST")
MAY_NOT = ("RAM_PERMISSION_DENY", "RAM_PERMISSION_DENY")
PERMISSIONS = {
    "full access": (WRITER, None, MAY),
    "read only": (READER, None, ("RAM_PERMISSION_DENY", "DATA_NOT_EXIST")),
    "from the office": (NEARBY, of(OFFICE), MAY),
    "from elsewhere": (NEARBY, of("203.0.113.8"), MAY_NOT),
    "from here": (NEARBY, None, MAY_NOT),
    "only over TLS": (SECURE, None, MAY_NOT),
}


@pytest.mark.parametrize("case", PERMISSIONS)
def test_a_policy_decides(house: House, case: str) -> None:
    """The product's own form: HTTP 200 with RAM_PERMISSION_DENY, which no SDK takes for an exception."""
    key, runtime, wanted = PERMISSIONS[case]
    assert permitted(house, key, runtime) == wanted


def test_a_policy_s_refusal_by_the_core_sdk(house: House) -> None:
    reply = core_call(core(READER), common(house, "SendMessageToGlobe", HELLO))
    assert reply.keys() == {"ResponseCode", "ResponseDescription", "RequestId"}
    assert reply["ResponseCode"] == "RAM_PERMISSION_DENY"


def test_a_policy_s_refusal_in_the_other_form(strict_house: House) -> None:
    """HTTP 403 NoPermission, and the SDK has the AccessDeniedDetail."""
    raised = by_product(strict_house, READER)
    assert (type(raised), raised.status_code, raised.code) == (ClientException, 403, "NoPermission")
    detail = raised.access_denied_detail
    assert detail.pop("EncodedDiagnosticMessage")
    assert detail == {
        "AuthAction": "dysms:SendMessageToGlobe",
        "AuthPrincipalDisplayName": "reader",
        "AuthPrincipalOwnerId": "acme",
        "AuthPrincipalType": "SubUser",
        "NoPermissionType": "ImplicitDeny",
        "PolicyType": "AccountLevelIdentityBasedPolicy",
    }
    old = by_core(strict_house, READER)
    assert (old.http_status, old.error_code) == (403, "NoPermission")
    assert send(product(strict_house, WRITER)).response_code == "OK"


# --- what is asked for -----------------------------------------------------------------------------------------------------

MISSING: list[tuple[str, dict[str, str], str]] = [
    ("SendMessageToGlobe", {"Message": "x"}, "To"),
    ("SendMessageToGlobe", {"To": "", "Message": "x"}, "To"),
    ("SendMessageToGlobe", {"To": SINGAPORE}, "Message"),
    ("SendMessageToGlobe", {"To": SINGAPORE, "Message": ""}, "Message"),
    ("BatchSendMessageToGlobe", {"Message": '["x"]'}, "To"),
    ("BatchSendMessageToGlobe", {"To": f'["{SINGAPORE}"]'}, "Message"),
    ("QueryMessage", {}, "MessageId"),
    ("SmsConversion", {"Delivered": "true"}, "MessageId"),
    ("SmsConversion", {"MessageId": "1"}, "Delivered"),
    ("ConversionData", {}, "ConversionRate"),
]


def call(house: House, action: str, parameters: Mapping[str, str], version: str = "2018-05-01") -> Any:
    """Any action, by what the product's SDK is built on."""
    kind = {"protocol": "HTTP", "pathname": "/", "method": "POST", "auth_type": "AK", "style": "RPC", "body_type": "json"}
    params = Params(action=action, version=version, req_body_type="formData", **kind)
    return product(house).call_api(params, OpenApiRequest(query=dict(parameters)), RuntimeOptions())


@pytest.mark.parametrize(("action", "parameters", "name"), MISSING)
def test_a_parameter_that_is_missing(house: House, action: str, parameters: dict[str, str], name: str) -> None:
    """Missing<Param>; an empty one counts as missing."""
    with pytest.raises(ClientException) as refused:
        call(house, action, parameters)
    assert (refused.value.status_code, refused.value.code) == (400, f"Missing{name}")
    assert f"{name} is mandatory for this action." in refused.value.message
    old = by_core(house, OWNER, action, **(parameters or {"OwnerId": "1"}))
    assert (old.http_status, old.error_code, old.message) == (400, f"Missing{name}", f"{name} is mandatory for this action.")


UNKNOWN = {
    "an action": ("SendSms", "2018-05-01", 404, "InvalidAction.NotFound"),
    "an action in other letters": ("sendMessageToGlobe", "2018-05-01", 404, "InvalidAction.NotFound"),
    "a version": ("SendMessageToGlobe", "2017-05-25", 400, "InvalidVersion"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_this_product_does_not_have(house: House, case: str) -> None:
    action, version, status, code = UNKNOWN[case]
    with pytest.raises(ClientException) as refused:
        call(house, action, HELLO, version)
    assert (refused.value.status_code, refused.value.code) == (status, code)
    request = common(house, action, HELLO)
    request.set_version(version)
    with pytest.raises(ServerException) as old:
        core_call(core(), request)
    assert (old.value.http_status, old.value.error_code) == (status, code)


VALUES: list[tuple[str, str, str]] = [
    *(
        ("To", to, "MOBILE_NUMBER_ILLEGAL")
        for to in ("+6591234567", "006591234567", "65 9123 4567", "6591", "abc", "６５９１２３４５６７")
    ),
    *(("To", to, "MOBILE_NUMBER_ILLEGAL") for to in ("65912345678901", "9991234567", "4407400123456", "1" * 5000)),
    *(("To", to, "NOT_SUPPORTED_COUNTRY") for to in ("8613800138000", "861012345678")),
    *(("From", sender, "INVALID_SENDERID") for sender in ("Twelve4Chars", "1234567890123456", "My shop", "签名", "+6591234567")),
    *(("Message", text, "PARAM_LENGTH_LIMIT") for text in ("x" * 2001, "中" * 2001, "👍" * 2001)),
    ("Message", "a\0b", "INVALID_PARAMETERS"),
    ("TaskId", "x" * 256, "PARAM_LENGTH_LIMIT"),
    ("TaskId", "a\0b", "INVALID_PARAMETERS"),
    *(("Type", kind, "INVALID_PARAMETERS") for kind in ("ADVERT", "otp", "OTP ")),
    *(("ValidityPeriod", period, "INVALID_PARAMETERS") for period in ("0", "-1", "604801", "1.5", "soon", "9" * 30, "１")),
    ("ChannelId", "nowhere", "INVALID_PARAMETERS"),
]


@pytest.mark.parametrize(("name", "value", "code"), VALUES, ids=[f"{name}-{value[:12]!a}" for name, value, _ in VALUES])
def test_a_value_that_cannot_be(house: House, name: str, value: str, code: str) -> None:
    """A business code with HTTP 200: no SDK raises, and nothing but the code, its sentence and the RequestId comes."""
    parameters = {**HELLO, name: value}
    replies = [call(house, "SendMessageToGlobe", parameters)["body"]]
    if len(value) < 5000:  # a core SDK of this age writes V1, which is the same to the reader of values
        replies.append(core_call(core(), common(house, "SendMessageToGlobe", parameters, body=True)))
    for reply in replies:
        assert reply.keys() == {"ResponseCode", "ResponseDescription", "RequestId"}
        assert reply["ResponseCode"] == code
        assert reply["ResponseDescription"].endswith(".")


FITTING = {
    "Message": ("x", "x" * 2000, "👍" * 2000),
    "TaskId": ("", "ä" * 255),
    "From": ("", "Elevenchars", "1" * 15),
    "ValidityPeriod": ("", "1", "604800"),
    "Type": ("", "OTP", "NOTIFY", "MKT", "GENERAL"),
    "ChannelId": ("", "3790", "usual", "simulator"),
    "OwnerId": ("1",),  # of SDKs before 2020
    "Unknown": ("parameter",),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in FITTING.items() for value in values])
def test_a_value_that_just_can_be(house: House, name: str, value: str) -> None:
    assert call(house, "SendMessageToGlobe", {**HELLO, name: value})["body"]["ResponseCode"] == "OK"


def test_a_request_that_is_too_large(strict_house: House) -> None:
    """HTTP 413 with a code of ours: both SDKs hear of it, though they are still sending when it is said."""
    numbers, texts = json.dumps([SINGAPORE] * 500), json.dumps(["x" * 1000] * 500)
    request = BatchSendMessageToGlobeRequest(to=numbers, message=texts)
    with pytest.raises(ClientException) as refused:
        product(strict_house).batch_send_message_to_globe(request)
    assert (refused.value.status_code, refused.value.code) == (413, "RequestTooLarge")
    assert "its line has more than 65536 bytes" in refused.value.message
    with pytest.raises(ServerException) as old:
        core_call(core(), common(strict_house, "BatchSendMessageToGlobe", {"To": numbers, "Message": texts}, body=True))
    assert (old.value.http_status, old.value.error_code) == (413, "RequestTooLarge")
    assert "its body has more than 65536 bytes" in old.value.message


def test_a_refused_call_keeps_nothing(house: House) -> None:
    """Whatever the reason was."""
    before = len(house.search(account="acme", limit=100_000))
    for key in (NOBODY, GONE, WRONG):
        by_product(house, key)
    for to in ("12", "8613800138000"):
        assert send(product(house), to).message_id is None
    assert send(product(house, READER)).response_code == "RAM_PERMISSION_DENY"
    assert len(house.search(account="acme", limit=100_000)) == before
