"""Idempotency: a call made again under the same `Idempotency-Key` gets the answer that the first one got.

The key and the answer are kept in the same transaction as the messages. SDK users set the header through their runtime
options; it is no part of the product's own API, so a call without it is as it always was.
"""

from hashlib import blake2b

import orjson

from globewire.errors import invalid
from globewire.hold.port import Once
from globewire.message import AccountId, Millis
from globewire.wire.operation import OPERATIONS
from globewire.wire.reply import Fields
from globewire.wire.request import Call

HEADER = "idempotency-key"
LONGEST = 255
REMEMBERED = 48 * 3_600_000
"""Milliseconds for which a key is kept at least; twice what is promised, so that no clock makes it less."""


def once(account: AccountId, call: Call, answer: Fields, now: Millis) -> Once | None:
    """What to keep with the messages, None where the call has no key. Refused with InvalidIdempotencyKey."""
    key = call.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST or not key.isprintable():
        raise invalid("IdempotencyKey")
    return Once(account, key, _content(call), orjson.dumps(answer).decode(), Millis(now + REMEMBERED))


def _content(call: Call) -> str:
    """A digest of what is asked for: the operation and its own parameters, and nothing of how the call is signed."""
    own = sorted(parameter.name for parameter in OPERATIONS[call.operation].parameters)
    asked = [call.operation, *((name, call.parameters[name]) for name in own if name in call.parameters)]
    return blake2b(orjson.dumps(asked), digest_size=16).hexdigest()
