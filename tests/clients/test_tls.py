"""The SDKs over TLS, with a certificate that nobody but itself signed. They do not look at REQUESTS_CA_BUNDLE."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alibabacloud_dysmsapi20180501.models import QueryMessageRequest, SendMessageToGlobeRequest
from alibabacloud_tea_util.models import RuntimeOptions
from structlog.testing import capture_logs
from Tea.exceptions import UnretryableException

from clients.calling import SINGAPORE, common, core, core_call, product, send
from clients.certificate import write_certificate
from clients.people import SECURE, configuration
from clients.running import House, running

# The old `requests` within the core SDK, and a client that was told to trust anybody.
pytestmark = [pytest.mark.filterwarnings("ignore:ssl:DeprecationWarning"), pytest.mark.filterwarnings("ignore:Unverified HTTPS")]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate, its key beside it."""
    return write_certificate(tmp_path_factory.mktemp("certificate"))


def with_tls(folder: Path, certificate: Path) -> str:
    """The configuration of a gateway with TLS."""
    return configuration(folder, f'certificate = "{certificate}"\ncertificate_key = "{certificate.with_suffix(".key")}"')


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[House]:
    """A gateway with TLS."""
    with running(with_tls(tmp_path_factory.mktemp("tls"), certificate)) as house:
        yield house


def test_a_certificate_that_is_not_trusted(house: House) -> None:
    """The SDK does not send, and says why."""
    with pytest.raises(UnretryableException, match="CERTIFICATE_VERIFY_FAILED"):
        send(product(house, protocol="https", endpoint=f"localhost:{house.port}"))


@pytest.mark.parametrize("protocol", ["https", None])
def test_the_sdk_is_given_the_certificate(house: House, certificate: Path, protocol: str | None) -> None:
    """As `Config.ca`. HTTPS is what it speaks if not told."""
    client = product(house, protocol=protocol, ca=str(certificate))
    sent = send(client, message="over TLS: 中")
    assert sent.response_code == "OK"
    assert client.query_message(QueryMessageRequest(message_id=sent.message_id)).body.message == "over TLS: 中"


def test_a_policy_may_ask_for_tls(house: House, certificate: Path) -> None:
    """acs:SecureTransport; over plain HTTP the same user is refused, see test_refusals."""
    assert send(product(house, SECURE, protocol="https", ca=str(certificate))).response_code == "OK"


def test_the_core_sdk_reads_the_environment(house: House, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ALIBABA_CLOUD_CA_BUNDLE."""
    monkeypatch.setenv("ALIBABA_CLOUD_CA_BUNDLE", str(certificate))
    request = common(house, "SendMessageToGlobe", {"To": SINGAPORE, "Message": "over TLS"}, protocol="https")
    assert core_call(core(), request)["ResponseCode"] == "OK"


def test_a_client_that_trusts_anybody_and_never_says_goodbye(tmp_path: Path, certificate: Path) -> None:
    """With ignore_ssl it sends; the connection that it keeps does not hold up a gateway that stops.

    A gateway of its own, since the SDK remembers for each address what it trusted first.
    """
    with capture_logs() as events, running(with_tls(tmp_path, certificate)) as house:
        client = product(house, protocol="https")
        request = SendMessageToGlobeRequest(to=SINGAPORE, message="Hello")
        response = client.send_message_to_globe_with_options(request, RuntimeOptions(ignore_ssl=True))
        assert response.body.response_code == "OK"
    assert "drain_ran_out" not in [event["event"] for event in events]
