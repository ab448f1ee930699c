"""What is found wrong with a request, for people: the step, what was done, what was expected, and what to do about it."""

from enum import StrEnum

from globewire.values import dataclass

LONGEST = 120


class Cause(StrEnum):
    """What kind of mistake it is."""

    FORM = "the request is incomplete or malformed"
    CHARSET = "another charset than UTF-8"
    KEY_UNKNOWN = "an AccessKey that is not known here"
    KEY_DISABLED = "an AccessKey that is disabled"
    TOKEN = "the SecurityToken"
    TIME_FORMAT = "the form of the timestamp"
    TIME_ZONE = "local time instead of UTC"
    CLOCK = "a clock that is wrong"
    NONCE = "a nonce that was used before"
    ESCAPED = "a character escaped that stays bare"
    PLUS = "a space written as +"
    BARE = "a character bare that is escaped"
    LOWER = "escapes in lower case"
    UNESCAPED = "nothing escaped"
    TWICE = "escaped once too often"
    ONCE = "the query not escaped again"
    ENCODER = "an encoder for forms or for whole URLs"
    ORDER = "the order of parameters"
    METHOD = "the method"
    PATH = "the path"
    FRAME = "the string to sign put together otherwise"
    AMPERSAND = "the & at the end of the key"
    HASH = "another hash"
    OUTPUT = "the signature written otherwise"
    SECRET_SPACE = "blanks or quotes around the secret"
    SECRET_OTHER = "something else used as the secret"
    BLANKS = "empty parameters left out"
    SIGNATURE_INCLUDED = "Signature among what is signed"
    LEFT_OUT = "parameters left out"
    SENT_OTHERWISE = "sent otherwise than signed"
    HOST = "another Host"
    HEADER = "a header changed or lost"
    HEADER_ORDER = "the order of headers"
    CANONICAL = "the canonical request put together otherwise"
    PAYLOAD = "the digest of another body"
    SECRET = "another secret"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `code` is that of the refusal it leads to; `certain` says that it was proved by signing alike.

    None of the words holds a secret, a signature, or a text that was sent; all are printable ASCII.
    """

    cause: Cause
    code: str
    step: str
    did: str
    expected: str
    fix: str
    certain: bool = True

    @property
    def sentence(self) -> str:
        """All of it on one line."""
        return f"{self.step}: {self.did}; expected {self.expected}. {self.fix}."


def shown(text: str) -> str:
    """A name out of a request as it may stand in a sentence: short, ASCII, on one line."""
    plain = "".join(each if " " <= each <= "~" else "?" for each in text)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 3] + "..."
