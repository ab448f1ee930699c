"""What the pages ask of whoever keeps the book of accounts: a port. Each change is refused with `Amiss` where it cannot be made."""

from collections.abc import Mapping
from typing import Protocol

from globewire.hold.port import AccountEntry, Book, KeyEntry, PolicyEntry, UserEntry
from globewire.plan import Declared, MadeKey


class Pushed(Protocol):
    """What came of a push: the HTTP status (0 where no answer came), the reason in words, the time in milliseconds, and how the
    answer begins."""

    @property
    def status(self) -> int: ...
    @property
    def acknowledged(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def took(self) -> int: ...
    @property
    def said(self) -> str: ...


class Keeping(Protocol):
    """Changes of the book. `declared` is what the configuration says, and what is not to be changed here."""

    declared: Declared

    async def book(self) -> Book:
        """All accounts, keys, users and policies."""

    async def open_account(self, name: str, sender: str = "", quotas: Mapping[str, str] | None = None) -> AccountEntry:
        """Open an account."""

    async def change_account(self, name: str, sender: str | None = None, quotas: Mapping[str, str] | None = None) -> AccountEntry:
        """Another sender ID or other quotas; "" for the documented quota."""

    async def make_key(self, account: str, user: str = "", *, temporary: bool = False) -> MadeKey:
        """A new AccessKey, with its secret."""

    async def switch_key(self, id: str, on: bool) -> KeyEntry:
        """Let calls with an AccessKey in, or refuse them."""

    async def delete_key(self, id: str) -> None:
        """Delete an AccessKey for good."""

    async def add_user(self, account: str, name: str) -> UserEntry:
        """A RAM user."""

    async def delete_user(self, account: str, name: str) -> int:
        """Delete a user and its AccessKeys; how many keys."""

    async def attach(self, account: str, user: str, name: str) -> UserEntry:
        """Attach a policy to a user."""

    async def detach(self, account: str, user: str, name: str) -> UserEntry:
        """Take a policy from a user."""

    async def put_policy(self, account: str, name: str, document: str) -> PolicyEntry:
        """Store a policy; `PolicyFault` where the document cannot be taken."""

    async def delete_policy(self, account: str, name: str) -> None:
        """Delete a policy and detach it everywhere."""

    async def set_callback(self, account: str, url: str, *, new_secret: bool = False) -> tuple[AccountEntry, str]:
        """Push the account's receipts to `url`, or with "" no more; the secret, where there is one that nobody was shown yet."""

    async def test_callback(self, account: str) -> tuple[str, Pushed]:
        """Push one receipt that is marked as a test: where it went, and what came of it."""
