"""The history of the API speaks of operations and parameters that there are, and dates each parameter."""

from globewire.wire.history import HISTORY, since
from globewire.wire.operation import OPERATIONS


def test_it_speaks_of_what_there_is() -> None:
    for change in HISTORY:
        for name in change.operations:
            assert not change.parameter or change.parameter in {each.name for each in OPERATIONS[name].parameters}, change


def test_the_newest_sdk_comes_first() -> None:
    versions = [tuple(map(int, change.sdk.split("."))) for change in HISTORY if change.sdk]
    assert versions == sorted(versions, reverse=True)


def test_since() -> None:
    """Contract 1.1 to 1.5."""
    assert {each.name: since("SendMessageToGlobe", each.name) for each in OPERATIONS["SendMessageToGlobe"].parameters} == {
        "To": "",
        "Message": "",
        "From": "",
        "Type": "1.0.9",
        "TaskId": "",
        "ValidityPeriod": "1.0.4",
        "ChannelId": "1.0.6",
    }
    assert since("BatchSendMessageToGlobe", "ChannelId") == "1.0.7"
    assert (since("SmsConversion", "To"), since("SmsConversion", "MessageId")) == ("1.0.8", "")
