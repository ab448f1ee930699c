"""The gateways that the SDKs call, one of each kind for all tests of a file."""

from collections.abc import Iterator

import pytest

from clients.people import DISABLED, configuration
from clients.running import House, running


@pytest.fixture(scope="module", autouse=True)
def no_proxies() -> Iterator[None]:
    """SDKs would send what is meant for loopback to the proxies that the environment names."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway with plain HTTP that refuses as the product does: HTTP 200 with RAM_PERMISSION_DENY."""
    with running(configuration(tmp_path_factory.mktemp("house")), DISABLED) as house:
        yield house


@pytest.fixture(scope="module")
def strict_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway with plain HTTP that refuses as the generic one does, HTTP 403 with NoPermission, and takes no large requests."""
    api = 'refusal_form = "gateway"\nline_limit = 65536\nbody_limit = 65536'
    with running(configuration(tmp_path_factory.mktemp("strict"), api), DISABLED) as house:
        yield house
