"""Fixtures for pytest, which finds them by itself where this package is installed.

`globewire` is what a test takes: an emulator that has nothing of earlier tests. `globewire_emulator` runs it, once for the whole
session; to run it otherwise, write a fixture of that name in conftest.py:

    @pytest.fixture(scope="session")
    def globewire_emulator():
        with Emulator.start(callback="http://127.0.0.1:8000/receipts") as emulator:
            yield emulator
"""

from collections.abc import Iterator

import pytest

from globewire.testing.emulator import Emulator


@pytest.fixture(scope="session")
def globewire_emulator() -> Iterator[Emulator]:
    """An emulator in a process of its own, for all tests of the session."""
    with Emulator.start() as emulator:
        yield emulator


@pytest.fixture
def globewire(globewire_emulator: Emulator) -> Emulator:
    """The session's emulator, with nothing left of what earlier tests sent and ordered."""
    globewire_emulator.reset()
    return globewire_emulator
