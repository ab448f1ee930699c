"""What a gateway opens before any stage starts, and what commands open without one: the hold, the carriers, the clock."""

import time
from dataclasses import replace
from pathlib import Path

import structlog

from globewire.config import SIMULATOR, Config, HoldSettings
from globewire.hold.port import Hold
from globewire.hold.postgres import PostgresHold
from globewire.hold.sqlite import SqliteHold
from globewire.message import CarrierId, Millis
from globewire.meter.dials import Meter
from globewire.plan import Carrier
from globewire.tell.callbacks import Settings as Pushing

log = structlog.get_logger()

SIMULATED = Carrier(id=SIMULATOR, host="", port=0, system_id="globewire", password="", window=100, sender="Globewire")
"""The simulator as a carrier; its address is known once it listens."""


def now() -> Millis:
    """The wall clock."""
    return Millis(time.time_ns() // 1_000_000)


async def open_hold(
    settings: HoldSettings, *, create: bool, migrate: bool = False, meter: Meter | None = None, apart: bool = False
) -> Hold:
    """The hold that the configuration names. SchemaFault where it cannot be used. `apart`: a file's writer is a process of its own.

    A file is brought up to date when it is opened; a PostgreSQL database, which others may be using, only where told to.
    """
    if settings.shared:
        return await PostgresHold.open(settings.url, migrate=migrate, meter=meter)
    return await SqliteHold.open(Path(settings.path), create=create, meter=meter, apart=apart)


async def warn_of(hold: Hold) -> None:
    """Say in the log what the hold cannot see."""
    if isinstance(hold, SqliteHold) and not hold.checksummed:
        log.warning(
            "the database keeps no checksums, so nobody sees what its disk alters",
            advice="install apsw from its wheel (`pip install --only-binary apsw apsw`), and start again",
        )
    if isinstance(hold, PostgresHold) and not await hold.checksummed():
        log.warning(
            "the database server keeps no data checksums, so nobody sees what its disk alters",
            advice="stop it, and run `pg_checksums --enable`",
        )


def carriers_of(config: Config) -> dict[CarrierId, Carrier]:
    """The carriers by id, the simulator among them where it is wanted; its address is the one it was told to take."""
    carriers = {carrier.id: carrier for carrier in config.carriers}
    if config.simulator.enabled:
        listen = config.simulator.listen
        carriers[SIMULATOR] = replace(SIMULATED, host=listen.host, port=listen.port)
    return carriers


def pushing(config: Config) -> Pushing:
    """How receipts are pushed, as the tell stage wants to know it."""
    settings = config.callbacks
    return Pushing(
        allow_private=settings.allow_private,
        delays=settings.delays,
        timeout=settings.timeout,
        batch=settings.batch,
        connections=settings.connections,
    )
