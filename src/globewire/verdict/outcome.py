"""What a carrier's answers and receipts mean: tables from SMPP statuses and receipt words to outcomes.

Decides nothing about time or retries (that is `retry`) and reads no PDU (that is `wire`). Whoever acts on an answer acts on
the outcome given here; nobody else looks at a status number or at a receipt's word.
"""

from collections.abc import Sequence
from enum import Enum
from typing import assert_never

from globewire.message import PartState, State


class Answer(Enum):
    """What a submit's command_status asks of us."""

    TAKEN = "taken"  # the carrier has it
    THROTTLED = "throttled"  # slow down, then the same carrier again
    TEMPORARY = "temporary"  # the same carrier again, later
    PERMANENT = "permanent"  # not by this carrier: try the next one


def answer(status: int) -> Answer:
    """What `status` of a submit_sm_resp or data_sm_resp means. A status that is not in the table is PERMANENT.

    A vendor's own status (0x400 to 0x4FF) says that this carrier will not, without saying why: another carrier may.
    """
    row = STATUSES.get(status)
    return row[1] if row else Answer.PERMANENT


def sentence(status: int) -> str:
    """A status for people to read: "ESME_RINVDSTADR (0x0000000B): invalid destination address"."""
    row = STATUSES.get(status)
    if row:
        return f"{row[0]} (0x{status:08X}): {row[2]}"
    if 0x400 <= status <= 0x4FF:
        return f"vendor status (0x{status:08X}): a meaning of this carrier's own"
    return f"unknown status (0x{status:08X}): not in SMPP 3.4"


def name(status: int) -> str:
    """A status's name, ESME_RINVDSTADR; one that has none as a number."""
    row = STATUSES.get(status)
    return row[0] if row else f"0x{status:08X}"


def receipt_state(status_word: str) -> PartState | None:
    """The state that a receipt's word (upper case, SMPP 3.4 appendix B) puts a part into; None where it is not final.

    A word that nobody knows is not final: the message then ends by its validity, not by a guess.
    """
    row = WORDS.get(status_word)
    return row[0] if row else None


class Told(Enum):
    """What the answer to a query_sm comes to."""

    FINAL = "final"  # the part came to its end
    UNDER_WAY = "under way"  # it has not, or the carrier cannot tell
    THROTTLED = "throttled"  # slow down
    REFUSED = "refused"  # this one is not answered
    UNSUPPORTED = "unsupported"  # none ever will be


def told(status: int, status_word: str) -> Told:
    """What a query_sm_resp of this status comes to, whose message_state is this word of a receipt.

    UNKNOWN is not taken for an end here, as it is in a receipt: a carrier says so too of what it has forgotten.
    """
    if status == 0:
        return Told.FINAL if status_word != "UNKNOWN" and receipt_state(status_word) else Told.UNDER_WAY
    if status == _NO_SUCH_COMMAND:
        return Told.UNSUPPORTED
    return Told.THROTTLED if answer(status) is Answer.THROTTLED else Told.REFUSED


_NO_SUCH_COMMAND = 0x03


def message_state(parts: Sequence[PartState], total: int) -> State | None:
    """The final state of a message whose known parts stand so, or None while it has none.

    Delivered when all `total` parts are; failed or expired as soon as one part is, since a text with a hole is of no use.
    """
    if PartState.FAILED in parts:
        return State.FAILED
    if PartState.EXPIRED in parts:
        return State.EXPIRED
    return State.DELIVERED if parts.count(PartState.DELIVERED) >= total > 0 else None


def error(status_word: str, err: str) -> tuple[str, str]:
    """ErrorCode and ErrorDescription for the customer (contract 1.4 and 4.1): ("DELIVERED", "success") or what went wrong.

    The code of a failure is the carrier's word, with its own `err` after a colon where that says something: "UNDELIV:0A1".
    """
    row = WORDS.get(status_word)
    if row and row[0] is PartState.DELIVERED:
        return "DELIVERED", "success"
    detail = err.strip()[:ERR_LENGTH]
    code = f"{status_word}:{detail}" if detail.strip("0") else status_word
    return code, row[1] if row else "the carrier reported a state that is not in SMPP 3.4"


def query_status(state: State) -> str:
    """The Status of QueryMessage (contract 1.4): "1" delivered, "2" failed, "3" under way."""
    match state:
        case State.DELIVERED:
            return "1"
        case State.FAILED | State.EXPIRED | State.REJECTED:
            return "2"
        case State.ACCEPTED | State.SUBMITTED | State.UNKNOWN:
            return "3"
        case _:
            assert_never(state)


def push_status(state: State) -> str:
    """The Status of a pushed receipt (contract 4.1): "1" success, "2" failed, "6" expired. ValueError where not final."""
    match state:
        case State.DELIVERED:
            return "1"
        case State.FAILED | State.REJECTED:
            return "2"
        case State.EXPIRED:
            return "6"
        case State.ACCEPTED | State.SUBMITTED | State.UNKNOWN:
            raise ValueError(f"a message that is {state} has no receipt yet")
        case _:
            assert_never(state)


ERR_LENGTH = 16
"""Characters of a carrier's `err` that are passed on. Appendix B gives it three; some carriers send a sentence."""

STATUSES: dict[int, tuple[str, Answer, str]] = {
    0x00: ("ESME_ROK", Answer.TAKEN, "no error"),
    0x01: ("ESME_RINVMSGLEN", Answer.PERMANENT, "invalid message length"),
    0x02: ("ESME_RINVCMDLEN", Answer.PERMANENT, "invalid command length"),
    0x03: ("ESME_RINVCMDID", Answer.PERMANENT, "invalid command id"),
    # The bind is what is wrong, not the message: a rebind cures it.
    0x04: ("ESME_RINVBNDSTS", Answer.TEMPORARY, "the bind does not allow this command"),
    0x05: ("ESME_RALYBND", Answer.TEMPORARY, "already bound"),
    0x06: ("ESME_RINVPRTFLG", Answer.PERMANENT, "invalid priority flag"),
    0x07: ("ESME_RINVREGDLVFLG", Answer.PERMANENT, "invalid registered delivery flag"),
    0x08: ("ESME_RSYSERR", Answer.TEMPORARY, "system error"),
    0x0A: ("ESME_RINVSRCADR", Answer.PERMANENT, "invalid source address"),
    0x0B: ("ESME_RINVDSTADR", Answer.PERMANENT, "invalid destination address"),
    0x0C: ("ESME_RINVMSGID", Answer.PERMANENT, "invalid message id"),
    0x0D: ("ESME_RBINDFAIL", Answer.PERMANENT, "bind failed"),
    0x0E: ("ESME_RINVPASWD", Answer.PERMANENT, "invalid password"),
    0x0F: ("ESME_RINVSYSID", Answer.PERMANENT, "invalid system id"),
    0x11: ("ESME_RCANCELFAIL", Answer.PERMANENT, "cancel_sm failed"),
    0x13: ("ESME_RREPLACEFAIL", Answer.PERMANENT, "replace_sm failed"),
    0x14: ("ESME_RMSGQFUL", Answer.THROTTLED, "message queue full"),
    0x15: ("ESME_RINVSERTYP", Answer.PERMANENT, "invalid service type"),
    0x33: ("ESME_RINVNUMDESTS", Answer.PERMANENT, "invalid number of destinations"),
    0x34: ("ESME_RINVDLNAME", Answer.PERMANENT, "invalid distribution list name"),
    0x40: ("ESME_RINVDESTFLAG", Answer.PERMANENT, "invalid destination flag"),
    0x42: ("ESME_RINVSUBREP", Answer.PERMANENT, "invalid submit with replace request"),
    0x43: ("ESME_RINVESMCLASS", Answer.PERMANENT, "invalid esm_class"),
    0x44: ("ESME_RCNTSUBDL", Answer.PERMANENT, "cannot submit to the distribution list"),
    # It gives no reason, and SMSCs use it for whatever they will not take; the next carrier is the better bet.
    0x45: ("ESME_RSUBMITFAIL", Answer.PERMANENT, "submit failed"),
    0x48: ("ESME_RINVSRCTON", Answer.PERMANENT, "invalid type of number of the source address"),
    0x49: ("ESME_RINVSRCNPI", Answer.PERMANENT, "invalid numbering plan of the source address"),
    0x50: ("ESME_RINVDSTTON", Answer.PERMANENT, "invalid type of number of the destination address"),
    0x51: ("ESME_RINVDSTNPI", Answer.PERMANENT, "invalid numbering plan of the destination address"),
    0x53: ("ESME_RINVSYSTYP", Answer.PERMANENT, "invalid system type"),
    0x54: ("ESME_RINVREPFLAG", Answer.PERMANENT, "invalid replace_if_present flag"),
    0x55: ("ESME_RINVNUMMSGS", Answer.PERMANENT, "invalid number of messages"),
    0x58: ("ESME_RTHROTTLED", Answer.THROTTLED, "throttled: above the allowed rate"),
    0x61: ("ESME_RINVSCHED", Answer.PERMANENT, "invalid scheduled delivery time"),
    0x62: ("ESME_RINVEXPIRY", Answer.PERMANENT, "invalid validity period"),
    0x63: ("ESME_RINVDFTMSGID", Answer.PERMANENT, "predefined message not valid or not found"),
    0x64: ("ESME_RX_T_APPN", Answer.TEMPORARY, "temporary application error"),
    0x65: ("ESME_RX_P_APPN", Answer.PERMANENT, "permanent application error"),
    0x66: ("ESME_RX_R_APPN", Answer.PERMANENT, "the application rejects the message"),
    0x67: ("ESME_RQUERYFAIL", Answer.PERMANENT, "query_sm failed"),
    0xC0: ("ESME_RINVOPTPARSTREAM", Answer.PERMANENT, "error in the optional part of the body"),
    0xC1: ("ESME_ROPTPARNOTALLWD", Answer.PERMANENT, "optional parameter not allowed"),
    0xC2: ("ESME_RINVPARLEN", Answer.PERMANENT, "invalid parameter length"),
    0xC3: ("ESME_RMISSINGOPTPARAM", Answer.PERMANENT, "an optional parameter that is needed is missing"),
    0xC4: ("ESME_RINVOPTPARAMVAL", Answer.PERMANENT, "invalid value of an optional parameter"),
    0xFE: ("ESME_RDELIVERYFAILURE", Answer.PERMANENT, "delivery failure"),
    0xFF: ("ESME_RUNKNOWNERR", Answer.PERMANENT, "unknown error"),
}
"""Every command_status of SMPP 3.4 section 5.1.3: its name, what it asks of us as the answer to a submit, and its meaning."""

WORDS: dict[str, tuple[PartState | None, str]] = {
    "DELIVRD": (PartState.DELIVERED, "success"),
    "EXPIRED": (PartState.EXPIRED, "the message's validity ended before it could be delivered"),
    "DELETED": (PartState.FAILED, "the carrier deleted the message"),
    "UNDELIV": (PartState.FAILED, "the message cannot be delivered"),
    "REJECTD": (PartState.FAILED, "the carrier rejected the message"),
    "UNKNOWN": (PartState.FAILED, "the carrier does not know what became of the message"),
    "ENROUTE": (None, "the message is on its way"),
    "ACCEPTD": (None, "the carrier has accepted the message"),
    "SCHEDLD": (None, "the message is scheduled"),
    "": (None, "the carrier has not said"),
    # Not in appendix B, but sent: SMPP 5.0's own word, and the full spellings.
    "SKIPPED": (PartState.FAILED, "the carrier skipped the message"),
    "DELIVERED": (PartState.DELIVERED, "success"),
    "UNDELIVERABLE": (PartState.FAILED, "the message cannot be delivered"),
    "REJECTED": (PartState.FAILED, "the carrier rejected the message"),
    "FAILED": (PartState.FAILED, "the message cannot be delivered"),
    "ACCEPTED": (None, "the carrier has accepted the message"),
    "SCHEDULED": (None, "the message is scheduled"),
}
"""The words of a receipt's `stat` (SMPP 3.4 appendix B): the part's final state, if any, and what the customer is told."""
