"""What a signature that was given may stand for: the octets of a hash, read as the scheme writes them or in another way."""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from urllib.parse import unquote

from globewire.values import dataclass
from globewire.verdict.finding import Cause
from globewire.wire.request import Call, Scheme

HASHES = {16: "md5", 20: "sha1", 32: "sha256", 64: "sha512"}
"""Hashes by the octets of their digests."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The octets of a digest, the hash that makes so many, and what is wrong about how they are written: `did`, `fix`, or ""."""

    octets: bytes
    hash: str
    cause: Cause = Cause.OUTPUT
    did: str = ""
    fix: str = ""


def readings(call: Call) -> Iterator[Reading]:
    """Every way in which the call's signature can be read as a digest, the right one first."""
    given = call.signature
    right, other = (_base64, _hex) if call.scheme is Scheme.V1 else (_hex, _base64)
    written = "in Base64" if call.scheme is Scheme.V1 else "in lower-case hex"
    if call.scheme is not Scheme.V1 and given != given.lower():
        yield from _reading(_hex(given.lower()), "the digest is written in upper-case hex", "Write it in lower case")
    else:
        yield from _reading(right(given))
    yield from _reading(
        other(given.lower()) if other is _hex else other(given), f"the digest is not written {written}", f"Write it {written}"
    )
    yield from _reading(
        _hex_in_base64(given), "the hex text of the digest was written in Base64", f"Write the digest itself {written}"
    )
    yield from _reading(
        _base64(given.replace(" ", "+")) if " " in given else b"", "Signature was sent with a bare +, read as a blank",
        "Escape the signature in the query or form: + is %2B",
    )  # fmt: skip
    yield from _reading(right(unquote(given)) if "%" in given else b"", "Signature was escaped twice", "Escape it once")
    yield from _reading(
        right(given.strip()) if given != given.strip() else b"", "there are blanks around the signature", "Strip them"
    )
    yield from _reading(_base64(f"{given}{'=' * (-len(given) % 4)}") if len(given) % 4 else b"", "the = at its end is missing",
                        "Send the whole signature, = escaped as %3D")  # fmt: skip
    if re.search("[-_]", given):
        yield from _reading(_base64(given.replace("-", "+").replace("_", "/")), "the digest is written in URL-safe Base64",
                            "Use standard Base64, and escape it for the query")  # fmt: skip


def _reading(octets: bytes, did: str = "", fix: str = "") -> Iterator[Reading]:
    if len(octets) in HASHES:
        yield Reading(octets, HASHES[len(octets)], Cause.OUTPUT, did, fix)


def _hex(text: str) -> bytes:
    return bytes.fromhex(text) if re.fullmatch("(?:[0-9a-f]{2})+", text) else b""


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _hex_in_base64(text: str) -> bytes:
    return _hex(_base64(text).decode("latin-1").lower())
