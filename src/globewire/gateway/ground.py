"""What all stages of one gateway stand on: opened or made once, before the first of them starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from globewire.clock import Clock
from globewire.config import Config
from globewire.gateway.loops import Loops
from globewire.hold.port import Hold
from globewire.keeper import Keeper
from globewire.message import CarrierId, Millis
from globewire.meter.dials import Meter
from globewire.plan import Carrier
from globewire.registry import Registry
from globewire.verdict.route import Router

DRAIN = 10.0
"""Seconds that a stop waits for what is in flight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """`me` names this process among those that share the hold. `due` is the time by which jobs are due: where others share the
    hold, a leap back of this clock leaves to this process what the others say is due."""

    config: Config
    me: str
    clock: Clock
    due: Callable[[], Millis]
    meter: Meter
    loops: Loops
    hold: Hold
    registry: Registry
    keeper: Keeper
    carriers: Mapping[CarrierId, Carrier]
    router: Router
