"""The number of this process among those that share a hold: it stands in message ids, so that no two make the same."""

import asyncio
from functools import partial

import structlog

from globewire.errors import Unavailable
from globewire.gateway.ground import Ground
from globewire.hold.schema import SchemaFault
from globewire.mint import NODES

log = structlog.get_logger()

NODE_LEASE = 120_000
"""Milliseconds after which the number of a process that fell silent is another's."""
NODE_RENEWED = 15.0
"""Seconds between renewals."""


async def node(ground: Ground) -> int:
    """A number that no other process on this hold has, kept while this one lives."""
    for number in range(NODES):
        if await ground.hold.own(f"node {number}", ground.me, ground.clock.steady(), NODE_LEASE):
            ground.loops.run(partial(_renew, ground, f"node {number}"))
            return number
    raise SchemaFault(f"{NODES} processes share this database already, and no more can")


async def _renew(ground: Ground, what: str) -> None:
    """Keep the number until cancelled. While the hold is away nothing is kept under it, so it can wait; where it turns out to
    be another's by now this process ends, to begin anew with one of its own."""
    failed = ground.loops.failed
    while not failed.is_set():
        await asyncio.sleep(NODE_RENEWED)
        try:
            if not await ground.hold.own(what, ground.me, ground.clock.steady(), NODE_LEASE):
                log.critical("this process lost its number among those that share the hold", what=what)
                failed.set()
        except Unavailable as fault:
            log.error("the hold does not serve", what=what, reason=str(fault))
