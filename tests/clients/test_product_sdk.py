"""The product's own SDK, as it comes, for every operation. It signs by V3 (ACS3-HMAC-SHA256)."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from alibabacloud_dysmsapi20180501.client import Client
from alibabacloud_dysmsapi20180501.models import (
    BatchSendMessageToGlobeRequest,
    ConversionDataRequest,
    QueryMessageRequest,
    SendMessageToGlobeRequest,
    SendMessageWithTemplateRequest,
    SmsConversionRequest,
)

from clients.calling import SILENT, SINGAPORE, product, send, settled
from clients.people import STRANGER, WRITER
from clients.running import House
from globewire.message import State


@pytest.fixture(scope="module")
def client(house: House) -> Client:
    """The account's own client."""
    return product(house)


def codes(body: Any) -> tuple[str, bool]:
    """ResponseCode, and whether the reply is fit for people: a sentence and a RequestId stand in it."""
    return body.response_code, bool(body.response_description and body.request_id)


# --- SendMessageToGlobe ----------------------------------------------------------------------------------------------------


def test_a_message_is_kept_as_it_was_given(client: Client, house: House) -> None:
    """The reply says what was accepted, and every parameter is on disk."""
    given = {"from_": "Alicloud321", "type": "OTP", "task_id": "order-7/ä", "validity_period": 600, "channel_id": "3790"}
    body = send(client, "85261234567", "Your code is 1234", **given)
    assert codes(body) == ("OK", True)
    assert (body.to, body.from_, body.segments) == ("85261234567", "Alicloud321", "1")
    assert body.message_id.isdigit() and len(body.message_id) == 18
    kept = house.look(body.message_id)
    message = kept.message
    assert (message.to, message.sender, message.text) == ("85261234567", "Alicloud321", "Your code is 1234")
    assert (message.type, message.task_id, message.validity, message.channel) == ("OTP", "order-7/ä", 600, "3790")
    assert (message.country, message.request_id) == ("HK", body.request_id)
    assert json.loads(kept.decision)["route"] == "direct"


def test_what_is_not_given_has_the_account_s_and_the_gateway_s_defaults(client: Client, house: House) -> None:
    """From is the account's sender; validity a day; the route the usual one."""
    body = send(client)
    assert body.from_ == "Acme"
    kept = house.look(body.message_id)
    assert (kept.message.sender, kept.message.validity, kept.message.type) == ("Acme", 86_400, "")
    assert json.loads(kept.decision)["route"] == "usual"


def test_where_the_account_has_no_sender_the_carrier_s_is_shown(house: House) -> None:
    assert send(product(house, STRANGER)).from_ == "Globewire"


TEXTS = {
    "characters that URLs use": "+&=%~*'()!;/?:@,$#[] ",
    "what looks encoded": "%41 %2B %zz &amp; \\x41 \\u4e2d \\",
    "quotes": '<a href="x">it\'s</a>',
    "spaces around": "  two before, one after ",
    "line breaks": "one\ntwo\r\nthree\tfour\rfive",
    "euro": "price: €5 {and} [more] ~ ^ | \\",
    "Chinese": "您的验证码是 1234，5 分钟内有效。",
    "Arabic": "رمز التحقق الخاص بك هو ١٢٣٤",
    "emoji": "👍🏽 👩‍👩‍👧 🇸🇬 done ✅",
    "combining": "e\u0301 n\u0303 \u200d\ufeff\u2028",
    "control": "bell \x07 escape \x1b end",
    "beyond the basic plane": "𠮷野家 𝒜",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_texts_come_back_as_they_were_given(client: Client, text: str) -> None:
    """QueryMessage gives the very text, character for character."""
    sent = send(client, message=text)
    assert sent.response_code == "OK"
    assert client.query_message(QueryMessageRequest(message_id=sent.message_id)).body.message == text


SEGMENTS = [
    ("x", "1"),
    ("x" * 160, "1"),
    ("x" * 161, "2"),
    ("x" * 350, "3"),  # contract 6
    ("x" * 2000, "14"),
    ("€" * 80, "1"),  # two septets each
    ("€" * 81, "2"),
    ("中" * 70, "1"),
    ("中" * 71, "2"),
    ("中" * 150, "3"),  # contract 6
    ("中" * 160, "3"),  # contract 6
    ("中" * 2000, "30"),
    ("👍" * 35, "1"),  # two UTF-16 units each
    ("👍" * 36, "2"),
    ("x" * 159 + "中", "3"),
]


@pytest.mark.parametrize(("text", "segments"), SEGMENTS, ids=[f"{len(text)}-{text[-1]}" for text, _ in SEGMENTS])
def test_segments_are_counted(client: Client, text: str, segments: str) -> None:
    assert send(client, message=text).segments == segments


DETAILS = {
    "85261234567": ("China", "HongKong", "HKT"),
    "85366123456": ("China", "Macao", "CTM"),
    "886912345678": ("China", "Taiwan", "Chunghwa Telecom"),
    "6581234567": ("Singapore", "", "SingTel"),
    "447400123456": ("United Kingdom", "", "Three"),
    "12025550123": ("United States", "Washington D.C.", ""),  # nobody can tell a carrier from an American number
    "390612345678": ("Italy", "Rome", ""),  # a land line
    "882161234567": ("", "", ""),  # a number of no country
}


@pytest.mark.parametrize("to", DETAILS)
def test_the_number_is_described(client: Client, to: str) -> None:
    """NumberDetail is an object of English texts, empty where nothing is known."""
    detail = send(client, to).number_detail
    assert (detail.country, detail.region, detail.carrier) == DETAILS[to]


async def test_the_asynchronous_client_sends_too(client: Client) -> None:
    """It goes by another HTTP library (aiohttp), which writes the query its own way."""
    response = await client.send_message_to_globe_async(SendMessageToGlobeRequest(to=SINGAPORE, message="a+b c~*'%/中"))
    assert response.body.response_code == "OK"
    found = await client.query_message_async(QueryMessageRequest(message_id=response.body.message_id))
    assert found.body.message == "a+b c~*'%/中"


def test_many_threads_send_at_once(client: Client, house: House) -> None:
    """Each of them is told its own message's id."""

    def one(n: int) -> tuple[str, str]:
        body = send(client, message=f"text {n}", task_id="threads")
        return body.message_id, f"text {n}"

    with ThreadPoolExecutor(8) as pool:
        told = dict(pool.map(one, range(100)))
    assert {str(kept.message.id): kept.message.text for kept in house.search(task_id="threads", limit=200)} == told
    assert len(told) == 100


# --- BatchSendMessageToGlobe -----------------------------------------------------------------------------------------------


def batch(client: Client, to: object, message: object, **more: Any) -> Any:
    """The body of the reply; what is not a text yet is written as JSON."""
    written = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in (to, message)]
    return client.batch_send_message_to_globe(BatchSendMessageToGlobeRequest(to=written[0], message=written[1], **more)).body


def test_a_batch_of_two(client: Client, house: House) -> None:
    """Each number gets its own text; SuccessCount and the lists are texts."""
    body = batch(client, ["85261234567", SINGAPORE], ["one", "二"], from_="Shop", type="MKT", task_id="t2", validity_period=60)
    assert codes(body) == ("OK", True)
    assert (body.from_, body.success_count, body.failed_list) == ("Shop", "2", "[]")
    ids = json.loads(body.message_id_list)
    kept = [house.look(id).message for id in ids]
    assert [(message.to, message.text) for message in kept] == [("85261234567", "one"), (SINGAPORE, "二")]
    assert {(m.sender, m.type, m.task_id, m.validity) for m in kept} == {("Shop", "MKT", "t2", 60)}
    assert {settled(client, id).status for id in ids} == {"1"}


def test_a_batch_of_a_thousand_long_chinese_texts(client: Client, house: House) -> None:
    """The SDK puts both arrays into the request line: 2 MB of it. Each text reaches its own number."""
    wanted = {f"65910{n:05}": f"第{n:04}号通知：" + chr(0x4E00 + n) * 232 for n in range(1000)}
    body = batch(client, list(wanted), list(wanted.values()), task_id="thousand")
    assert (body.response_code, body.success_count, body.failed_list) == ("OK", "1000", "[]")
    ids = json.loads(body.message_id_list)
    assert len(set(ids)) == 1000
    kept = house.search(task_id="thousand", limit=1001)
    assert {each.message.to: each.message.text for each in kept} == wanted
    assert {str(each.message.id) for each in kept} == set(ids)


def test_numbers_of_a_batch_that_cannot_be_are_listed(client: Client, house: House) -> None:
    """FailedList has them as they were given; the others are sent, and their ids come in the numbers' order."""
    given = ["+6591234567", SINGAPORE, "8613800138000", "12", 85261234567, "6591230000"]
    body = batch(client, given, ["a", "b", "c", "d", "e", ""])
    assert (body.response_code, body.success_count) == ("OK", "2")
    assert json.loads(body.failed_list) == ["+6591234567", "8613800138000", "12", "6591230000"]
    kept = [house.look(id).message for id in json.loads(body.message_id_list)]
    assert [(message.to, message.text) for message in kept] == [(SINGAPORE, "b"), ("85261234567", "e")]


BATCHES = {
    "fewer texts than numbers": ([SINGAPORE, SINGAPORE], ["a"], "INVALID_PARAMETERS"),
    "more texts than numbers": ([SINGAPORE], ["a", "b"], "INVALID_PARAMETERS"),
    "none": ([], [], "INVALID_PARAMETERS"),
    "more than a thousand": ([SINGAPORE] * 1001, ["a"] * 1001, "MOBILE_COUNT_OVER_LIMIT"),
    "a bare number": (SINGAPORE, ["a"], "INVALID_JSON_PARAM"),
    "a list that is cut off": (f'["{SINGAPORE}"', ["a"], "INVALID_JSON_PARAM"),
    "texts that are no array": ([SINGAPORE], '"a"', "INVALID_JSON_PARAM"),
    "an array of arrays": ([[SINGAPORE]], ["a"], "INVALID_JSON_PARAM"),
    "half an emoji": ([SINGAPORE], '["\\ud83d"]', "INVALID_JSON_PARAM"),
    "nested without end": ("[" * 20_000, ["a"], "INVALID_JSON_PARAM"),
    "no number that can be": (["12", "8613800138000"], ["a", "b"], "MOBILE_NUMBER_ILLEGAL"),
    "a sender that cannot be": ([SINGAPORE], ["a"], "INVALID_SENDERID"),
}


@pytest.mark.parametrize("case", BATCHES)
def test_a_batch_that_cannot_be_taken(client: Client, case: str) -> None:
    """It is refused as a whole, with a code and no exception."""
    to, message, code = BATCHES[case]
    body = batch(client, to, message, from_="No sender!" if case.startswith("a sender") else None)
    assert codes(body) == (code, True)
    assert body.message_id_list is None


# --- QueryMessage ----------------------------------------------------------------------------------------------------------

OUTCOMES = {
    SINGAPORE: ("1", "DELIVERED", State.DELIVERED),
    "6591239001": ("2", "UNDELIV", State.FAILED),
    "6591239002": ("2", "EXPIRED", State.EXPIRED),
    "6591239003": ("2", "REJECTD", State.FAILED),
    "6591239004": ("2", "REJECTD", State.REJECTED),
}


@pytest.mark.parametrize("to", OUTCOMES)
def test_a_message_that_ended(client: Client, house: House, to: str) -> None:
    """Status, ErrorCode and both dates, as the carrier had it."""
    status, code, state = OUTCOMES[to]
    sent = send(client, to)
    body = settled(client, sent.message_id)
    assert (body.response_code, body.status, body.error_code.partition(":")[0]) == ("OK", status, code)
    assert (body.message_id, body.to, body.message) == (sent.message_id, to, "Hello")
    assert body.number_detail.country == "Singapore"
    assert house.look(sent.message_id).state is state
    dates = [parsedate_to_datetime(text) for text in (body.send_date, body.receive_date)]
    assert body.send_date.endswith(" +0800") and dates[0] <= dates[1]


def test_a_message_under_way(client: Client) -> None:
    """Status 3; what is not known yet is empty."""
    sent = send(client, SILENT)
    body = client.query_message(QueryMessageRequest(message_id=sent.message_id)).body
    assert (body.response_code, body.status) == ("OK", "3")
    assert (body.error_code, body.error_description, body.receive_date) == ("", "", "")


def test_its_validity_ends_a_message_that_is_not_delivered_in_time(client: Client) -> None:
    """ValidityPeriod reaches the carrier: a receipt that would come after 30 s says after one that it is too late."""
    sent = send(client, "6591239007", validity_period=1)
    body = settled(client, sent.message_id)
    assert (body.status, body.error_code.partition(":")[0]) == ("2", "EXPIRED")


@pytest.mark.parametrize("message_id", ["1", "999999999999999999", "abc", "-1", "１２３", "9" * 40])
def test_a_message_that_there_is_not(client: Client, message_id: str) -> None:
    assert codes(client.query_message(QueryMessageRequest(message_id=message_id)).body) == ("DATA_NOT_EXIST", True)


def test_another_account_s_message_does_not_exist(client: Client, house: House) -> None:
    """Neither to look at nor to report on; to the account's own users it does."""
    message_id = send(client).message_id
    stranger, user = product(house, STRANGER), product(house, WRITER)
    query = QueryMessageRequest(message_id=message_id)
    assert stranger.query_message(query).body.response_code == "DATA_NOT_EXIST"
    report = SmsConversionRequest(message_id=message_id, delivered=True)
    assert stranger.sms_conversion(report).body.response_code == "DATA_NOT_EXIST"
    assert user.query_message(query).body.response_code == "OK"


# --- SmsConversion and ConversionData --------------------------------------------------------------------------------------


@pytest.mark.parametrize("delivered", [True, False])
def test_a_conversion_is_reported(client: Client, delivered: bool) -> None:
    """By MessageId or by number. The SDK writes `True` and `False`."""
    sent = send(client, "6591231111")
    at = int(time.time() * 1000)
    ways: list[dict[str, Any]] = [{"message_id": sent.message_id}, {"to": "6591231111"}]
    for which in (*ways, {**ways[0], "conversion_time": at}):
        assert codes(client.sms_conversion(SmsConversionRequest(delivered=delivered, **which)).body) == ("OK", True)


CONVERSIONS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown message": ({"message_id": "1", "delivered": True}, "DATA_NOT_EXIST"),
    "an unknown number": ({"to": "6591299999", "delivered": True}, "DATA_NOT_EXIST"),
    "the far future": ({"to": "6591231111", "delivered": True, "conversion_time": 9_999_999_999_999}, "INVALID_PARAMETERS"),
    "before it was sent": ({"to": "6591231111", "delivered": True, "conversion_time": 1_000}, "INVALID_PARAMETERS"),
    "neither true nor false": ({"to": "6591231111", "delivered": "perhaps"}, "INVALID_PARAMETERS"),
}


@pytest.mark.parametrize("case", CONVERSIONS)
def test_a_conversion_that_cannot_be(client: Client, case: str) -> None:
    send(client, "6591231111")
    parameters, code = CONVERSIONS[case]
    assert codes(client.sms_conversion(SmsConversionRequest(**parameters)).body) == (code, True)


RATES = {
    **dict.fromkeys(("0", "0.53", "1", "1e-3"), "OK"),
    **dict.fromkeys(("1.01", "-0.1", "nan", "half", "٠"), "INVALID_PARAMETERS"),
}


@pytest.mark.parametrize("rate", RATES)
def test_a_conversion_rate_is_reported(client: Client, rate: str) -> None:
    """The one operation whose parameters the SDK puts into a form body."""
    request = ConversionDataRequest(conversion_rate=rate, report_time=int(time.time() * 1000))
    assert codes(client.conversion_data(request).body) == (RATES[rate], True)


# --- SendMessageWithTemplate -----------------------------------------------------------------------------------------------


def test_templates_are_not_served(client: Client) -> None:
    """They are for mainland China alone."""
    request = SendMessageWithTemplateRequest(
        to="8613800138000", from_="签名", template_code="SMS_1", template_param='{"code":"1"}', sms_up_extend_code="9"
    )
    assert codes(client.send_message_with_template(request).body) == ("PRODUCT_NOT_SUBSCRIBED", True)
