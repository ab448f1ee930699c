"""Who is signed in to the console: one password, sessions in memory. A restart signs everybody out."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

IDLE = 12 * 3600.0
"""Seconds after which a session that was not used ends."""
MOST = 1_000
"""Sessions at a time; past it the one that was idle longest ends."""


def hashed(password: str) -> str:
    """What is kept of a password: argon2id, with the library's current parameters and a salt of its own."""
    return PasswordHasher().hash(password)


class Sessions:
    """Sessions under the password whose hash is `password_hash`; `clock` gives seconds that never go back.

    One password is tried at a time, so that guessing costs no more than one core.
    """

    def __init__(self, password_hash: str, clock: Callable[[], float]) -> None:
        self._hash, self._clock = password_hash, clock
        self._used: dict[bytes, float] = {}
        self._trying = asyncio.Lock()

    async def sign_in(self, password: str) -> str | None:
        """A new session's token, or None where the password is wrong."""
        async with self._trying:
            if not await asyncio.to_thread(self._right, password):
                return None
        token = secrets.token_urlsafe(32)
        self._used[_digest(token)] = self._clock()
        if len(self._used) > MOST:
            del self._used[min(self._used, key=lambda key: self._used[key])]
        return token

    def known(self, token: str) -> bool:
        """Whether the token is a session's; that counts as use."""
        key = _digest(token)
        used = self._used.get(key)
        if used is None or self._clock() - used > IDLE:
            self._used.pop(key, None)
            return False
        self._used[key] = self._clock()
        return True

    def sign_out(self, token: str) -> None:
        """End a session."""
        self._used.pop(_digest(token), None)

    def _right(self, password: str) -> bool:
        try:
            return PasswordHasher().verify(self._hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _digest(token: str) -> bytes:
    # A digest is looked up, not the token: what the comparison's time tells is of no use to whoever guesses tokens.
    return hashlib.sha256(token.encode()).digest()
