"""What the configuration declares, written into the book at the start; and the first account, where there is none."""

from globewire.hold.port import AccountEntry, Hold, KeyEntry, PolicyEntry, UserEntry
from globewire.message import AccessKeyId, AccountId, Millis
from globewire.plan import DeclaredAccount, DeclaredKey
from globewire.registry import callback_row
from globewire.vault import Vault, new_access_key, new_callback_secret
from globewire.verdict.admit import digest

FIRST = AccountId("main")
"""The account that is made where nobody declared one."""


async def declare(hold: Hold, vault: Vault, accounts: tuple[DeclaredAccount, ...], now: Millis) -> None:
    """Make the book say what the configuration says of these accounts. Keys and users made by command stay."""
    book = await hold.book()
    known = {entry.id: entry for entry in book.accounts} if book else {}
    for account in accounts:
        had = known.get(account.id)
        secret = had.callback_secret if had else b""
        if not secret:
            secret = vault.seal(callback_row(account.id), new_callback_secret())
        await hold.put_account(
            AccountEntry(account.id, account.sender, account.callback, account.quota, had.created_at if had else now, secret)
        )
        for name, document in account.policies.items():
            await hold.put_policy(PolicyEntry(account.id, name, document))
        for user in account.users:
            await hold.put_user(UserEntry(account.id, user.name, user.policies))
        owned = [("", key) for key in account.keys] + [(user.name, key) for user in account.users for key in user.keys]
        for user_name, key in owned:
            await hold.put_key(_key(vault, account.id, user_name, key, now))


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


def _key(vault: Vault, account: AccountId, user: str, key: DeclaredKey, now: Millis) -> KeyEntry:
    token = digest(key.token) if key.token else b""
    return KeyEntry(AccessKeyId(key.id), account, user, vault.seal(key.id, key.secret), True, now, token)
