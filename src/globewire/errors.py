"""The refusals: one row for each thing that can go wrong, and the one exception that carries a row to whoever answers.

A row says what a client may match on (code, HTTP status, sentence), whose fault it is, and whether another try may help.
Sources: the gateway's codes are contract section 3.2, the business codes section 3.4. Nobody inspects sentences.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """Whose mistake a refusal is."""

    CALLER = "caller"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Row:
    """One refusal. `sentence` may hold `{}` places that `Refused` fills; HTTP 200 marks a business code (`ResponseCode`)."""

    code: str
    http: int
    sentence: str
    fault: Fault = Fault.CALLER
    again: bool = False

    @property
    def business(self) -> bool:
        """Whether it travels as `ResponseCode` in an ordinary reply instead of in the error envelope."""
        return self.http == 200


@dataclass(eq=False)  # not frozen and without slots: an exception must let its traceback be set
class Refused(Exception):
    """A call that is refused: the row, its sentence with the places filled, and what else the reply must carry.

    `headers` go into the reply as they are; `details` are extra members of the envelope (AccessDeniedDetail).
    """

    row: Row
    sentence: str
    headers: tuple[tuple[str, str], ...] = ()
    details: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.row.code}: {self.sentence}"


@dataclass(eq=False)
class Amiss(Exception):
    """A change of the books that cannot be made: `sentence` says why, `advice` what to do instead, both for people."""

    sentence: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.sentence}: {self.advice}" if self.advice else self.sentence


class Unavailable(Exception):
    """The hold cannot write or read now (disk full, file read-only, database gone). Nothing was kept: offer another try."""


def refuse(row: Row, *words: str, headers: tuple[tuple[str, str], ...] = (), **details: object) -> Refused:
    """The exception for `row`, with `words` put into its sentence's `{}` places."""
    return Refused(row, row.sentence.format(*words), headers, details)


PARAMETER = "<Param>"
"""Stands for a parameter's name in the codes `Missing<Param>` and `Invalid<Param>`."""


def missing(parameter: str) -> Refused:
    """`Missing<Param>`: a required parameter is absent or empty (contract 3.2)."""
    return refuse(Row(f"Missing{parameter}", 400, "{} is mandatory for this action."), parameter)


def invalid(parameter: str) -> Refused:
    """`Invalid<Param>`: a parameter of the protocol itself has a value that cannot be (contract 3.2)."""
    return refuse(Row(f"Invalid{parameter}", 400, "Specified parameter {} is not valid."), parameter)


# The gateway's own codes (contract 3.2).
MISSING_ACCESS_KEY_ID = Row("MissingAccessKeyId", 400, "AccessKeyId is mandatory for this action.")
ACCESS_KEY_NOT_FOUND = Row("InvalidAccessKeyId.NotFound", 404, "Specified access key is not found.")
ACCESS_KEY_INACTIVE = Row("InvalidAccessKeyId.Inactive", 400, "Specified access key is disabled.")
SIGNATURE_V1 = Row(
    "SignatureDoesNotMatch", 400, "Specified signature is not matched with our calculation. server string to sign is:{}"
)
SIGNATURE_V3 = Row(
    "SignatureDoesNotMatch",
    400,
    "Specified signature does not match our calculation. server StringToSign is [{}] server CanonicalRequest is [{}]",
)
INCOMPLETE_SIGNATURE = Row("IncompleteSignature", 400, "The request signature does not conform to Aliyun standards.")
INVALID_SIGNATURE_METHOD = Row("InvalidSignatureMethod", 400, "Specified signature method is not valid.")
NONCE_USED = Row("SignatureNonceUsed", 400, "Specified signature nonce was used already.")
TIMESTAMP_EXPIRED = Row("InvalidTimeStamp.Expired", 400, "Specified time stamp or date value is expired.")
TIMESTAMP_FORMAT = Row("InvalidTimeStamp.Format", 400, "Specified time stamp or date value is not well formatted.")
MISSING_SECURITY_TOKEN = Row("MissingSecurityToken", 400, "SecurityToken is mandatory for this action.")
SECURITY_TOKEN_MALFORMED = Row("InvalidSecurityToken.Malformed", 400, "Specified SecurityToken is malformed.")
SECURITY_TOKEN_EXPIRED = Row("InvalidSecurityToken.Expired", 400, "Specified SecurityToken is expired.")
SECURITY_TOKEN_MISMATCH = Row(
    "InvalidSecurityToken.MismatchWithAccessKey", 400, "Specified SecurityToken mismatch with the AccessKey."
)
FORMAT = Row("InvalidParameter.Format", 400, "Specified parameter Format is not valid.")
INVALID_VERSION = Row("InvalidVersion", 400, "Specified parameter Version is not valid.")
ACTION_NOT_FOUND = Row("InvalidAction.NotFound", 404, "Specified api is not found, please check your url and method.")
METHOD = Row("UnsupportedHTTPMethod", 400, "This http method is not supported.")
NEED_SSL = Row("InvalidProtocol.NeedSsl", 400, "Your request is denied as lack of ssl protect.")
THROTTLING_USER = Row("Throttling.User", 400, "Request was denied due to user flow control.", again=True)
NO_PERMISSION = Row("NoPermission", 403, "You are not authorized to do this action. Action: {}")
INTERNAL_ERROR = Row("InternalError", 500, "The request processing has failed due to some unknown error.", Fault.OURS, again=True)
SERVICE_UNAVAILABLE = Row(
    "ServiceUnavailable", 503, "The request has failed due to a temporary failure of the server.", Fault.OURS, again=True
)
# Ours: the contract does not establish what the real gateway says to these.
IDEMPOTENCY_CONFLICT = Row(
    "IdempotencyKeyReused", 409, "The idempotency key was used before, for a call with other content: use a new key for each send."
)
MALFORMED_REQUEST = Row("InvalidRequest", 400, "The request is not well-formed HTTP: {}.")
REQUEST_TOO_LARGE = Row("RequestTooLarge", 413, "The request is larger than this server takes: {}.")
REQUEST_TIMEOUT = Row("RequestTimeout", 408, "The request did not arrive in time.", again=True)

# Business codes (contract 3.4). OK is among them, so that one table has every ResponseCode.
OK = Row("OK", 200, "The SMS Send Request was accepted")
INVALID_SENDERID = Row("INVALID_SENDERID", 200, "The sender ID is not valid: {}.")
MOBILE_NUMBER_ILLEGAL = Row("MOBILE_NUMBER_ILLEGAL", 200, "The mobile number is not valid: {}.")
MOBILE_COUNT_OVER_LIMIT = Row("MOBILE_COUNT_OVER_LIMIT", 200, "More than 1000 mobile numbers in one call.")
INVALID_PARAMETERS = Row("INVALID_PARAMETERS", 200, "The parameter is not valid: {}.")
INVALID_JSON_PARAM = Row("INVALID_JSON_PARAM", 200, "The parameter is not the JSON expected: {}.")
PARAM_LENGTH_LIMIT = Row("PARAM_LENGTH_LIMIT", 200, "The parameter has a length outside its limits: {}.")
SYSTEM_ERROR = Row("SYSTEM_ERROR", 200, "The system failed.", Fault.OURS, again=True)
DATA_NOT_EXIST = Row("DATA_NOT_EXIST", 200, "The message does not exist.")
RAM_PERMISSION_DENY = Row("RAM_PERMISSION_DENY", 200, "The RAM user is not permitted to do this.")
PRODUCT_NOT_SUBSCRIBED = Row("PRODUCT_NOT_SUBSCRIBED", 200, "The product is not activated.")
NOT_SUPPORTED_COUNTRY = Row("NOT_SUPPORTED_COUNTRY", 200, "The destination is not supported: {}.")
ACCOUNT_ILLEGAL = Row("ACCOUNT_ILLEGAL", 200, "The account is not valid.")


def rows(business: bool) -> tuple[Row, ...]:
    """The table, in its order: the business codes, OK among them, or the gateway's own and the two that name a parameter."""
    named = tuple(row for row in globals().values() if isinstance(row, Row) and row.business is business)
    return named if business else (*named, missing(PARAMETER).row, invalid(PARAMETER).row)


def reason(fault: BaseException) -> str:
    """Why, in words: of what the system refused without its number and the path, which the sentence around it names."""
    return (fault.strerror or "").lower() or str(fault) if isinstance(fault, OSError) else str(fault)
