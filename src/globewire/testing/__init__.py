"""For the tests of applications that send SMS: an emulator, what it got, and what becomes of it.

    with Emulator.start() as emulator:
        send_code("6591234567")             # your code, its SDK pointed at emulator.endpoint
        assert login(emulator.wait_for("6591234567").code)

It needs the standard library and nothing else, and imports nothing of the gateway, which runs in a process of its own.
docs/emulator.md has a whole example; `globewire.testing.plugin` are the fixtures for pytest.
"""

from globewire.testing.emulator import Emulator, EmulatorFault, NoMessage
from globewire.testing.message import Event, Message, Part

__all__ = ["Emulator", "EmulatorFault", "Event", "Message", "NoMessage", "Part"]
