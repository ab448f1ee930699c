"""The npm SDKs, as they come: the product's own (V3, and V1 when told to) and pop-core (V1, GET and POST)."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clients.calling import SINGAPORE, product, send
from clients.people import GONE, HASTY, NOBODY, OWNER, READER, TEMPORARY
from clients.running import PATIENCE, House, Key

PEERS = Path(__file__).parent.parent / "peers"
SDKS = {"product", "product, V1", "core, GET", "core, POST"}
TEXT = 'a+b !*\'() ~&=%41 中文 👍 €\n<"end">'
WRONG = Key(OWNER.id, "wrong")


def tell(house: House, operation: str, parameters: dict[str, object], key: Key = OWNER) -> dict[str, dict[str, Any]]:
    """What `send.js` printed: a reply or an error for each SDK. Skips the test where it cannot run."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node (Debian's package nodejs)")
    for module in ("dysmsapi20180501", "openapi-core", "pop-core"):
        if not (PEERS / "node_modules" / "@alicloud" / module).is_dir():
            pytest.skip(f"needs npm's @alicloud/{module}: run npm ci --prefix tests/peers")
    credential = {"endpoint": house.endpoint, "id": key.id, "secret": key.secret, "token": key.token or None}
    asked = {**credential, "operation": operation, "parameters": parameters}
    done = subprocess.run([node, PEERS / "send.js", json.dumps(asked)], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    told: dict[str, dict[str, Any]] = json.loads(done.stdout)
    assert told.keys() == SDKS
    return told


def replies(told: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """All SDKs' replies, their members named as on the wire; none of them may have made an error of it."""
    assert not [sdk for sdk, each in told.items() if "error" in each], told
    return [{name[0].upper() + name[1:]: value for name, value in each["reply"].items()} for each in told.values()]


@pytest.mark.parametrize("key", [OWNER, TEMPORARY], ids=["permanent", "temporary"])
def test_a_message_is_sent(house: House, key: Key) -> None:
    """The ids come whole (a number would lose digits), and the texts."""
    parameters: dict[str, object] = {"To": SINGAPORE, "Message": TEXT, "From": "Node", "TaskId": "t*(1)", "ValidityPeriod": 600}
    for reply in replies(tell(house, "SendMessageToGlobe", parameters, key)):
        assert (reply["ResponseCode"], reply["From"], reply["Segments"], reply["To"]) == ("OK", "Node", "1", SINGAPORE)
        assert len(reply["NumberDetail"]) == 3
        kept = house.look(reply["MessageId"]).message
        assert (kept.text, kept.task_id, kept.validity) == (TEXT, "t*(1)", 600)


def test_a_batch_is_sent(house: House) -> None:
    parameters: dict[str, object] = {"To": json.dumps([SINGAPORE, "12"]), "Message": json.dumps([TEXT, "x"], ensure_ascii=False)}
    for reply in replies(tell(house, "BatchSendMessageToGlobe", parameters)):
        assert (reply["ResponseCode"], reply["SuccessCount"], reply["FailedList"]) == ("OK", "1", '["12"]')
        assert house.look(json.loads(reply["MessageIdList"])[0]).message.text == TEXT


def test_reports_are_taken(house: House) -> None:
    """The booleans that node writes, and a form body, which comes in chunks."""
    message_id = send(product(house)).message_id
    report: dict[str, object] = {"MessageId": message_id, "Delivered": True}
    for reply in replies(tell(house, "SmsConversion", report)) + replies(tell(house, "ConversionData", {"ConversionRate": "0.5"})):
        assert reply["ResponseCode"] == "OK"


REFUSED = {
    "a wrong secret": (WRONG, "SignatureDoesNotMatch"),
    "an unknown key": (NOBODY, "InvalidAccessKeyId.NotFound"),
    "a disabled key": (GONE, "InvalidAccessKeyId.Inactive"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_caller_that_is_not_admitted(house: House, case: str) -> None:
    """Every SDK throws an error that has the code."""
    key, code = REFUSED[case]
    told = tell(house, "SendMessageToGlobe", {"To": SINGAPORE, "Message": "x"}, key)
    assert {sdk: each["error"]["code"] for sdk, each in told.items()} == dict.fromkeys(SDKS, code)
    assert told["product"]["error"]["name"] == "ClientError"


def test_calls_that_come_too_fast(house: House) -> None:
    """Four calls where one a second is allowed: the product's SDK throws its ThrottlingError, and knows how long to wait."""
    for _ in range(5):
        told = tell(house, "SendMessageToGlobe", {"To": SINGAPORE, "Message": "x"}, HASTY)
        if "error" in told["product, V1"]:
            break
    error = told["product, V1"]["error"]
    assert (error["name"], error["code"]) == ("ThrottlingError", "Throttling.User")
    assert 0 < error["retryAfter"] <= 2_000


@pytest.mark.parametrize(
    ("key", "to", "code"), [(READER, SINGAPORE, "RAM_PERMISSION_DENY"), (OWNER, "12", "MOBILE_NUMBER_ILLEGAL")]
)
def test_a_business_refusal_is_no_error(house: House, key: Key, to: str, code: str) -> None:
    """pop-core would throw at any member named Code."""
    for reply in replies(tell(house, "SendMessageToGlobe", {"To": to, "Message": "x"}, key)):
        assert reply.keys() == {"ResponseCode", "ResponseDescription", "RequestId"}
        assert reply["ResponseCode"] == code
