"""Changes of the book of accounts that people ask for, by a command or on a page: checked, and written to the hold.

What cannot be done is `Amiss`. What the configuration declares is changed there, and refused here. Secrets leave it once.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from globewire.config.kinds import NAME, SENDER
from globewire.config.plain import whole
from globewire.config.reader import Kind, Notes, Place
from globewire.errors import Amiss
from globewire.hold.port import AccountEntry, Book, Hold, KeyEntry, PolicyEntry, UserEntry
from globewire.message import AccessKeyId, AccountId, Millis
from globewire.plan import Declared, MadeKey
from globewire.registry import callback_row
from globewire.tell.callbacks import Settings, test_push
from globewire.tell.push import PushResult
from globewire.vault import Vault, VaultFault, new_access_key, new_callback_secret
from globewire.verdict import endpoint, policy
from globewire.verdict.admit import digest
from globewire.wire.operation import OPERATIONS

T = TypeVar("T")
NAMED = 20
"""Accounts that are named where one is not there."""
CALLS = whole(1, 10_000_000, "a number of calls a second")


def fitting(kind: Kind[object], given: object, made: type[T], what: str) -> T:
    """`given` as the configuration would take it, of the type `made`; `what` is what people call it."""
    notes = Notes({}, lambda path: "")
    value = kind.take(given, Place(notes, "", "", what))
    if not isinstance(value, made) or notes.mistakes:
        raise Amiss(notes.mistakes[0].sentence if notes.mistakes else f"{what}: this cannot be used")
    return value


async def _nothing() -> None:
    """Nobody else is to be told."""


class Keeper:
    """Keeps the book in `hold`. `vault` is opened where a secret is needed; `changed` is called after each change."""

    def __init__(
        self,
        hold: Hold,
        vault: Callable[[], Vault],
        declared: Declared,
        *,
        pushing: Settings,
        now: Callable[[], Millis],
        changed: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._hold, self._vault, self.declared = hold, vault, declared
        self._pushing, self._now, self._changed = pushing, now, changed
        self._book = Book(-1, (), (), (), ())

    async def book(self) -> Book:
        """All accounts, keys, users and policies: read anew where they have changed since this was asked last."""
        book = await self._hold.book(self._book.version)
        if book is not None and book.version > self._book.version:  # a later look may have come back before this one
            self._book = book
        return self._book

    # --- accounts

    async def open_account(self, name: str, sender: str = "", quotas: Mapping[str, str] | None = None) -> AccountEntry:
        """Open an account. `quotas` are calls a second by operation, as people write them."""
        id = AccountId(fitting(NAME, name, str, "the account's id"))
        sender, quota = _sender(sender), _quota({}, quotas or {})
        if any(account.id == id for account in (await self.book()).accounts):
            raise Amiss(f"there is an account {id!r} already", f"change it: globewire account set {id}")
        entry = AccountEntry(id, sender, "", quota, self._now())
        await self._hold.put_account(entry)
        await self._changed()
        return entry

    async def change_account(self, name: str, sender: str | None = None, quotas: Mapping[str, str] | None = None) -> AccountEntry:
        """Another sender ID, where one is given; other quotas for the operations named, "" for the documented one."""
        entry = self._own_account(await self.book(), name)
        sender = entry.sender if sender is None else _sender(sender)
        entry = replace(entry, sender=sender, quota=_quota(dict(entry.quota), quotas or {}))
        await self._hold.put_account(entry)
        await self._changed()
        return entry

    # --- keys

    async def make_key(self, account: str, user: str = "", *, temporary: bool = False) -> MadeKey:
        """A new AccessKey of the account, or of its user. Its secret is nowhere in the clear but in what is given back."""
        book = await self.book()
        owner = _account(book, account).id
        named = _user(book, owner, user).name if user else ""
        id, secret = new_access_key()
        token = secrets.token_urlsafe(48) if temporary else ""
        if temporary:
            id = f"STS.{id.removeprefix('LTAI')}"
        sealed = self._vault().seal(id, secret)
        mark = digest(token) if token else b""
        await self._hold.put_key(KeyEntry(AccessKeyId(id), owner, named, sealed, True, self._now(), mark))
        await self._changed()
        return MadeKey(id, owner, named, secret, token)

    async def switch_key(self, id: str, on: bool) -> KeyEntry:
        """Let calls with this AccessKey in, or refuse them."""
        entry = replace(await self._own_key(id), enabled=on)
        await self._hold.put_key(entry)
        await self._changed()
        return entry

    async def delete_key(self, id: str) -> None:
        """Delete an AccessKey for good."""
        await self._hold.delete_key((await self._own_key(id)).id)
        await self._changed()

    # --- users

    async def add_user(self, account: str, name: str) -> UserEntry:
        """A RAM user, who may do nothing yet."""
        name, book = fitting(NAME, name, str, "the user's name"), await self.book()
        owner = _account(book, account).id
        if any((user.account, user.name) == (owner, name) for user in book.users):
            raise Amiss(f"the account {owner} has a user {name!r} already", "choose another name")
        entry = UserEntry(owner, name, ())
        await self._hold.put_user(entry)
        await self._changed()
        return entry

    async def delete_user(self, account: str, name: str) -> int:
        """Delete a user and its AccessKeys; how many keys."""
        book = await self.book()
        user = self._own_user(book, account, name)
        await self._hold.delete_user(user.account, name)
        await self._changed()
        return sum((key.account, key.user) == (user.account, name) for key in book.keys)

    async def attach(self, account: str, user: str, name: str) -> UserEntry:
        """Let a user do what a policy allows, and refuse what it denies."""
        book = await self.book()
        entry = self._own_user(book, account, user)
        _document(book, entry.account, name)
        return entry if name in entry.policies else await self._attached(entry, (*entry.policies, name))

    async def detach(self, account: str, user: str, name: str) -> UserEntry:
        """Take a policy from a user."""
        entry = self._own_user(await self.book(), account, user)
        if name not in entry.policies:
            raise Amiss(f"the policy {name} is not attached to {user}", f"attached are: {', '.join(entry.policies) or 'none'}")
        return await self._attached(entry, tuple(one for one in entry.policies if one != name))

    async def _attached(self, entry: UserEntry, policies: tuple[str, ...]) -> UserEntry:
        entry = replace(entry, policies=policies)
        await self._hold.put_user(entry)
        await self._changed()
        return entry

    # --- policies

    async def document(self, account: str, name: str) -> str:
        """A policy's document as it was stored; a system policy's, whatever the account."""
        return _document(await self.book(), account, name)

    async def put_policy(self, account: str, name: str, document: str) -> PolicyEntry:
        """Store a policy, or replace the one of this name. `PolicyFault` where the document cannot be taken."""
        fitting(NAME, name, str, "the policy's name")
        if name in policy.SYSTEM_POLICIES:
            raise Amiss(f"{name} is a system policy and stays as it is", "give yours another name")
        policy.read(document)
        owner = _account(await self.book(), account).id
        self._undeclared_policy(owner, name)
        entry = PolicyEntry(owner, name, document)
        await self._hold.put_policy(entry)
        await self._changed()
        return entry

    async def delete_policy(self, account: str, name: str) -> None:
        """Delete a policy and detach it everywhere."""
        if name in policy.SYSTEM_POLICIES:
            raise Amiss(f"{name} is a system policy and stays as it is", "detach it from the user instead")
        book = await self.book()
        owner = _account(book, account).id
        _document(book, owner, name)
        self._undeclared_policy(owner, name)
        await self._hold.delete_policy(owner, name)
        await self._changed()

    # --- callbacks

    async def set_callback(self, account: str, url: str, *, new_secret: bool = False) -> tuple[AccountEntry, str]:
        """Push the account's receipts to `url`, or with "" no more; the secret, where there is one that nobody was shown yet."""
        entry = self._own_account(await self.book(), account, "set `callback` there and start the server again")
        fault = endpoint.fault(url, self._pushing.allow_private) if url else ""
        if fault:
            raise Amiss(f"receipts cannot be pushed there: {fault}", _advice(fault))
        secret = ""
        if url and (new_secret or not entry.callback_secret):
            secret = new_callback_secret()
            entry = replace(entry, callback_secret=self._vault().seal(callback_row(entry.id), secret))
        elif url and not entry.callback:
            secret = self._opened(entry)
        entry = replace(entry, callback=url)
        await self._hold.put_account(entry)
        await self._changed()
        return entry, secret

    async def callback_secret(self, account: str) -> str:
        """What the account's pushes are signed with, "" where there is none."""
        return self._opened(_account(await self.book(), account))

    async def test_callback(self, account: str) -> tuple[str, PushResult]:
        """Push one receipt that is marked as a test to the account's endpoint: where it went, and what came of it."""
        entry = _account(await self.book(), account)
        if not entry.callback:
            raise Amiss(f"the account {entry.id} has no endpoint", f"globewire callback set {entry.id} URL")
        secret = self._opened(entry).encode()
        return entry.callback, await test_push(entry.callback, settings=self._pushing, secret=secret, now=self._now())

    # --- what is there, and what of it is not for the configuration to say

    def _opened(self, entry: AccountEntry) -> str:
        try:
            return self._vault().open(callback_row(entry.id), entry.callback_secret) if entry.callback_secret else ""
        except VaultFault as fault:
            raise Amiss(str(fault)) from fault

    def _own_account(self, book: Book, name: str, advice: str = "change it there and start the server again") -> AccountEntry:
        entry = _account(book, name)
        if entry.id in self.declared.accounts:
            raise Amiss(f"the account {entry.id} is declared in the configuration", advice)
        return entry

    async def _own_key(self, id: str) -> KeyEntry:
        key = next((key for key in (await self.book()).keys if key.id == id), None)
        if key is None:
            raise Amiss(f"there is no AccessKey {id!r}", "`globewire key list` shows those that there are")
        if id in self.declared.keys:
            raise Amiss(f"the AccessKey {id} is declared in the configuration", "take it out there and start the server again")
        return key

    def _own_user(self, book: Book, account: str, name: str) -> UserEntry:
        user = _user(book, _account(book, account).id, name)
        if (user.account, name) in self.declared.users:
            raise Amiss(f"the user {name} is declared in the configuration", "change it there and start the server again")
        return user

    def _undeclared_policy(self, account: str, name: str) -> None:
        if (account, name) in self.declared.policies:
            raise Amiss(f"the policy {name} is declared in the configuration", "change it there and start the server again")


def _account(book: Book, name: str) -> AccountEntry:
    entry = next((entry for entry in book.accounts if entry.id == name), None)
    if entry is None:
        raise Amiss(f"there is no account {name!r}", _known(sorted(account.id for account in book.accounts)))
    return entry


def _known(accounts: list[str]) -> str:
    """Which accounts there are, so that a name that was mistyped is found; of many not all."""
    if not accounts:
        return "there is none yet"
    more = len(accounts) - NAMED
    return f"there are {', '.join(accounts[:NAMED])}" + (f" and {more:,} more" if more > 0 else "")


def _user(book: Book, account: str, name: str) -> UserEntry:
    user = next((user for user in book.users if (user.account, user.name) == (account, name)), None)
    if user is None:
        raise Amiss(f"the account {account} has no user {name!r}", f"`globewire user create {name} --account {account}`")
    return user


def _document(book: Book, account: str, name: str) -> str:
    if name in policy.SYSTEM_POLICIES:
        return policy.SYSTEM_POLICIES[name]
    stored = next((one.document for one in book.policies if (one.account, one.name) == (account, name)), None)
    if stored is None:
        raise Amiss(f"there is no policy {name!r} in this account", "`globewire policy list` shows those that there are")
    return stored


def _sender(given: str) -> str:
    return fitting(SENDER, given, str, "the sender ID")


def _quota(had: dict[str, int], given: Mapping[str, str]) -> dict[str, int]:
    """The quotas with those changed that were given."""
    for operation, calls in given.items():
        if operation not in OPERATIONS:
            raise Amiss(f"there is no operation {operation!r}", f"the operations are {', '.join(OPERATIONS)}")
        if calls:
            number = int(calls) if calls.isascii() and calls.isdigit() and len(calls) < 10 else calls
            had[operation] = fitting(CALLS, number, int, operation)
        else:
            had.pop(operation, None)
    return had


def _advice(fault: str) -> str:
    if "public" in fault:
        return "give a public address, or set allow_private = true in [callbacks] where that is what you want"
    return "give an address such as https://shop.example/receipts"
