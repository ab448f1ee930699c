"""The core SDK's CommonRequest, as it comes: signed by V1 (HMAC-SHA1), parameters in the query or in a form body."""

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException

from clients.calling import SINGAPORE, common, core, core_call, product, settled
from clients.people import NOBODY, OWNER, TEMPORARY
from clients.running import House, Key

WAYS = {"GET": ("GET", False), "POST, query": ("POST", False), "POST, body": ("POST", True)}
TEXT = 'a+b &=%~*\'()!/? 中文 👍 €\n<"end">'


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Method and place of the parameters."""
    method, body = WAYS[request.param]
    return {"method": method, "body": body}


def test_every_operation_is_served(house: House, way: dict[str, Any]) -> None:
    """Send, query, report: the replies have the members of the reference, and texts come through whole."""
    client = core()

    def call(action: str, **parameters: object) -> dict[str, Any]:
        return core_call(client, common(house, action, parameters, **way))

    sent = call("SendMessageToGlobe", To=SINGAPORE, Message=TEXT, From="Shop", Type="NOTIFY", TaskId="core", ValidityPeriod=600)
    assert sent.keys() == {
        "ResponseCode", "ResponseDescription", "RequestId", "MessageId", "To", "From", "Segments", "NumberDetail"
    }  # fmt: skip
    assert (sent["ResponseCode"], sent["To"], sent["From"], sent["Segments"]) == ("OK", SINGAPORE, "Shop", "1")
    settled(product(house), sent["MessageId"])
    found = call("QueryMessage", MessageId=sent["MessageId"])
    assert (found["Message"], found["Status"], found["ErrorCode"]) == (TEXT, "1", "DELIVERED")
    both = call("BatchSendMessageToGlobe", To=json.dumps([SINGAPORE, "12"]), Message=json.dumps([TEXT, "x"]))
    assert (both["SuccessCount"], both["FailedList"]) == ("1", '["12"]')
    assert call("SmsConversion", MessageId=sent["MessageId"], Delivered="true")["ResponseCode"] == "OK"
    assert call("ConversionData", ConversionRate="0.53")["ResponseCode"] == "OK"
    assert call("SendMessageWithTemplate", To="8613800138000")["ResponseCode"] == "PRODUCT_NOT_SUBSCRIBED"


def test_xml_is_the_other_format(house: House, way: dict[str, Any]) -> None:
    """The same members as elements below one that is named for the operation."""
    request = common(house, "SendMessageToGlobe", {"To": "85261234567", "Message": TEXT}, **way)
    request.set_accept_format("XML")
    with pytest.warns(DeprecationWarning):
        reply = core().do_action(request)  # the SDK's only call that leaves the format alone
    root = ElementTree.fromstring(reply)
    assert root.tag == "SendMessageToGlobeResponse"
    assert (root.findtext("ResponseCode"), root.findtext("NumberDetail/Region")) == ("OK", "HongKong")
    query = common(house, "QueryMessage", {"MessageId": root.findtext("MessageId")}, **way)
    query.set_accept_format("XML")
    with pytest.warns(DeprecationWarning):
        found = ElementTree.fromstring(core().do_action(query))
    assert (found.tag, found.findtext("Message")) == ("QueryMessageResponse", TEXT)


def test_a_temporary_credential(house: House, way: dict[str, Any]) -> None:
    """Its SecurityToken is one more parameter, and must be its own."""
    parameters = {"To": SINGAPORE, "Message": TEXT}
    assert core_call(core(TEMPORARY), common(house, "SendMessageToGlobe", parameters, **way))["ResponseCode"] == "OK"
    for key, code in {
        Key(TEMPORARY.id, TEMPORARY.secret): "MissingSecurityToken",
        Key(TEMPORARY.id, TEMPORARY.secret, "other"): "InvalidSecurityToken.MismatchWithAccessKey",
        Key(OWNER.id, OWNER.secret, TEMPORARY.token): "InvalidSecurityToken.MismatchWithAccessKey",
    }.items():
        with pytest.raises(ServerException) as refused:
            core_call(core(key), common(house, "SendMessageToGlobe", parameters, **way))
        assert (refused.value.error_code, refused.value.http_status) == (code, 400)


def test_a_batch_of_a_thousand_in_one_body(house: House) -> None:
    numbers = [f"65911{n:05}" for n in range(1000)]
    parameters = {"To": json.dumps(numbers), "Message": json.dumps([f"文 {n}" for n in numbers]), "TaskId": "body"}
    reply = core_call(core(), common(house, "BatchSendMessageToGlobe", parameters, body=True))
    assert (reply["ResponseCode"], reply["SuccessCount"]) == ("OK", "1000")
    kept = house.search(task_id="body", limit=1001)
    assert {each.message.to: each.message.text for each in kept} == {n: f"文 {n}" for n in numbers}


def test_a_refusal_in_xml_is_xml(house: House) -> None:
    """The core SDK cannot read it, but others do: the envelope with Code, Message, RequestId, HostId and Recommend."""
    request = common(house, "SendMessageToGlobe", {"To": SINGAPORE, "Message": "x"})
    request.set_accept_format("XML")
    with pytest.warns(DeprecationWarning):
        root = ElementTree.fromstring(core(NOBODY).do_action(request))
    assert [child.tag for child in root] == ["RequestId", "HostId", "Code", "Message", "Recommend"]
    assert (root.tag, root.findtext("Code"), root.findtext("HostId")) == ("Error", "InvalidAccessKeyId.NotFound", house.endpoint)
