"""The book of accounts as the running stages use it: secrets opened, policies compiled, kept current with the hold."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache

import structlog

from globewire.errors import Unavailable
from globewire.hold.port import AccountEntry, Book, Hold, KeyEntry, UserEntry
from globewire.message import AccountId
from globewire.vault import Vault, VaultFault
from globewire.verdict.admit import Register, RegisteredKey, RegisteredUser
from globewire.verdict.policy import SYSTEM_POLICIES, read

log = structlog.get_logger()

EVERY = 0.5
"""Seconds between looks at the book's version: how long a change made by another process goes unnoticed at most."""

MOST_OPENED = 10_000
"""Secrets of callbacks that stay opened between pushes."""

compiled = lru_cache(10_000)(read)


def callback_row(account: str) -> str:
    """The row that an account's callback secret is sealed for."""
    return f"callback {account}"


class Registry:
    """The register and the accounts of the book's newest version. `refresh` before the first use."""

    def __init__(self, hold: Hold, vault: Vault) -> None:
        self._hold, self._vault = hold, vault
        self._opened = lru_cache(MOST_OPENED)(vault.open)
        self._version = -1
        self.register = Register()
        self.accounts: Mapping[AccountId, AccountEntry] = {}

    async def run(self) -> None:
        """Keep current until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.look()

    async def look(self) -> None:
        """As `refresh`; where the hold cannot serve, the next look finds what there is."""
        try:
            await self.refresh()
        except Unavailable as fault:
            log.error("the book of accounts cannot be read", reason=str(fault))

    async def refresh(self) -> None:
        """Take over the book if it has changed."""
        book = await self._hold.book(self._version)
        if book is None:
            return
        register = await asyncio.to_thread(self._compile, book)  # of 10,000 keys it takes long enough to be noticed by callers
        if book.version > self._version:  # a later look may have come back before this one
            self._version, self.register = book.version, register
            self.accounts = {entry.id: entry for entry in book.accounts}

    def callback_secret(self, account: AccountId) -> bytes:
        """What the account's callbacks are signed with; empty where the account is gone or has none."""
        entry = self.accounts.get(account)
        if entry is None or not entry.callback_secret:
            return b""
        return self._opened(callback_row(account), entry.callback_secret).encode()

    def _compile(self, book: Book) -> Register:
        own = {(policy.account, policy.name): policy.document for policy in book.policies}
        users = [_user(user, own) for user in book.users]
        keys = [key for entry in book.keys if (key := self._key(entry)) is not None]
        return Register(keys, users, {entry.id: entry.quota for entry in book.accounts})

    def _key(self, entry: KeyEntry) -> RegisteredKey | None:
        try:
            secret = self._vault.open(entry.id, entry.sealed)
        except VaultFault as fault:
            log.error("an AccessKey cannot be used", access_key=entry.id, reason=str(fault))
            return None
        return RegisteredKey(
            id=entry.id, account=entry.account, user=entry.user, enabled=entry.enabled, secret=secret, token_digest=entry.token
        )


def _user(user: UserEntry, own: Mapping[tuple[AccountId, str], str]) -> RegisteredUser:
    """The user with its policies compiled; a name that is neither the account's nor the system's grants nothing."""
    found = [(name, own.get((user.account, name)) or SYSTEM_POLICIES.get(name)) for name in user.policies]
    policies = tuple(compiled(document) for _, document in found if document)
    return RegisteredUser(
        account=user.account, name=user.name, policies=policies, named=tuple(name for name, document in found if document)
    )
