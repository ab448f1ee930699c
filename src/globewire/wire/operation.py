"""The six operations: what each takes, what it answers, how often it may be called and which RAM action guards it.

One table (contract section 1), read by the request reader and by whoever writes the reference, for people and for programs.
It checks no value: that is done in `parameters` and beside it, and tests hold the bounds here to it.
"""

from collections.abc import Mapping
from enum import StrEnum

from globewire.message import MessageType
from globewire.values import dataclass
from globewire.wire.parameters import LONGEST_TASK_ID, LONGEST_TEXT, LONGEST_VALIDITY

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
class Bounds:
    """What a value must keep to, for programs: the least and most of a number, of a text's characters or of a list's members; a
    regular expression (ECMA 262) for the whole of it; the values that it may have. What keeps to it may still be refused."""

    least: int | None = None
    most: int | None = None
    pattern: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One business parameter of an operation. `limits` is "" where none is known."""

    name: str
    kind: Kind
    required: bool
    limits: str
    description: str
    bounds: Bounds = Bounds()


@dataclass(frozen=True, slots=True)
class Field:
    """One member of an operation's reply. All but NumberDetail travel as strings; `pattern` is what every value has, "" for any."""

    name: str
    kind: Kind
    description: str
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `quota` is the default number of calls a second for an account and all its users. `changing`: it keeps
    something, so its nonce is kept too, and it may carry an idempotency key."""

    name: str
    description: str
    quota: int
    changing: bool
    parameters: tuple[Parameter, ...]
    reply: tuple[Field, ...]

    @property
    def ram_action(self) -> str:
        """The action that a RAM policy allows or denies (contract 5)."""
        return f"dysms:{self.name}"


WHOLE_NUMBER = "^[0-9]+$"
MESSAGE_ID = "^[0-9]{18}$"
DATE = "^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} [+]0800$"
"""As receipts and QueryMessage write a time (contract 1.4)."""
NUMBER = "^[1-9][0-9]{5,14}$"
SENDER = "^([A-Za-z0-9]{1,11}|[0-9]{12,15})$"
NO_NUL = "^[^\\u0000]*$"
MOST_NUMBERS = 1000

_SENDER = Parameter(
    "From",
    Kind.STRING,
    False,
    "at most 11 letters and digits, or at most 15 digits",
    "The sender ID that the phone shows.",
    Bounds(pattern=SENDER),
)
_TYPE = Parameter(
    "Type", Kind.STRING, False, "OTP, NOTIFY, MKT or GENERAL", "What the text is for.", Bounds(choices=tuple(MessageType))
)
_TASK_ID = Parameter(
    "TaskId",
    Kind.STRING,
    False,
    f"1 to {LONGEST_TASK_ID} characters",
    "An id of your own; the receipt carries it.",
    Bounds(1, LONGEST_TASK_ID, NO_NUL),
)
_VALIDITY = Parameter(
    "ValidityPeriod",
    Kind.INTEGER,
    False,
    f"seconds, 1 to {LONGEST_VALIDITY:,}",
    "How long to go on trying to deliver.",
    Bounds(1, LONGEST_VALIDITY),
)
_CHANNEL = Parameter("ChannelId", Kind.STRING, False, "", "The channel to send by, where you were given one.")
_MOMENT = Bounds(least=1)

_CODE = (
    Field("ResponseCode", Kind.STRING, "OK, or the code of the refusal.", "^[A-Z_]+$"),
    Field("ResponseDescription", Kind.STRING, "The code in a sentence."),
    Field("RequestId", Kind.STRING, "The id of this call.", "^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$"),
)
_TO = Field("To", Kind.STRING, "The number, as it was given.", NUMBER)
_MESSAGE_ID = Field("MessageId", Kind.STRING, "The message's id: 18 digits.", MESSAGE_ID)
_SEGMENTS = Field("Segments", Kind.INTEGER, "How many parts the text takes.", WHOLE_NUMBER)
_DETAIL = Field("NumberDetail", Kind.DETAIL, "Country, Region and Carrier of the number, as English text.")

_TABLE = (
    Operation(
        "SendMessageToGlobe",
        "Sends a text to one number outside mainland China.",
        30,
        True,
        (
            Parameter(
                "To", Kind.STRING, True, "digits only: dialling code and number", "The number to send to.", Bounds(pattern=NUMBER)
            ),
            Parameter(
                "Message",
                Kind.STRING,
                True,
                f"1 to {LONGEST_TEXT:,} characters",
                "The whole text.",
                Bounds(1, LONGEST_TEXT, NO_NUL),
            ),
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
        True,
        (
            Parameter(
                "To", Kind.LIST, True, f"at most {MOST_NUMBERS:,} numbers", "The numbers to send to.", Bounds(1, MOST_NUMBERS)
            ),
            Parameter(
                "Message", Kind.LIST, True, "as many as numbers", "The texts, in the numbers' order.", Bounds(1, MOST_NUMBERS)
            ),
            _SENDER,
            _TYPE,
            _TASK_ID,
            _VALIDITY,
            _CHANNEL,
        ),
        (
            *_CODE,
            Field("From", Kind.STRING, "The sender ID."),
            Field("SuccessCount", Kind.INTEGER, "How many messages were accepted.", WHOLE_NUMBER),
            Field("FailedList", Kind.LIST, "The numbers that were refused."),
            Field("MessageIdList", Kind.LIST, "The ids of the messages that were accepted."),
        ),
    ),
    Operation(
        "SendMessageWithTemplate",
        "Sends a text made from an approved template to one number in mainland China.",
        30,
        False,
        (
            Parameter(
                "To",
                Kind.STRING,
                True,
                "digits only, beginning with 86",
                "The number to send to.",
                Bounds(pattern="^86[0-9]{4,13}$"),
            ),
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
        False,
        (Parameter("MessageId", Kind.STRING, True, "18 digits", "The message's id.", Bounds(pattern=MESSAGE_ID)),),
        (
            *_CODE,
            _MESSAGE_ID,
            Field("Status", Kind.INTEGER, "1 delivered, 2 failed, 3 under way.", "^[123]$"),
            Field("ErrorCode", Kind.STRING, "The carrier's word for the outcome."),
            Field("ErrorDescription", Kind.STRING, "The outcome in a sentence."),
            Field("SendDate", Kind.STRING, "When it was sent, as Mon, 24 Dec 2018 16:58:22 +0800.", DATE),
            Field("ReceiveDate", Kind.STRING, "When its outcome was reported, in the same form.", f"^$|{DATE}"),
            Field("Message", Kind.STRING, "The text."),
            _TO,
            _DETAIL,
        ),
    ),
    Operation(
        "SmsConversion",
        "Reports whether one message led to what it was sent for.",
        500,
        True,
        (
            Parameter("MessageId", Kind.STRING, False, "18 digits", "The message's id; give it or To.", Bounds(pattern=MESSAGE_ID)),
            Parameter("Delivered", Kind.BOOLEAN, True, "true or false, in any case", "Whether it was received and used."),
            Parameter("ConversionTime", Kind.INTEGER, False, "milliseconds since 1970", "When; now where it is absent.", _MOMENT),
            Parameter("To", Kind.STRING, False, "digits only", "The number; give it or MessageId.", Bounds(pattern=NUMBER)),
        ),
        _CODE,
    ),
    Operation(
        "ConversionData",
        "Reports the share of messages that led to what they were sent for.",
        10,
        True,
        (
            Parameter("ConversionRate", Kind.NUMBER, True, "from 0 to 1", "The share.", Bounds(0, 1)),
            Parameter("ReportTime", Kind.INTEGER, False, "milliseconds since 1970", "When; now where it is absent.", _MOMENT),
        ),
        _CODE,
    ),
)

OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in _TABLE}
"""The operations by name, in the order of the reference."""
