"""The way a client may have signed: every choice that the protocol makes for it, as a value in which each can be made wrong.

The right way is `wire.signature`'s formula, taken apart (contract 2.3 and 2.4); a test holds the two together. Slower than
that, so for looking into refusals only.
"""

import hashlib
import hmac
from dataclasses import field
from enum import Enum
from functools import lru_cache

from globewire.values import dataclass
from globewire.wire.request import Call, Scheme
from globewire.wire.signature import SM3

Pairs = tuple[tuple[str, str], ...]
Memo = dict[tuple[object, ...], str]

_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"


@dataclass(frozen=True, slots=True)
class Spelling:
    """How texts are escaped. Right is UTF-8 and `%XX` for all but letters, digits and `-_.~`; `bare` and `escaped` are exceptions.

    `times` is how often: 0 leaves the text as it is.
    """

    plus: bool = False
    bare: str = ""
    escaped: str = ""
    lower: bool = False
    charset: str = "utf-8"
    times: int = 1

    def write(self, text: str) -> str:
        """`text`, escaped. UnicodeEncodeError where the charset has no place for it."""
        for _ in range(self.times):
            text = self._once(text.encode(self.charset))
        return text

    def _once(self, octets: bytes) -> str:
        table, bare = _table(self)
        odd = set(octets.translate(None, bare))
        if len(odd) > 8:
            return "".join([table[octet] for octet in octets])
        for octet in (0x25, 0x2B, *(odd - {0x25, 0x2B})):  # these first, since the others bring new ones
            if octet in odd:
                octets = octets.replace(bytes((octet,)), table[octet].encode())
        return octets.decode()


RIGHT = Spelling()


@lru_cache(256)
def _table(spelling: Spelling) -> tuple[tuple[str, ...], bytes]:
    """What is written for each octet, and the octets that stand for themselves."""
    bare = frozenset(_UNRESERVED + spelling.bare) - frozenset(spelling.escaped)
    form = "%{:02x}" if spelling.lower else "%{:02X}"
    table = [chr(octet) if octet < 0x80 and chr(octet) in bare else form.format(octet) for octet in range(256)]
    if spelling.plus:
        table[0x20] = "+"
    return tuple(table), bytes(octet for octet in range(0x80) if table[octet] == chr(octet))


class Order(Enum):
    """In which order parameters are signed."""

    SORTED = "sorted by name"
    SENT = "as they were sent"
    FOLDED = "sorted without regard to case"


class Frame(Enum):
    """What is made of the canonical text in the end."""

    RIGHT = "as documented"
    QUERY_ONLY = "V1: the escaped query alone, without method and path"
    UNHASHED = "V3: the canonical request itself instead of its hash"
    UPPER = "V3: its hash in upper case"
    NO_ALGORITHM = "V3: its hash without the algorithm's line"


@dataclass(frozen=True, slots=True)
class Way:
    """All that goes into a signature. `pairs` are parameters as the client meant them, in the order sent, without Signature;
    `headers` and `names` are V3's signed headers and the list of their names, `payload` the digest of the body.

    `spelling` is for names and values, `second` for the query as a whole in V1's string to sign.
    """

    scheme: Scheme
    method: str
    pairs: Pairs
    key: str = field(repr=False)
    path: str = "/"
    order: Order = Order.SORTED
    spelling: Spelling = RIGHT
    second: Spelling = RIGHT
    headers: Pairs = ()
    names: tuple[str, ...] = ()
    gap: str = "\n"
    payload: str = ""
    frame: Frame = Frame.RIGHT

    def octets(self, memo: Memo) -> bytes:
        """What the HMAC is taken of. UnicodeEncodeError where a charset has no place for a text.

        `memo` keeps what other ways of signing the same request have in common with this one.
        """
        key = (self.pairs, self.order, self.spelling)
        query = memo.get(key)
        if query is None:
            query = memo[key] = self._query()
        return self._octets_v1(query, memo) if self.scheme is Scheme.V1 else self._octets_v3(query)

    def _query(self) -> str:
        pairs: Pairs | list[tuple[str, str]] = self.pairs
        if self.order is Order.SORTED:
            pairs = sorted(self.pairs)
        elif self.order is Order.FOLDED:
            pairs = sorted(self.pairs, key=lambda pair: pair[0].lower())
        write = self.spelling.write
        return "&".join([f"{write(name)}={write(value)}" for name, value in pairs])

    def _octets_v1(self, query: str, memo: Memo) -> bytes:
        escaped = memo.get((query, self.second))
        if escaped is None:
            escaped = memo[query, self.second] = self.second.write(query)
        text = escaped if self.frame is Frame.QUERY_ONLY else f"{self.method}&{RIGHT.write(self.path)}&{escaped}"
        return text.encode(self.spelling.charset)

    def _octets_v3(self, query: str) -> bytes:
        lines = "".join(f"{name}:{value}\n" for name, value in self.headers)
        before = f"{self.method}\n{self.path}\n{query}\n".encode(self.spelling.charset)
        canonical = before + f"{lines}{self.gap}{';'.join(self.names)}\n{self.payload}".encode("latin-1")
        digest = digest_of(self.scheme, canonical)
        match self.frame:
            case Frame.UNHASHED:
                return f"{self.scheme}\n".encode() + canonical
            case Frame.UPPER:
                digest = digest.upper()
            case Frame.NO_ALGORITHM:
                return digest.encode()
            case _:
                pass
        return f"{self.scheme}\n{digest}".encode()


def right_way(call: Call, secret: str) -> Way:
    """The way in which `call` should have been signed."""
    body = {name: value for name, value in call.parameters.items() if name not in call.query}
    if call.scheme is Scheme.V1:
        sent = {**call.query, **body}
        pairs = tuple(pair for pair in sent.items() if pair[0] != "Signature")
        return Way(call.scheme, call.raw.method, pairs, f"{secret}&")
    return Way(
        call.scheme,
        call.raw.method,
        tuple(call.query.items()),
        secret,
        headers=tuple((name, call.headers.get(name, "")) for name in call.signed_headers),
        names=call.signed_headers,
        payload=digest_of(call.scheme, call.raw.body),
    )


def digest_of(scheme: Scheme, octets: bytes) -> str:
    """The hexadecimal digest that V3 takes of a body and of a canonical request."""
    return hashlib.new("sm3" if scheme is Scheme.V3_SM3 and SM3 else "sha256", octets).hexdigest()


def seal(key: str, octets: bytes, hash: str) -> bytes:
    """The HMAC that a client comes to, before it is written down."""
    return hmac.digest(key.encode(), octets, hash)
