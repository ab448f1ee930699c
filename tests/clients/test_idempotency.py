"""Idempotency keys through the unmodified product SDK, whose runtime options carry the header."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alibabacloud_dysmsapi20180501.client import Client
from alibabacloud_dysmsapi20180501.models import BatchSendMessageToGlobeRequest, SendMessageToGlobeRequest
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_util.models import ExtendsParameters, RuntimeOptions

from clients.calling import SINGAPORE, product
from clients.people import STRANGER
from clients.running import House

MARK = "x-globewire-idempotent-replay"


@pytest.fixture(scope="module")
def client(house: House) -> Client:
    return product(house)


def send(client: Client, key: str, message: str = "Your code is 1234", to: str = SINGAPORE, **more: str) -> Any:
    options = RuntimeOptions(extends_parameters=ExtendsParameters(headers={"Idempotency-Key": key}))
    return client.send_message_to_globe_with_options(SendMessageToGlobeRequest(to=to, message=message, **more), options)


def test_the_same_call_again_gets_the_same_answer_and_sends_nothing(client: Client, house: House) -> None:
    first, second = send(client, "order-1", task_id="once-1"), send(client, "order-1", task_id="once-1")
    assert second.body.to_map() == first.body.to_map()
    assert MARK not in first.headers
    assert second.headers[MARK] == "true"
    assert second.headers["x-acs-request-id"] == first.body.request_id
    assert len(house.search(task_id="once-1")) == 1


def test_another_call_under_the_same_key_is_a_conflict(client: Client) -> None:
    send(client, "order-2")
    with pytest.raises(ClientException) as refused:
        send(client, "order-2", "Your code is 5678")
    assert (refused.value.code, refused.value.status_code) == ("IdempotencyKeyReused", 409)


def test_keys_are_each_account_s_own(client: Client, house: House) -> None:
    ours, theirs = send(client, "order-3"), send(product(house, STRANGER), "order-3", "Something else")
    assert ours.body.message_id != theirs.body.message_id


def test_of_twenty_calls_at_once_one_sends(client: Client, house: House) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: send(client, "order-4", task_id="once-4").body.message_id, range(20)))
    assert len(set(answers)) == 1
    assert [str(standing.message.id) for standing in house.search(task_id="once-4")] == answers[:1]


def test_a_refused_call_uses_no_key_up(client: Client) -> None:
    assert send(client, "order-5", to="12").body.response_code == "MOBILE_NUMBER_ILLEGAL"
    assert send(client, "order-5").body.response_code == "OK"


@pytest.mark.parametrize("key", ["x" * 256, ""])
def test_a_key_that_cannot_be_is_refused(client: Client, key: str) -> None:
    with pytest.raises(ClientException) as refused:
        send(client, key)
    assert refused.value.code == "InvalidIdempotencyKey"


def test_a_batch_has_a_key_too(client: Client) -> None:
    options = RuntimeOptions(extends_parameters=ExtendsParameters(headers={"Idempotency-Key": "batch-1"}))
    request = BatchSendMessageToGlobeRequest(to=f'["{SINGAPORE}", "{SINGAPORE}"]', message='["a", "b"]', type="NOTIFY")
    first, second = (client.batch_send_message_to_globe_with_options(request, options).body for _ in range(2))
    assert first.message_id_list == second.message_id_list
