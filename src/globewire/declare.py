"""What the configuration declares, written into the book at the start; and the first account, where there is none."""

import asyncio
from dataclasses import replace

from globewire.hold.port import AccountEntry, Hold, KeyEntry, PolicyEntry, UserEntry
from globewire.message import AccessKeyId, AccountId, Millis
from globewire.plan import DeclaredAccount, DeclaredKey
from globewire.registry import callback_row
from globewire.vault import Vault, new_access_key, new_callback_secret
from globewire.verdict.admit import digest

FIRST = AccountId("main")
"""The account that is made where nobody declared one."""


async def declare(hold: Hold, vault: Vault, accounts: tuple[DeclaredAccount, ...], now: Millis) -> None:
    """Make the book say what the configuration says of these accounts. Keys and users made by command stay, and a declared
    key that was disabled by command stays disabled."""
    book = await hold.book()
    if book is None or not accounts:
        return
    known = {entry.id: entry for entry in book.accounts}
    disabled = {entry.id for entry in book.keys if not entry.enabled}
    await asyncio.gather(*(hold.put_account(_account(vault, account, known.get(account.id), now)) for account in accounts))
    await asyncio.gather(
        *(hold.put_policy(PolicyEntry(a.id, name, document)) for a in accounts for name, document in a.policies.items()),
        *(hold.put_user(UserEntry(a.id, user.name, user.policies)) for a in accounts for user in a.users),
    )
    entries = [_key(vault, account.id, user, key, now) for account in accounts for user, key in _keys(account)]
    await asyncio.gather(*(hold.put_key(replace(entry, enabled=entry.id not in disabled)) for entry in entries))


async def first_account(hold: Hold, vault: Vault, now: Millis) -> tuple[str, str] | None:
    """Where the book has no account: make one with one AccessKey, and give its id and secret, which is kept sealed only."""
    book = await hold.book()
    if book is None or book.accounts:
        return None
    secret = vault.seal(callback_row(FIRST), new_callback_secret())
    await hold.put_account(AccountEntry(FIRST, "", "", {}, now, secret))
    key = DeclaredKey(id=(pair := new_access_key())[0], secret=pair[1])
    await hold.put_key(_key(vault, FIRST, "", key, now))
    return pair


def _account(vault: Vault, account: DeclaredAccount, had: AccountEntry | None, now: Millis) -> AccountEntry:
    secret = had.callback_secret if had else b""
    if not secret:
        secret = vault.seal(callback_row(account.id), new_callback_secret())
    return AccountEntry(account.id, account.sender, account.callback, account.quota, had.created_at if had else now, secret)


def _keys(account: DeclaredAccount) -> list[tuple[str, DeclaredKey]]:
    """Every key of the account with the user whose it is, "" for the account's own."""
    return [("", key) for key in account.keys] + [(user.name, key) for user in account.users for key in user.keys]


def _key(vault: Vault, account: AccountId, user: str, key: DeclaredKey, now: Millis) -> KeyEntry:
    token = digest(key.token) if key.token else b""
    return KeyEntry(AccessKeyId(key.id), account, user, vault.seal(key.id, key.secret), True, now, token)
