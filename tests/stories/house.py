"""A whole gateway in the test's own loop: configuration as a customer would write it, real sockets, a real file.

What a test looks at, it looks at through a second hold on the same file, as any command of another process would.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from globewire import config
from globewire.clock import Clock
from globewire.gateway import Gateway
from globewire.hold.port import Hold, Note, Question, Standing
from globewire.hold.postgres import PostgresHold
from globewire.hold.sqlite import SqliteHold
from globewire.message import AccessKeyId, AccountId, MessageId, Millis, State
from globewire.vault import Vault, open_vault
from stories.client import KEY, Customer, customer

PATIENCE = 15.0
"""Seconds after which what a story waits for is taken to be missing. Nothing that goes well waits for it."""
LOOK_AGAIN = 0.02
T = TypeVar("T")

# --- the configuration, piece by piece ---------------------------------------------------------------------------------


def table(head: str, **keys: object) -> str:
    """A TOML table. JSON's spelling of texts, numbers, flags and flat lists is TOML's too."""
    return "\n".join([head, *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items()), ""])


def carrier(id: str, address: tuple[str, int], **keys: object) -> str:
    """A carrier, quick to come back. `keys` are further keys of the table."""
    quick = {"system_id": id[:15], "password": "secret", "reconnect_first": 0.05, "reconnect_most": 0.2, "throttle_pause": 0.2}
    return table("[[carrier]]", **{"id": id, "host": address[0], "port": address[1], **quick, **keys})


def account(id: str = "shop", key: tuple[str, str] = KEY, **keys: object) -> str:
    """An account with one key, which may send much faster than the documented pace unless `keys` have a `quota`."""
    quota = keys.pop("quota", {"SendMessageToGlobe": 2000})
    assert isinstance(quota, dict)
    own = table("[[account.key]]", id=key[0], secret=key[1])
    return table("[[account]]", id=id, **keys) + table("[account.quota]", **quota) + own


def route(*carriers: str, **keys: object) -> str:
    """A route over carriers."""
    return table("[[route]]", carriers=list(carriers), **keys)


def written(folder: Path, *pieces: str, url: str = "") -> str:
    """The whole configuration: `pieces`, and an account where none is among them. `url` is a PostgreSQL database, where wanted."""
    hold = table("[hold]", url=url or f"sqlite://{folder}/hold.db", master_key_file=f"{folder}/hold.db.key")
    rest = pieces if any(piece.startswith("[[account]]") for piece in pieces) else (*pieces, account())
    first = [piece for piece in rest if not piece.startswith("[[")]
    listen = [] if any(piece.startswith("[api]") for piece in first) else [table("[api]", listen="127.0.0.1:0")]
    return "\n".join([*listen, hold, *first, *(piece for piece in rest if piece.startswith("[["))])


# --- the house ---------------------------------------------------------------------------------------------------------


def now() -> Millis:
    """The wall clock."""
    return Millis(time.time_ns() // 1_000_000)


async def eventually(look: Callable[[], Awaitable[T | None]], missing: Callable[[], str] = lambda: "it never came") -> T:
    """What `look` gives as soon as it is not None; it is asked again and again, up to PATIENCE."""
    end = time.monotonic() + PATIENCE
    while (found := await look()) is None:
        assert time.monotonic() < end, missing()
        await asyncio.sleep(LOOK_AGAIN)
    return found


@dataclass(slots=True)
class Books:
    """The hold of a gateway, looked at from outside."""

    hold: Hold

    async def standing(self, message: MessageId) -> Standing:
        """How a message stands; it must be there."""
        standing = await self.hold.look(message)
        assert standing is not None
        return standing

    async def until(self, message: MessageId, state: State) -> Standing:
        """How a message stands once it is in `state`."""
        seen: list[Standing] = []

        async def look() -> Standing | None:
            seen[:] = [await self.standing(message)]
            return seen[0] if seen[0].state is state else None

        return await eventually(look, lambda: f"{state} awaited; {seen[0].state}: {seen[0].notes}")

    async def settled(self, *unfinished: State, at_least: int = 1) -> dict[str, int]:
        """The counts of all messages, once `at_least` are there and none is in any of the `unfinished` states."""

        counts: dict[str, int] = {}

        async def look() -> dict[str, int] | None:
            counts.clear()
            counts.update(await self.hold.counts())
            messages = sum(count for name, count in counts.items() if name.startswith("state."))
            return None if messages < at_least or any(counts.get(f"state.{state}") for state in unfinished) else counts

        return await eventually(look, lambda: f"none {unfinished} awaited; {counts}")

    async def carrier_says(self, id: str, words: str) -> str:
        """What is said of a carrier's binds, once that has `words` in it."""
        said: dict[str, str] = {}

        async def look() -> str | None:
            said.update({standing.carrier: standing.state for standing in await self.hold.carriers()})
            return said[id] if words in said.get(id, "") else None

        return await eventually(look, lambda: f"{words!r} awaited of {id}; {said}")

    async def everything(self) -> list[Standing]:
        """All messages, newest first."""
        return await self.hold.search(Question(limit=100_000))

    async def noted(self, message: MessageId, words: str) -> Note:
        """The line of a message's history that has `words` in it, once it is there."""

        async def look() -> Note | None:
            notes = (await self.standing(message)).notes
            return next((note for note in notes if words in f"{note.what}: {note.detail}"), None)

        return await eventually(look, lambda: f"{words!r} never came into its history")


@asynccontextmanager
async def books(folder: Path, url: str = "") -> AsyncIterator[Books]:
    """Open the hold in `folder`, which a gateway has made, or the PostgreSQL database."""
    hold: Hold = await (PostgresHold.open(url) if url else SqliteHold.open(folder / "hold.db", create=False))
    try:
        yield Books(hold)
    finally:
        await hold.close()


@dataclass(slots=True)
class House:
    """A running gateway, its books and a customer of its first account."""

    gateway: Gateway
    books: Books
    customer: Customer
    vault: Vault

    @property
    def address(self) -> tuple[str, int]:
        """Where its API listens."""
        assert self.gateway.api is not None
        return self.gateway.api

    async def callback_secret(self, account: str = "shop") -> bytes:
        """What the account's callbacks are signed with."""
        book = await self.books.hold.book()
        assert book is not None
        entry = next(entry for entry in book.accounts if entry.id == AccountId(account))
        return self.vault.open(f"callback {account}", entry.callback_secret).encode()

    def sealed(self, key: str, secret: str) -> bytes:
        """A new AccessKey's secret as the book keeps it."""
        return self.vault.seal(AccessKeyId(key), secret)


@asynccontextmanager
async def house(folder: Path, *pieces: str, url: str = "", clock: Clock | None = None) -> AsyncIterator[House]:
    """Run a gateway with its files in `folder`, where another may have run before. It must not fail on its own."""
    gateway = Gateway(config.read(written(folder, *pieces, url=url), "story.toml", {}), clock=clock)
    await gateway.start()
    try:
        assert gateway.api is not None
        async with books(folder, url) as looking, customer(gateway.api) as calling:
            yield House(gateway, looking, calling, open_vault(b"", folder / "hold.db.key"))
    finally:
        await gateway.stop()
    assert not gateway.failed.is_set()
