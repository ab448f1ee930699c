"""What a value of the configuration may be, beyond the plain kinds of `reader`: names, addresses, countries, documents.

Each check takes a text and gives the value, or notes a sentence that says what to write instead.
"""

import binascii
import json
from base64 import b64decode
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeVar

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from phonenumbers import SUPPORTED_REGIONS

from globewire.config.plain import contents, number, secret, text
from globewire.config.reader import Kind, Place, listed, shown, suggestion
from globewire.config.settings import Listen
from globewire.errors import Refused
from globewire.message import MessageType
from globewire.verdict import endpoint, policy
from globewire.wire import sender
from globewire.wire.pdu import Status

DAY = 86_400
T = TypeVar("T")

# --- checks of one value -----------------------------------------------------------------------------------------------


def _name(value: str, place: Place) -> str | None:
    if all(c.isalnum() or c in "._-" for c in value) and value.isascii():
        return value
    place.wrong(f"{shown(value)} is not a name; use letters, digits, '.', '_' and '-'")
    return None


def _listen(value: str, place: Place) -> Listen | None:
    host, colon, port = value.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    numeric = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535
    if not colon or not bare or " " in bare or not numeric or (":" in bare) is not (host != bare):
        place.wrong(f"{shown(value)} is not an address to listen on; give host:port, such as 127.0.0.1:8018 or [::1]:8018")
        return None
    return Listen(bare, int(port))


def _network(value: str, place: Place) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(value, strict=False)
    except ValueError:
        place.wrong(f"{shown(value)} is not an address; give one such as 10.0.0.7, or a range such as 10.0.0.0/8")
        return None


def _readable(value: str, place: Place) -> str | None:
    return None if contents(value, place) is None else value


def _hold_url(value: str, place: Place) -> str | None:
    scheme, _, path = value.partition("://")
    if scheme in ("postgresql", "postgres") and path.partition("?")[0].partition("/")[2]:
        return value
    if scheme in ("postgresql", "postgres"):
        place.wrong("the address names no database; give postgresql://user@host:5432/database, or two hosts with a comma between")
    elif scheme != "sqlite" or not path.strip("/.") or path.endswith("/") or "?" in path or ":memory:" in path:
        place.wrong(
            f"{_url_shown(value)} is not a database; give sqlite:///absolute/path.db, sqlite://relative.db or postgresql://..."
        )
    else:
        return value
    return None


def _callback(value: str, place: Place) -> str | None:
    fault = endpoint.fault(value, private=True)  # whether private ones may be used is another section's word
    if not fault:
        return value
    place.wrong(f"{fault}; give an address such as https://shop.example/receipts")
    return None


def _url_shown(value: str) -> str:
    return "what stands there" if "@" in value else shown(value)  # it may have a password


def _latin(value: str, place: Place) -> str | None:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        place.wrong(f"{shown(value)} has characters that SMPP cannot carry here; use those of ISO 8859-1")
        return None
    return value


def _sender(value: str, place: Place) -> str | None:
    try:
        return sender.read(value)
    except Refused:
        place.wrong(f"{shown(value)} is not a sender ID; give at most 11 letters and digits, or at most 15 digits")
        return None


def _country(value: str, place: Place) -> str | None:
    if value.upper() in SUPPORTED_REGIONS:
        return value.upper()
    advice = "; did you mean 'GB'?" if value.upper() == "UK" else "; give two letters of ISO 3166, such as 'SG'"
    place.wrong(f"{shown(value)} is not a country{advice}")
    return None


def _prefix(value: str, place: Place) -> str | None:
    if value.isascii() and value.isdigit() and len(value) <= 15:
        return value
    place.wrong(f"{shown(value)} is not the beginning of a number; give digits only, with the dialling code, such as '8526'")
    return None


def _type(value: str, place: Place) -> str | None:
    known = [one.value for one in MessageType]
    if value in known:
        return value
    place.wrong(f"{shown(value)} is not a type of message; give one of {listed(known)}{suggestion(value, known)}")
    return None


def _key_of(value: str, place: Place) -> bytes | None:
    try:
        key = b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) == 32:
        return key
    place.wrong("this is not a master key; give 32 random bytes in base64, as `openssl rand -base64 32` prints them")
    return None


# --- kinds of our own --------------------------------------------------------------------------------------------------


def _document(value: object, place: Place) -> str | None:
    try:
        written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
        policy.read(written)
        return written
    except policy.PolicyFault as fault:
        place.wrong(f"{fault.place}: {fault.fault}")
    except (TypeError, ValueError, RecursionError):
        place.wrong("this cannot be written as JSON; give a policy document as text, or a table of texts and lists")
    return None


def _master_key() -> Kind[bytes]:
    written = secret()

    def take(value: object, place: Place) -> bytes | None:
        found = written.take(value, place)
        return None if found is None else _key_of(found, place)

    return Kind("32 bytes in base64", b"", take)


def _is_hash(value: str) -> bool:
    try:
        extract_parameters(value)
    except InvalidHashError:
        return False
    return True


def _password_hash() -> Kind[str]:
    written = secret()

    def take(value: object, place: Place) -> str | None:
        found = written.take(value, place)
        if found is None or _is_hash(found):
            return found
        place.wrong("what stands there is not a password's hash; give what `globewire console password` prints")
        return None

    return Kind(f"{written.words}: an argon2 hash", "", take, secret=True)


NAMING = "a name: letters, digits, '.', '_' and '-'"
NAME = text(NAMING, 64, _name)
KEY_NAME = text(NAMING, 128, _name)
LISTEN = text("host:port", 261, _listen)
NETWORK = text("an address or a range", 64, _network)
PATH = text("a path", 4096, empty=True)
READABLE = text("the path of a file that can be read", 4096, _readable, empty=True)
HOLD_URL = text("a database address", 4096, _hold_url)
MASTER_KEY = _master_key()
PASSWORD_HASH = _password_hash()
CALLBACK = text("an http or https address", endpoint.URL_LENGTH, _callback, empty=True)
SENDER = text("a sender ID", 255, _sender, empty=True)
COUNTRY = text("a country", 64, _country)
PREFIX = text("digits", 64, _prefix)
MESSAGE_TYPE = text("a type of message", 64, _type)
POLICY = Kind("a policy document", "", _document)
SECONDS = number(0, DAY, "a time in seconds")
SOME_SECONDS = number(0.01, DAY, "a time in seconds")


def latin(most: int, words: str = "text of ISO 8859-1", empty: bool = True) -> Kind[object]:
    """Text that SMPP can carry as a C-octet string of `most` characters."""
    return text(words, most, _latin, empty)


def by_name(words: str, item: Kind[T], known: tuple[str, ...] = ()) -> Kind[Mapping[str, T]]:
    """A table whose keys are names: the `known` ones, or any."""

    def take(value: object, place: Place) -> Mapping[str, T] | None:
        if not isinstance(value, Mapping):
            place.wrong(f"{shown(value)} is not a table; give {words}")
            return None
        taken: dict[str, T] = {}
        for key, raw in value.items():
            at = place.inside(key if len(key) <= 128 and key.isprintable() else "...")
            if known and key not in known:
                at.wrong(f"{shown(key)} is not known here; known: {listed(known)}{suggestion(key, known)}")
            elif known or _name(key, at):
                one = item.take(raw, at)
                taken[key] = item.blank if one is None else one  # the name is there, and may be referred to
        return taken

    return Kind(words, {}, take, None)


def span(most: float) -> Kind[tuple[float, float]]:
    """Seconds, or [least, most] of them."""
    one = number(0, most, "a time in seconds")

    def take(value: object, place: Place) -> tuple[float, float] | None:
        if not isinstance(value, list):
            alone = one.take(value, place)
            return None if alone is None else (alone, alone)
        ends = [end for at, raw in enumerate(value[:2], 1) if (end := one.take(raw, place.item(at))) is not None]
        if len(value) != 2 or (len(ends) == 2 and ends[0] > ends[1]):
            place.wrong("this is no span of time; give seconds, or [least, most] with the least first")
            return None
        return (ends[0], ends[1]) if len(ends) == 2 else None

    return Kind("seconds, or [least, most]", (0.0, 0.0), take, one.spell)


STATUSES = {f"ESME_{status.name}": int(status) for status in Status if status is not Status.ROK}
RECEIPT_WORDS = ("DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "UNKNOWN", "REJECTD")


def statuses() -> Kind[tuple[tuple[float, int], ...]]:
    """Shares of submits by the status that refuses them; together at most 1."""
    shares = by_name("a table such as { ESME_RTHROTTLED = 0.01 }", number(0, 1, "a share"), tuple(STATUSES))

    def take(value: object, place: Place) -> tuple[tuple[float, int], ...] | None:
        taken = shares.take(value, place)
        if taken is not None and sum(taken.values()) > 1:
            place.wrong("the shares come to more than 1; give less of each")
        return None if taken is None else tuple((share, STATUSES[name]) for name, share in taken.items())

    return Kind(shares.words, (), take, None)


def receipt_words() -> Kind[tuple[tuple[float, str], ...]]:
    """Weights of the words that receipts carry; not all of them 0."""
    weights = by_name("a table such as { DELIVRD = 9, UNDELIV = 1 }", number(0, 1_000_000, "a weight"), RECEIPT_WORDS)

    def take(value: object, place: Place) -> tuple[tuple[float, str], ...] | None:
        taken = weights.take(value, place)
        if taken is not None and not sum(taken.values()) and place.sound(*taken):
            place.wrong("there is no weight above 0; give one to some word, such as { DELIVRD = 1 }")
        return None if taken is None else tuple((weight, word) for word, weight in taken.items())

    return Kind(weights.words, (), take, None)
