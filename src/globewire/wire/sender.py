"""The `From` parameter and its kind (contract 1.1 and 6). Which senders a country lets through is not known here."""

from enum import Enum

from globewire.errors import INVALID_SENDERID, refuse

MOST_CHARACTERS, MOST_DIGITS, MOST_SHORT = 11, 15, 8


class SenderKind(Enum):
    """What a carrier must be told of a sender: type of number and numbering plan differ."""

    ALPHANUMERIC = "alphanumeric"
    SHORT = "short"
    NUMBER = "number"


def read(sender: str) -> str:
    """The sender as given: letters and digits of ASCII, 11 at most with a letter, 15 at most without one.

    `Refused` with INVALID_SENDERID. Spaces and punctuation are refused because the contract names letters and digits only.
    """
    if not (sender.isascii() and sender.isalnum()):
        raise refuse(INVALID_SENDERID, "it may hold letters and digits only, of the English alphabet" if sender else "it is empty")
    if sender.isdigit():
        if len(sender) > MOST_DIGITS:
            raise refuse(INVALID_SENDERID, f"of digits it may have {MOST_DIGITS} at most")
    elif len(sender) > MOST_CHARACTERS:
        raise refuse(INVALID_SENDERID, f"with a letter it may have {MOST_CHARACTERS} characters at most")
    return sender


def kind(sender: str) -> SenderKind:
    """SHORT for digits up to 8, NUMBER for more digits (with or without a +), else ALPHANUMERIC. For any text."""
    digits = sender.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return SenderKind.ALPHANUMERIC
    return SenderKind.SHORT if len(sender) <= MOST_SHORT else SenderKind.NUMBER
