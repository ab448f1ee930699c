"""A whole gateway in a thread of its own, on loopback, for clients that block."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from globewire import config
from globewire.config import Config
from globewire.gateway import Gateway, now
from globewire.hold.port import KeyEntry, Question, Standing
from globewire.hold.sqlite import SqliteHold
from globewire.message import AccessKeyId, AccountId, MessageId
from globewire.vault import open_vault

PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Key:
    """An AccessKey as a client holds it."""

    id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Disabled:
    """A key that is stored as disabled, which a configuration cannot say."""

    account: str
    key: Key


@dataclass(frozen=True, slots=True)
class House:
    """A running gateway: where its API listens, and its book as any other process would open it."""

    port: int
    gateway: Gateway
    hold: SqliteHold
    loop: asyncio.AbstractEventLoop
    host: str = "127.0.0.1"

    @property
    def endpoint(self) -> str:
        """What an SDK is given."""
        return f"{self.host}:{self.port}"

    def look(self, message_id: str) -> Standing:
        """What is on disk of a message, with its history."""
        standing = asyncio.run_coroutine_threadsafe(self.hold.look(MessageId(int(message_id))), self.loop).result(PATIENCE)
        assert standing is not None, f"{message_id} was not kept"
        return standing

    def search(self, **question: Any) -> list[Standing]:
        """What is on disk of the messages that fit."""
        return asyncio.run_coroutine_threadsafe(self.hold.search(Question(**question)), self.loop).result(PATIENCE)


@contextmanager
def running(toml: str, *disabled: Disabled) -> Iterator[House]:
    """Run the gateway that `toml` describes until the end of the block. None of its stages may have failed by then."""
    started: Future[House] = Future()
    stop = asyncio.Event()
    interval = sys.getswitchinterval()

    def serve() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(config.read(toml, "test", {}), disabled, started, stop))

    thread = threading.Thread(target=serve, name="gateway")
    thread.start()
    try:
        house = started.result(PATIENCE)
        yield house
        house.loop.call_soon_threadsafe(stop.set)
        assert not house.gateway.failed.is_set()
    finally:
        if started.done() and started.exception() is None:
            started.result().loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        sys.setswitchinterval(interval)


async def _serve(settings: Config, disabled: tuple[Disabled, ...], started: Future[House], stop: asyncio.Event) -> None:
    gateway = Gateway(settings)
    hold = await SqliteHold.open(Path(settings.hold.path))
    try:
        await _put(hold, settings, disabled)
        await gateway.start()
        assert gateway.api is not None
        started.set_result(House(gateway.api[1], gateway, hold, asyncio.get_running_loop()))
        await stop.wait()
        await gateway.stop()
    except Exception as fault:
        if started.done():
            raise
        started.set_exception(fault)
    finally:
        await hold.close()


async def _put(hold: SqliteHold, settings: Config, disabled: tuple[Disabled, ...]) -> None:
    vault = open_vault(settings.hold.master_key, Path(settings.hold.key_file))
    for each in disabled:
        sealed = vault.seal(each.key.id, each.key.secret)
        await hold.put_key(KeyEntry(AccessKeyId(each.key.id), AccountId(each.account), "", sealed, False, now()))
