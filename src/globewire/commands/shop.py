"""What most commands begin with: the configuration read, the database opened, its book of accounts at hand.

All that can be wrong with these ends in `Trouble`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeVar

from globewire import config as configuring
from globewire.commands import journal
from globewire.commands.trouble import FAILED, Trouble
from globewire.config import Config, ConfigFault, HoldSettings
from globewire.config.reader import Kind
from globewire.errors import Amiss, Unavailable
from globewire.gateway import now, open_hold
from globewire.hold.port import AccountEntry, Book, Hold
from globewire.hold.schema import SchemaFault
from globewire.keeper import Keeper, fitting
from globewire.plan import Declared
from globewire.registry import callback_row
from globewire.tell.callbacks import Settings
from globewire.vault import Vault, VaultFault, open_vault

T = TypeVar("T")
HERE = Path("globewire.toml")


@dataclass(frozen=True, slots=True)
class Shop:
    """The gateway's books, open: read them here, change them through `keeper`."""

    config: Config
    hold: Hold
    book: Book

    def account(self, name: str) -> AccountEntry:
        """The account of this name, or the only one where it is ""."""
        names = [account.id for account in self.book.accounts]
        if not name and len(names) == 1:
            return self.book.accounts[0]
        for account in self.book.accounts:
            if account.id == name:
                return account
        known = f"there are {', '.join(sorted(names))}" if names else "there is none yet: `globewire account create ID`"
        if name:
            raise Trouble(f"there is no account {name!r}", known)
        raise Trouble("it is not clear which account is meant", f"give --account; {known}")

    @property
    def keeper(self) -> Keeper:
        """Whoever changes the book."""
        pushing = Settings(allow_private=self.config.callbacks.allow_private, timeout=self.config.callbacks.timeout)
        return Keeper(self.hold, self.vault, Declared.of(self.config.accounts), pushing=pushing, now=now)

    def vault(self) -> Vault:
        """The vault that the book's secrets were sealed in."""
        settings = self.config.hold
        sealed = self._sealed()
        if sealed and not settings.master_key and not Path(settings.key_file).exists():
            raise Trouble(
                f"the master key file {settings.key_file} is missing, and the database has secrets that only it opens",
                "bring it back, or name it by [hold] master_key_file or GLOBEWIRE_MASTER_KEY",
            )
        try:
            vault = open_vault(settings.master_key, Path(settings.key_file))
            if sealed:
                vault.open(*sealed)
        except VaultFault as fault:
            raise Trouble(str(fault)) from fault
        return vault

    def _sealed(self) -> tuple[str, bytes] | None:
        """Some sealed secret of the book, to tell whether a master key is the right one."""
        keys = ((str(key.id), key.sealed) for key in self.book.keys)
        accounts = ((callback_row(one.id), one.callback_secret) for one in self.book.accounts if one.callback_secret)
        return next(chain(keys, accounts), None)


def configuration(path: Path | None, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration of the file at `path`, else of ./globewire.toml, else of the environment alone."""
    journal.keep_aside()
    if path is None and HERE.exists():
        path = HERE
    try:
        return configuring.load(path, environment)
    except ConfigFault as fault:
        raise Trouble("the configuration cannot be used", lines=tuple(map(str, fault.mistakes))) from fault


def visit(path: Path | None, errand: Callable[[Shop], Awaitable[T]]) -> T:
    """What `errand` gives, done in the database that the configuration at `path` names."""
    return visit_with(configuration(path), errand)


def visit_with(config: Config, errand: Callable[[Shop], Awaitable[T]]) -> T:
    """What `errand` gives, done in the database of `config`."""
    try:
        return asyncio.run(_visit(config, errand))
    except (SchemaFault, VaultFault) as fault:
        raise Trouble(str(fault)) from fault
    except Amiss as amiss:
        raise Trouble(amiss.sentence, amiss.advice) from amiss
    except Unavailable as fault:
        raise Trouble(f"the database cannot be read or written now: {fault}", "try again; check the disk", code=FAILED) from fault


async def _visit(config: Config, errand: Callable[[Shop], Awaitable[T]]) -> T:
    hold = await open_hold(config.hold, create=False)
    try:
        book = await hold.book()
        return await errand(Shop(config, hold, book or Book(0, (), (), (), ())))
    finally:
        await hold.close()


def make(settings: HoldSettings) -> bool:
    """Make the database, or bring it up to date; whether it is new."""
    new = not settings.shared and not Path(settings.path).exists()
    try:
        asyncio.run(_make(settings))
    except SchemaFault as fault:
        raise Trouble(str(fault)) from fault
    return new


async def _make(settings: HoldSettings) -> None:
    hold = await open_hold(settings, create=True, migrate=True)
    await hold.close()


def checked(kind: Kind[object], given: object, made: type[T], what: str) -> T:
    """`given` as the configuration would take it, of the type `made`; `what` is the option or argument that it came by."""
    try:
        return fitting(kind, given, made, what)
    except Amiss as amiss:
        raise Trouble(amiss.sentence, amiss.advice) from amiss
