"""The ways to call: the product's SDK, the core SDK, and a plain HTTP client that signs by itself."""

import http.client
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alibabacloud_dysmsapi20180501.client import Client
from alibabacloud_dysmsapi20180501.models import QueryMessageRequest, SendMessageToGlobeRequest
from alibabacloud_tea_openapi.models import Config
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from clients.people import OWNER
from clients.running import PATIENCE, House, Key
from globewire.wire.signature import sign_v3, stamp

SINGAPORE = "6591234567"
SILENT = "6591239006"
"""The simulated carrier takes what is sent there and never reports on it."""


def product(house: House, key: Key = OWNER, **more: Any) -> Client:
    """The product's SDK as its README sets it up, but for the endpoint; `more` are further members of its Config."""
    config = Config(
        access_key_id=key.id,
        access_key_secret=key.secret,
        security_token=key.token or None,
        **{"endpoint": house.endpoint, "protocol": "http", **more},
    )
    return Client(config)


def send(client: Client, to: str = SINGAPORE, message: str = "Hello", **more: Any) -> Any:
    """The body of the reply to SendMessageToGlobe."""
    return client.send_message_to_globe(SendMessageToGlobeRequest(to=to, message=message, **more)).body


def settled(client: Client, message_id: str) -> Any:
    """The body of QueryMessage's reply once the message is no longer under way."""
    end = time.monotonic() + PATIENCE
    while True:
        body = client.query_message(QueryMessageRequest(message_id=message_id)).body
        if body.status != "3":
            return body
        assert time.monotonic() < end, f"{message_id} is still under way"
        time.sleep(0.02)


def core(key: Key = OWNER) -> AcsClient:
    """The core SDK."""
    if key.token:
        return AcsClient(region_id="ap-southeast-1", credential=StsTokenCredential(key.id, key.secret, key.token))
    return AcsClient(key.id, key.secret, "ap-southeast-1")


def common(
    house: House, action: str, parameters: Mapping[str, object], method: str = "POST", body: bool = False, protocol: str = "http"
) -> CommonRequest:
    """A CommonRequest, its parameters in the query or in a form body."""
    request = CommonRequest(domain=house.endpoint, version="2018-05-01", action_name=action)
    request.set_method(method)
    request.set_protocol_type(protocol)
    add = request.add_body_params if body else request.add_query_param
    for name, value in parameters.items():
        add(name, value)
    return request


def core_call(client: AcsClient, request: CommonRequest) -> dict[str, Any]:
    """The reply, which the SDK gives as bytes of JSON."""
    found: dict[str, Any] = json.loads(client.do_action_with_exception(request))
    return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body, read as a JSON object."""
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


def fetch(house: House, target: str, headers: Sequence[tuple[str, str]] = (), method: str = "POST", body: bytes = b"") -> Answer:
    """One request on a connection of its own, with these headers and no others but Host and Content-Length."""
    connection = http.client.HTTPConnection(house.host, house.port, timeout=PATIENCE)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in {"host": house.endpoint, "content-length": str(len(body)), **dict(headers)}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    finally:
        connection.close()


def signed(
    house: House, operation: str, parameters: Mapping[str, str], key: Key = OWNER, body: bytes = b""
) -> tuple[str, list[tuple[str, str]]]:
    """Target and headers of a V3 call, made now with a new nonce."""
    date, nonce = stamp(time.time_ns() // 1_000_000), str(uuid.uuid4())
    return sign_v3("POST", house.endpoint, parameters, body, key.id, key.secret, operation, date, nonce, token=key.token)
