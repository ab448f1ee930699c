"""The push as it is written, and the acknowledgement as it is read (contract section 4.1)."""

import hashlib
import hmac
import json
import locale
from datetime import UTC, datetime, timedelta, timezone

import pytest

from globewire.message import MessageId, Millis
from globewire.wire import callback

ITEM = callback.Item(
    message=MessageId(100803030010080303),
    to="8521245567",
    sent_at=Millis(1_637_807_220_000),
    received_at=Millis(1_637_807_225_999),
    status="1",
    error_code="DELIVERED",
    error="success",
    task_id="task-1",
    segments=2,
)


def test_body_is_an_array_of_strings() -> None:
    """Every field of the contract, each a string, and nothing else."""
    assert json.loads(callback.body([ITEM])) == [
        {
            "MessageId": "100803030010080303",
            "To": "8521245567",
            "SendDate": "Thu, 25 Nov 2021 10:27:00 +0800",
            "ReceiveDate": "Thu, 25 Nov 2021 10:27:05 +0800",
            "Status": "1",
            "ErrorCode": "DELIVERED",
            "ErrorDescription": "success",
            "TaskId": "task-1",
            "SmsSize": "2",
        }
    ]


def test_body_keeps_the_order() -> None:
    items = [callback.Item(MessageId(n), "1", Millis(0), Millis(0), "2", "", 'é"', "", 1) for n in (3, 1, 2)]
    assert [row["MessageId"] for row in json.loads(callback.body(items))] == ["3", "1", "2"]
    assert callback.body([]) == b"[]"


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (1_637_807_220_000, "Thu, 25 Nov 2021 10:27:00 +0800"),
        (1_545_641_902_000, "Mon, 24 Dec 2018 16:58:22 +0800"),
        (0, "Thu, 01 Jan 1970 08:00:00 +0800"),
        (-1, "Thu, 01 Jan 1970 07:59:59 +0800"),
        (1_709_136_000_000 - 1, "Wed, 28 Feb 2024 23:59:59 +0800"),
        (1_709_136_000_000, "Thu, 29 Feb 2024 00:00:00 +0800"),
        (1_704_038_400_000, "Mon, 01 Jan 2024 00:00:00 +0800"),
    ],
)
def test_dates(at: int, written: str) -> None:
    """The contract's own samples, both sides of midnight at +0800, a leap day, a turn of the year."""
    assert callback.date(Millis(at)) == written


def test_dates_agree_with_the_calendar_of_the_standard_library() -> None:
    """Every 11 days, 7 hours and a bit for thirty years, compared with strftime in the C locale."""
    assert locale.setlocale(locale.LC_TIME) in ("C", "C.UTF-8", "en_US.UTF-8")
    east = timezone(timedelta(hours=8))
    for second in range(0, 30 * 366 * 86_400, 11 * 86_400 + 7 * 3600 + 77):
        expected = datetime.fromtimestamp(second, UTC).astimezone(east).strftime("%a, %d %b %Y %H:%M:%S %z")
        assert callback.date(Millis(second * 1000)) == expected


@pytest.mark.parametrize("at", [10**18, -(10**18), 10**30])
def test_a_date_outside_the_calendar_is_a_value_error(at: int) -> None:
    with pytest.raises(ValueError):
        callback.date(Millis(at))


@pytest.mark.parametrize(
    "content",
    ['{"code":0,"msg":"接收成功"}', '{"code":0}', ' {"msg":"x", "code": 200 } ', '{"code":-1}', '{"code":0.0}', '{"code":1e3}'],
)
def test_200_with_a_number_as_code_acknowledges(content: str) -> None:
    assert callback.acknowledged(200, content.encode())


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, ""),
        (200, "OK"),
        (200, "0"),
        (200, "null"),
        (200, "[]"),
        (200, '[{"code":0}]'),
        (200, "{}"),
        (200, '{"code":"0"}'),
        (200, '{"code":true}'),
        (200, '{"code":null}'),
        (200, '{"code":[0]}'),
        (200, '{"Code":0}'),
        (200, '{"data":{"code":0}}'),
        (200, '{"code":NaN}'),
        (200, '{"code":0'),
        (200, '{"code":0}x'),
        (200, "<html>it works</html>"),
        (201, '{"code":0}'),
        (204, '{"code":0}'),
        (302, '{"code":0}'),
        (500, '{"code":0}'),
        (0, '{"code":0}'),
    ],
)
def test_anything_else_does_not(status: int, content: str) -> None:
    assert not callback.acknowledged(status, content.encode())


def test_signature_covers_timestamp_and_body() -> None:
    """By the recipe in words: HMAC-SHA256, hexadecimal, over the timestamp, a full stop and the body."""
    content = callback.body([ITEM])
    expected = hmac.new(b"secret", b"1637807225." + content, hashlib.sha256).hexdigest()
    assert callback.signature(b"secret", "1637807225", content) == expected
    assert callback.signature(b"secret", "1637807226", content) != expected
    assert callback.signature(b"secret", "1637807225", content + b" ") != expected
    assert callback.signature(b"Secret", "1637807225", content) != expected


def test_headers() -> None:
    """Signed where there is a secret; an HMAC under an empty key would only look like a signature."""
    signed = callback.headers(b"secret", 1637807225, b"[]")
    assert signed == {
        "Content-Type": "application/json;charset=utf-8",
        "x-globewire-timestamp": "1637807225",
        "x-globewire-signature": f"v1={callback.signature(b'secret', '1637807225', b'[]')}",
    }
    assert callback.headers(b"", 1637807225, b"[]") == {"Content-Type": "application/json;charset=utf-8"}


def test_the_beginning_of_an_answer_is_on_one_line() -> None:
    assert callback.beginning(b"<h1>Sorry</h1>\r\n\t come again\x1b[31m \xff") == "<h1>Sorry</h1> come again\ufffd[31m \ufffd"
    assert callback.beginning("接收成功".encode()) == "接收成功"
    assert callback.beginning(b"a" * 100_000) == "a" * 200
    assert callback.beginning(b"") == ""
