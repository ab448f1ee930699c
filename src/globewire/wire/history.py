"""How the API changed over the years, as its SDKs and documents tell (contract section 1). For readers: nothing acts on it.

Globewire serves every version at once: parameters that an SDK does not know are parameters that it does not send.
"""

from globewire.values import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `sdk` is the version of the product's SDK that brought it and `date` its day, month or year, "" where not known;
    `parameter` is "" where it is about none."""

    sdk: str
    date: str
    operations: tuple[str, ...]
    parameter: str
    sentence: str


_SEND, _BATCH, _TEMPLATE = "SendMessageToGlobe", "BatchSendMessageToGlobe", "SendMessageWithTemplate"

HISTORY = (
    Change("1.0.9", "2025", (_SEND,), "Type", "Type became a parameter of the SDK; the documents followed in December 2025."),
    Change("1.0.8", "2024-12-10", ("SmsConversion",), "To", "To may be given in place of MessageId."),
    Change("1.0.8", "2024-12-10", ("SmsConversion",), "MessageId", "MessageId is no longer required."),
    Change("1.0.7", "2024-10-17", (_BATCH,), "ChannelId", "ChannelId became a parameter."),
    Change("1.0.6", "2024-08-01", (_SEND, _TEMPLATE), "ChannelId", "ChannelId became a parameter; documented since 2024-03-28."),
    Change(
        "1.0.4", "2023-06-27", (_SEND, _BATCH), "ValidityPeriod", "ValidityPeriod became a parameter; the day is the documents'."
    ),
    Change("1.0.3", "2021-12-27", ("QueryMessage", _TEMPLATE), "", "RequestId in the reply is no longer empty."),
    Change("1.0.2", "", (), "", "The Python SDK signs with V3; 1.0.0 and 1.0.1 sign with V1."),
    Change("", "2024-04-19", (_SEND,), "", "The documented calls a second rose from 30 to 300; in 2025 they are 2,000."),
    Change("", "", (), "", "Between 2019 and 2023 the codes of the business lost their prefixes isv. and isp."),
    Change(
        "",
        "",
        ("QueryMessage",),
        "",
        "Status was once 1 submitted, 2 failed, 3 delivered; it is 1 delivered, 2 failed, 3 under way.",
    ),
    Change("", "2019", (_SEND,), "", "ResponseDescription was the MessageId and ^0; it is a sentence now."),
    Change("", "", (), "", "The earliest SDKs sent OwnerId, ResourceOwnerAccount and ResourceOwnerId; they are ignored."),
)
"""The newest first, those that no SDK version brought at the end."""


def since(operation: str, parameter: str) -> str:
    """The SDK version that brought a parameter, "" where it was always there."""
    versions = [one.sdk for one in HISTORY if operation in one.operations and one.parameter == parameter and not _loosened(one)]
    return versions[-1] if versions else ""


def _loosened(change: Change) -> bool:
    """A parameter that was there before, and only became optional."""
    return change.parameter == "MessageId"
