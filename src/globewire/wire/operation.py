"""The six operations: what each takes, what it answers, how often it may be called and which RAM action guards it.

One table (contract section 1), read by the request reader and by whoever writes the reference pages. It checks no value:
the limits here are words for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

VERSION = "2018-05-01"


class Kind(StrEnum):
    """What a parameter's or a reply field's text means. On the wire each is a string (contract 1 and 9.9)."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    NUMBER = "number"
    LIST = "JSON array in a string"
    OBJECT = "JSON object in a string"
    DETAIL = "object"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One business parameter of an operation. `limits` is "" where none is known."""

    name: str
    kind: Kind
    required: bool
    limits: str
    description: str


@dataclass(frozen=True, slots=True)
class Field:
    """One member of an operation's reply. All but NumberDetail travel as strings."""

    name: str
    kind: Kind
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `quota` is the default number of calls a second for an account and all its users."""

    name: str
    description: str
    quota: int
    parameters: tuple[Parameter, ...]
    reply: tuple[Field, ...]

    @property
    def ram_action(self) -> str:
        """The action that a RAM policy allows or denies (contract 5)."""
        return f"dysms:{self.name}"


_SENDER = Parameter(
    "From", Kind.STRING, False, "at most 11 letters and digits, or at most 15 digits", "The sender ID that the phone shows."
)
_TYPE = Parameter("Type", Kind.STRING, False, "OTP, NOTIFY, MKT or GENERAL", "What the text is for.")
_TASK_ID = Parameter("TaskId", Kind.STRING, False, "1 to 255 characters", "An id of your own; the receipt carries it.")
_VALIDITY = Parameter("ValidityPeriod", Kind.INTEGER, False, "seconds", "How long to go on trying to deliver.")
_CHANNEL = Parameter("ChannelId", Kind.STRING, False, "", "The channel to send by, where you were given one.")

_CODE = (
    Field("ResponseCode", Kind.STRING, "OK, or the code of the refusal."),
    Field("ResponseDescription", Kind.STRING, "The code in a sentence."),
    Field("RequestId", Kind.STRING, "The id of this call."),
)
_TO = Field("To", Kind.STRING, "The number, as it was given.")
_MESSAGE_ID = Field("MessageId", Kind.STRING, "The message's id: 18 digits.")
_SEGMENTS = Field("Segments", Kind.INTEGER, "How many parts the text takes.")
_DETAIL = Field("NumberDetail", Kind.DETAIL, "Country, Region and Carrier of the number, as English text.")

_TABLE = (
    Operation(
        "SendMessageToGlobe",
        "Sends a text to one number outside mainland China.",
        30,
        (
            Parameter("To", Kind.STRING, True, "digits only: dialling code and number", "The number to send to."),
            Parameter("Message", Kind.STRING, True, "", "The whole text."),
            _SENDER,
            _TYPE,
            _TASK_ID,
            _VALIDITY,
            _CHANNEL,
        ),
        (*_CODE, _MESSAGE_ID, _TO, Field("From", Kind.STRING, "The sender ID."), _SEGMENTS, _DETAIL),
    ),
    Operation(
        "BatchSendMessageToGlobe",
        "Sends one text each to up to 1,000 numbers outside mainland China.",
        1,
        (
            Parameter("To", Kind.LIST, True, "at most 1,000 numbers", "The numbers to send to."),
            Parameter("Message", Kind.LIST, True, "as many as numbers", "The texts, in the numbers' order."),
            _SENDER,
            _TYPE,
            _TASK_ID,
            _VALIDITY,
            _CHANNEL,
        ),
        (
            *_CODE,
            Field("From", Kind.STRING, "The sender ID."),
            Field("SuccessCount", Kind.INTEGER, "How many messages were accepted."),
            Field("FailedList", Kind.LIST, "The numbers that were refused."),
            Field("MessageIdList", Kind.LIST, "The ids of the messages that were accepted."),
        ),
    ),
    Operation(
        "SendMessageWithTemplate",
        "Sends a text made from an approved template to one number in mainland China.",
        30,
        (
            Parameter("To", Kind.STRING, True, "digits only, beginning with 86", "The number to send to."),
            Parameter("From", Kind.STRING, True, "", "The approved signature."),
            Parameter("TemplateCode", Kind.STRING, True, "SMS_ and digits", "The approved template."),
            Parameter("TemplateParam", Kind.OBJECT, False, "", "The values of the template's variables."),
            Parameter("SmsUpExtendCode", Kind.STRING, False, "", "The extension code for replies from the phone."),
            _VALIDITY,
            _CHANNEL,
        ),
        (*_CODE, _MESSAGE_ID, _TO, _SEGMENTS, _DETAIL),
    ),
    Operation(
        "QueryMessage",
        "Tells what became of a message.",
        300,
        (Parameter("MessageId", Kind.STRING, True, "18 digits", "The message's id."),),
        (
            *_CODE,
            _MESSAGE_ID,
            Field("Status", Kind.INTEGER, "1 delivered, 2 failed, 3 under way."),
            Field("ErrorCode", Kind.STRING, "The carrier's word for the outcome."),
            Field("ErrorDescription", Kind.STRING, "The outcome in a sentence."),
            Field("SendDate", Kind.STRING, "When it was sent, as Mon, 24 Dec 2018 16:58:22 +0800."),
            Field("ReceiveDate", Kind.STRING, "When its outcome was reported, in the same form."),
            Field("Message", Kind.STRING, "The text."),
            _TO,
            _DETAIL,
        ),
    ),
    Operation(
        "SmsConversion",
        "Reports whether one message led to what it was sent for.",
        500,
        (
            Parameter("MessageId", Kind.STRING, False, "18 digits", "The message's id; give it or To."),
            Parameter("Delivered", Kind.BOOLEAN, True, "true or false, in any case", "Whether it was received and used."),
            Parameter("ConversionTime", Kind.INTEGER, False, "milliseconds since 1970", "When; now where it is absent."),
            Parameter("To", Kind.STRING, False, "digits only", "The number; give it or MessageId."),
        ),
        _CODE,
    ),
    Operation(
        "ConversionData",
        "Reports the share of messages that led to what they were sent for.",
        10,
        (
            Parameter("ConversionRate", Kind.NUMBER, True, "from 0 to 1", "The share."),
            Parameter("ReportTime", Kind.INTEGER, False, "milliseconds since 1970", "When; now where it is absent."),
        ),
        _CODE,
    ),
)

OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in _TABLE}
"""The operations by name, in the order of the reference."""
