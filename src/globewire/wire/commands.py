"""The tables of SMPP 3.4: commands and the fields of their bodies, statuses, and the optional parameters with their kinds.

Nothing here reads or writes; `wire.fields` and `wire.pdu` do, from these rows.
"""

from enum import Enum, IntEnum

from globewire.values import dataclass

RESP = 0x8000_0000
"""The bit that makes a response's command id out of its request's (SMPP 3.4 section 5.1.2.1)."""


class Command(IntEnum):
    """Command ids (SMPP 3.4 section 5.1.2.1)."""

    BIND_RECEIVER = 0x0000_0001
    BIND_TRANSMITTER = 0x0000_0002
    QUERY_SM = 0x0000_0003
    SUBMIT_SM = 0x0000_0004
    DELIVER_SM = 0x0000_0005
    UNBIND = 0x0000_0006
    REPLACE_SM = 0x0000_0007
    CANCEL_SM = 0x0000_0008
    BIND_TRANSCEIVER = 0x0000_0009
    OUTBIND = 0x0000_000B
    ENQUIRE_LINK = 0x0000_0015
    SUBMIT_MULTI = 0x0000_0021
    ALERT_NOTIFICATION = 0x0000_0102
    DATA_SM = 0x0000_0103
    GENERIC_NACK = 0x8000_0000
    BIND_RECEIVER_RESP = 0x8000_0001
    BIND_TRANSMITTER_RESP = 0x8000_0002
    QUERY_SM_RESP = 0x8000_0003
    SUBMIT_SM_RESP = 0x8000_0004
    DELIVER_SM_RESP = 0x8000_0005
    UNBIND_RESP = 0x8000_0006
    REPLACE_SM_RESP = 0x8000_0007
    CANCEL_SM_RESP = 0x8000_0008
    BIND_TRANSCEIVER_RESP = 0x8000_0009
    ENQUIRE_LINK_RESP = 0x8000_0015
    SUBMIT_MULTI_RESP = 0x8000_0021
    DATA_SM_RESP = 0x8000_0103


class Status(IntEnum):
    """Command statuses, the specification's ESME_ names without that prefix (SMPP 3.4 section 5.1.3)."""

    ROK = 0x00
    RINVMSGLEN = 0x01
    RINVCMDLEN = 0x02
    RINVCMDID = 0x03
    RINVBNDSTS = 0x04
    RALYBND = 0x05
    RINVPRTFLG = 0x06
    RINVREGDLVFLG = 0x07
    RSYSERR = 0x08
    RINVSRCADR = 0x0A
    RINVDSTADR = 0x0B
    RINVMSGID = 0x0C
    RBINDFAIL = 0x0D
    RINVPASWD = 0x0E
    RINVSYSID = 0x0F
    RCANCELFAIL = 0x11
    RREPLACEFAIL = 0x13
    RMSGQFUL = 0x14
    RINVSERTYP = 0x15
    RINVNUMDESTS = 0x33
    RINVDLNAME = 0x34
    RINVDESTFLAG = 0x40
    RINVSUBREP = 0x42
    RINVESMCLASS = 0x43
    RCNTSUBDL = 0x44
    RSUBMITFAIL = 0x45
    RINVSRCTON = 0x48
    RINVSRCNPI = 0x49
    RINVDSTTON = 0x50
    RINVDSTNPI = 0x51
    RINVSYSTYP = 0x53
    RINVREPFLAG = 0x54
    RINVNUMMSGS = 0x55
    RTHROTTLED = 0x58
    RINVSCHED = 0x61
    RINVEXPIRY = 0x62
    RINVDFTMSGID = 0x63
    RX_T_APPN = 0x64
    RX_P_APPN = 0x65
    RX_R_APPN = 0x66
    RQUERYFAIL = 0x67
    RINVOPTPARSTREAM = 0xC0
    ROPTPARNOTALLWD = 0xC1
    RINVPARLEN = 0xC2
    RMISSINGOPTPARAM = 0xC3
    RINVOPTPARAMVAL = 0xC4
    RDELIVERYFAILURE = 0xFE
    RUNKNOWNERR = 0xFF


class Kind(Enum):
    """How a field is written."""

    INT1 = 1
    INT2 = 2
    INT4 = 4
    CSTRING = "C-octet string, latin-1"
    OCTETS = "octets"
    MESSAGE = "a length octet, then that many octets"
    DESTINATIONS = "a count octet, then dest_address rows"
    FAILURES = "a count octet, then unsuccess_sme rows"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body: its name, kind, and the most octets it may take, a C-octet string's NUL included."""

    name: str
    kind: Kind
    most: int


def _int(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, Kind.INT1, 1) for name in names)


def _text(name: str, most: int) -> tuple[Field, ...]:
    return (Field(name, Kind.CSTRING, most),)


def _address(whose: str, name: str, most: int = 21) -> tuple[Field, ...]:
    return _int(f"{whose}_ton", f"{whose}_npi") + _text(name, most)


_SOURCE = _address("source_addr", "source_addr")
_DESTINATION = _address("dest_addr", "destination_addr")
_SERVICE_TYPE = _text("service_type", 6)
_MESSAGE_ID = _text("message_id", 65)
_TIMES = _text("schedule_delivery_time", 17) + _text("validity_period", 17)
_MESSAGE = (Field("short_message", Kind.MESSAGE, 254),)
_HOW = (
    _int("esm_class", "protocol_id", "priority_flag")
    + _TIMES
    + _int("registered_delivery", "replace_if_present_flag", "data_coding", "sm_default_msg_id")
    + _MESSAGE
)
_SYSTEM_ID = _text("system_id", 16)
_LOGIN = _SYSTEM_ID + _text("password", 9)
_BIND = _LOGIN + _text("system_type", 13) + _int("interface_version", "addr_ton", "addr_npi") + _text("address_range", 41)
_SUBMIT = _SERVICE_TYPE + _SOURCE + _DESTINATION + _HOW

BODIES: dict[int, tuple[Field, ...]] = {
    Command.BIND_RECEIVER: _BIND,
    Command.BIND_TRANSMITTER: _BIND,
    Command.BIND_TRANSCEIVER: _BIND,
    Command.BIND_RECEIVER_RESP: _SYSTEM_ID,
    Command.BIND_TRANSMITTER_RESP: _SYSTEM_ID,
    Command.BIND_TRANSCEIVER_RESP: _SYSTEM_ID,
    Command.OUTBIND: _LOGIN,
    Command.UNBIND: (),
    Command.UNBIND_RESP: (),
    Command.GENERIC_NACK: (),
    Command.ENQUIRE_LINK: (),
    Command.ENQUIRE_LINK_RESP: (),
    Command.SUBMIT_SM: _SUBMIT,
    Command.SUBMIT_SM_RESP: _MESSAGE_ID,
    Command.SUBMIT_MULTI: _SERVICE_TYPE + _SOURCE + (Field("dest_address", Kind.DESTINATIONS, 254),) + _HOW,
    Command.SUBMIT_MULTI_RESP: (*_MESSAGE_ID, Field("unsuccess_sme", Kind.FAILURES, 255)),
    Command.DELIVER_SM: _SUBMIT,
    Command.DELIVER_SM_RESP: _MESSAGE_ID,
    Command.DATA_SM: _SERVICE_TYPE
    + _address("source_addr", "source_addr", 65)
    + _address("dest_addr", "destination_addr", 65)
    + _int("esm_class", "registered_delivery", "data_coding"),
    Command.DATA_SM_RESP: _MESSAGE_ID,
    Command.QUERY_SM: _MESSAGE_ID + _SOURCE,
    Command.QUERY_SM_RESP: _MESSAGE_ID + _text("final_date", 17) + _int("message_state", "error_code"),
    Command.CANCEL_SM: _SERVICE_TYPE + _MESSAGE_ID + _SOURCE + _DESTINATION,
    Command.CANCEL_SM_RESP: (),
    Command.REPLACE_SM: _MESSAGE_ID + _SOURCE + _TIMES + _int("registered_delivery", "sm_default_msg_id") + _MESSAGE,
    Command.REPLACE_SM_RESP: (),
    Command.ALERT_NOTIFICATION: _address("source_addr", "source_addr", 65) + _address("esme_addr", "esme_addr", 65),
}
"""The mandatory fields of each command's body, in order (SMPP 3.4 section 4). Lengths and counts are derived: no fields."""


class Tag(IntEnum):
    """Tags of optional parameters (SMPP 3.4 section 5.3.2)."""

    DEST_ADDR_SUBUNIT = 0x0005
    DEST_NETWORK_TYPE = 0x0006
    DEST_BEARER_TYPE = 0x0007
    DEST_TELEMATICS_ID = 0x0008
    SOURCE_ADDR_SUBUNIT = 0x000D
    SOURCE_NETWORK_TYPE = 0x000E
    SOURCE_BEARER_TYPE = 0x000F
    SOURCE_TELEMATICS_ID = 0x0010
    QOS_TIME_TO_LIVE = 0x0017
    PAYLOAD_TYPE = 0x0019
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D
    RECEIPTED_MESSAGE_ID = 0x001E
    MS_MSG_WAIT_FACILITIES = 0x0030
    PRIVACY_INDICATOR = 0x0201
    SOURCE_SUBADDRESS = 0x0202
    DEST_SUBADDRESS = 0x0203
    USER_MESSAGE_REFERENCE = 0x0204
    USER_RESPONSE_CODE = 0x0205
    SOURCE_PORT = 0x020A
    DESTINATION_PORT = 0x020B
    SAR_MSG_REF_NUM = 0x020C
    LANGUAGE_INDICATOR = 0x020D
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    CALLBACK_NUM_PRES_IND = 0x0302
    CALLBACK_NUM_ATAG = 0x0303
    NUMBER_OF_MESSAGES = 0x0304
    CALLBACK_NUM = 0x0381
    DPF_RESULT = 0x0420
    SET_DPF = 0x0421
    MS_AVAILABILITY_STATUS = 0x0422
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    DELIVERY_FAILURE_REASON = 0x0425
    MORE_MESSAGES_TO_SEND = 0x0426
    MESSAGE_STATE = 0x0427
    USSD_SERVICE_OP = 0x0501
    DISPLAY_TIME = 0x1201
    SMS_SIGNAL = 0x1203
    MS_VALIDITY = 0x1204
    ALERT_ON_MESSAGE_DELIVERY = 0x130C
    ITS_REPLY_TYPE = 0x1380
    ITS_SESSION_INFO = 0x1383


_UNLIKE_INT1: dict[Tag, Kind] = {
    Tag.DEST_TELEMATICS_ID: Kind.INT2,
    Tag.QOS_TIME_TO_LIVE: Kind.INT4,
    Tag.ADDITIONAL_STATUS_INFO_TEXT: Kind.CSTRING,
    Tag.RECEIPTED_MESSAGE_ID: Kind.CSTRING,
    Tag.SOURCE_SUBADDRESS: Kind.OCTETS,
    Tag.DEST_SUBADDRESS: Kind.OCTETS,
    Tag.USER_MESSAGE_REFERENCE: Kind.INT2,
    Tag.SOURCE_PORT: Kind.INT2,
    Tag.DESTINATION_PORT: Kind.INT2,
    Tag.SAR_MSG_REF_NUM: Kind.INT2,
    Tag.CALLBACK_NUM_ATAG: Kind.OCTETS,
    Tag.CALLBACK_NUM: Kind.OCTETS,
    Tag.NETWORK_ERROR_CODE: Kind.OCTETS,
    Tag.MESSAGE_PAYLOAD: Kind.OCTETS,
    Tag.USSD_SERVICE_OP: Kind.OCTETS,
    Tag.SMS_SIGNAL: Kind.INT2,
    Tag.ALERT_ON_MESSAGE_DELIVERY: Kind.OCTETS,
    Tag.ITS_SESSION_INFO: Kind.OCTETS,
}
TAG_KINDS: dict[int, Kind] = {tag: _UNLIKE_INT1.get(tag, Kind.INT1) for tag in Tag}
"""How each optional parameter's value is written; a tag that is not here is octets."""
