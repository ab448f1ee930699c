"""Several processes of one gateway that share one PostgreSQL database, each as on a machine of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from globewire.hold.postgres import PostgresHold
from globewire.message import MessageId
from globewire.vault import Vault, open_vault
from stories.client import KEY, Customer
from stories.house import Books, eventually, written
from stories.process import Process, serving

_OWNERS = "SELECT what, owner FROM owner WHERE what LIKE 'carrier %' AND until > extract(epoch FROM clock_timestamp()) * 1000"
_DOUBT = (
    "SELECT message FROM sending JOIN owner ON what = 'carrier ' || carrier WHERE leased AND split_part(owner, ' ', 2)::bigint = $1"
)


@dataclass(slots=True)
class Fleet:
    """`nodes` are the processes by place, `books` their database, `sql` a plain connection to it."""

    folder: Path
    text: str
    books: Books
    sql: Any
    vault: Vault
    nodes: dict[int, Process] = field(default_factory=dict)
    _http: aiohttp.ClientSession | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self, place: int) -> None:
        """Start the process of this place, for the first time or again."""
        folder = self.folder / f"node{place}"
        folder.mkdir(exist_ok=True)
        self.nodes[place] = await self._stack.enter_async_context(serving(folder, self.text))

    async def kill(self, place: int) -> set[MessageId]:
        """Kill it without a word; the messages that its carriers may have been given, for all that is written down."""
        node = self.nodes[place]
        await node.kill()
        return {MessageId(row[0]) for row in await self.sql.fetch(_DOUBT, node.process.pid)}

    def customer(self, place: int, key: tuple[str, str] = KEY) -> Customer:
        """Calls the process of this place, wherever it listens now."""
        assert self._http is not None
        return Customer(self._http, self.nodes[place].address, key)

    async def owners(self) -> dict[str, int]:
        """The carriers that are owned now, each with its process."""
        return {row[0].removeprefix("carrier "): int(row[1].split()[1]) for row in await self.sql.fetch(_OWNERS)}

    async def carried(self, *carriers: str) -> None:
        """Return when each of these is owned by a process that runs."""

        async def look() -> bool | None:
            living = {node.process.pid for node in self.nodes.values() if node.process.returncode is None}
            owners = await self.owners()
            return True if set(owners) >= set(carriers) and set(owners.values()) <= living else None

        await eventually(look)


@asynccontextmanager
async def fleet(folder: Path, url: str, *pieces: str, places: int) -> AsyncIterator[Fleet]:
    """Prepare the database, and run so many processes on it."""
    hold = await PostgresHold.open(url, migrate=True)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(hold.close)
        sql = await asyncpg.connect(url)
        stack.push_async_callback(sql.close)
        vault = open_vault(b"", folder / "hold.db.key")
        connector, timeout = aiohttp.TCPConnector(limit=200), aiohttp.ClientTimeout(total=30)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, timeout=timeout))
        inner = await stack.enter_async_context(AsyncExitStack())
        made = Fleet(folder, written(folder, *pieces, url=url), Books(hold), sql, vault, {}, http, inner)
        await asyncio.gather(*(made.start(place) for place in range(places)))
        yield made
